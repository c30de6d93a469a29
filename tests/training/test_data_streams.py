"""TFRecord files and TensorFlow Datasets, read end to end."""

import io
import itertools
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfcodec.training import data

COUNT = 30


def encode(image, kind="png"):
    buffer = io.BytesIO()
    options = {"lossless": True} if kind == "webp" else {}
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


def flat(number, side=20):
    return np.full((side + number % 3, side, 3), number, np.uint8)


def write_records(path, pairs, key="image"):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for name, encoded in pairs:
            parts = {key: encoded, "image/filename": name.encode()}
            feature = {
                label: tf.train.Feature(
                    bytes_list=tf.train.BytesList(value=[part])
                )
                for label, part in parts.items()
                if part
            }
            features = tf.train.Features(feature=feature)
            writer.write(
                tf.train.Example(features=features).SerializeToString()
            )


def config(source, **changes):
    defaults = {
        "batch_size": 5,
        "crop": 16,
        "validation_fraction": 0.0,
        "shuffle_window": 7,
    }
    return data.DataConfig(str(source), **{**defaults, **changes})


def take(settings, count, **options):
    batches = data.make_batches(None, settings, **options)
    return np.stack(list(itertools.islice(batches, count)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("images")
    for number in range(COUNT):
        kind = ("png", "webp")[number % 2]
        encoded = encode(flat(number), kind)
        (root / f"{number:02d}.{kind}").write_bytes(encoded)
    return root


@pytest.fixture(scope="module")
def records(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("records") / "photos"
    paths = data.write_tfrecords(folder, str(out), shards=3)
    assert [path.rsplit("-", 3)[1] for path in paths] == [
        "00000",
        "00001",
        "00002",
    ]
    return f"tfrecord:{out}-*.tfrecord"


def test_tfrecord_epochs_are_complete_and_shuffled(records):
    seen = take(config(records), 12)[:, :, 0, 0, 0].reshape(2, COUNT)
    for epoch in seen:
        assert sorted(epoch) == list(range(COUNT))
        assert (np.diff(epoch.astype(int)) == 1).sum() < 8
    assert (seen[0] != seen[1]).any()


def test_tfrecord_files_are_read_in_another_order_each_epoch(records):
    settings = config(records, shuffle_window=1)
    seen = take(settings, 24)[:, :, 0, 0, 0].reshape(4, COUNT)
    assert len({tuple(epoch) for epoch in seen}) > 1


def test_tfrecord_resumes_whatever_the_global_seed(records):
    settings = config(records, seed=9, colour=0.3)
    tf.random.set_seed(1)
    whole = take(settings, 14)
    tf.random.set_seed(2)
    np.testing.assert_array_equal(take(settings, 5, start_step=9), whole[9:])
    assert (take(config(records, seed=10, colour=0.3), 14) != whole).any()


def test_tfrecord_split_is_that_of_the_folder(records, folder):
    settings = config(records, validation_fraction=0.3)
    kept = data.validation_images(None, settings)
    expected = data.validation_images(str(folder), settings)
    assert len(kept) == len(expected) > 2
    numbers = [{image[0, 0, 0] for image in part} for part in (kept, expected)]
    assert numbers[0] == numbers[1]
    assert not numbers[0] & set(take(settings, 12)[:, :, 0, 0, 0].ravel())
    assert len(data.validation_images(None, settings, count=2)) == 2


@pytest.mark.parametrize("key", ["image", "image/encoded"])
def test_tfrecord_feature_keys_and_jpeg(tmp_path, key):
    pairs = [("", encode(flat(number), "jpeg")) for number in (50, 90)]
    write_records(tmp_path / "x.tfrecord", pairs, key)
    crops = take(config(f"tfrecord:{tmp_path}/*.tfrecord"), 2)
    assert set(crops.ravel()) == {50, 90}


def test_tfrecord_bad_records_are_left_out(tmp_path):
    cut = encode(np.random.default_rng(0).integers(0, 9, (30, 30, 3), "uint8"))
    pairs = [
        ("fine", encode(flat(1))),
        ("tiny", encode(flat(2, side=9))),
        ("garbage", b"garbage"),
        ("cut", cut[: len(cut) // 2]),
        ("good", encode(flat(3))),
    ]
    write_records(tmp_path / "x.tfrecord", pairs)
    settings = config(f"tfrecord:{tmp_path}/x.tfrecord")
    with pytest.warns(UserWarning) as caught:
        whole = take(settings, 6)
        late = take(settings, 4, start_step=2)
    assert set(whole.ravel()) == {1, 3}
    np.testing.assert_array_equal(late, whole[2:])
    text = " ".join(str(warning.message) for warning in caught)
    for part in ("image garbage", "image cut", "1 images are smaller"):
        assert part in text


def test_tfrecord_without_a_usable_image(tmp_path):
    path = tmp_path / "x.tfrecord"
    settings = config(f"tfrecord:{path}")
    with pytest.raises(FileNotFoundError, match="No TFRecord file matches"):
        data.open_source(settings)
    write_records(path, [("tiny", encode(flat(2, side=9))), ("bad", b"bad")])
    with pytest.warns(UserWarning):
        with pytest.raises(ValueError, match="1 unreadable, 1 smaller"):
            take(settings, 1)
    with pytest.raises(ValueError, match="No image falls into the split"):
        take(settings, 1, split="validation")
    with pytest.raises(ValueError, match="'numpy' cannot read tfrecord:"):
        take(settings, 1, engine="numpy")


def test_write_tfrecords_checks_shards(folder, tmp_path):
    with pytest.raises(ValueError, match="shards=31"):
        data.write_tfrecords(folder, str(tmp_path / "x"), shards=31)


def test_tfds_missing_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match=r"pip install 'tfcodec\[train\]'"):
        data.open_source("tfds:clic")


@pytest.fixture(scope="module")
def tfds():
    return pytest.importorskip("tensorflow_datasets")


@pytest.fixture(scope="module")
def builders(tfds):
    """Two small datasets, registered with TFDS by their class names."""

    class Base(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")
        pkg_dir_path = None

        def _split_generators(self, manager):
            return {
                "train": self._generate_examples(COUNT),
                "test": self._generate_examples(4),
            }

    class TfcodecFlatPhotos(Base):
        def _info(self):
            parts = {"image": tfds.features.Image(), "label": tf.int64}
            features = tfds.features.FeaturesDict(parts)
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _generate_examples(self, count):
            for number in range(count):
                yield number, {"image": flat(number), "label": number}

    class TfcodecOnlyLabels(Base):
        def _info(self):
            features = tfds.features.FeaturesDict({"label": tf.int64})
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _generate_examples(self, count):
            for number in range(count):
                yield number, {"label": number}

    return TfcodecFlatPhotos, TfcodecOnlyLabels


@pytest.mark.filterwarnings("ignore")
def test_tfds_builder_end_to_end(builders, tmp_path):
    name = "tfds:tfcodec_flat_photos"
    settings = config(name, data_dir=str(tmp_path), seed=5)
    whole = take(settings, 12)
    assert sorted(whole[:6, :, 0, 0, 0].ravel()) == list(range(COUNT))
    late = take(settings, 3, start_step=9)
    np.testing.assert_array_equal(late, whole[9:])
    some = config(f"{name}:train[:20%]", data_dir=str(tmp_path))
    assert len(set(take(some, 4)[:, :, 0, 0, 0].ravel())) == 6
    kept = config(name, data_dir=str(tmp_path), validation_fraction=0.4)
    values = {image[0, 0, 0] for image in data.validation_images(None, kept)}
    rest = set(take(kept, 12)[:, :, 0, 0, 0].ravel())
    assert values and not values & rest
    assert values | rest == set(range(COUNT))
    with pytest.raises(ValueError, match="no feature `image`.*label"):
        data.open_source(
            config("tfds:tfcodec_only_labels", data_dir=str(tmp_path))
        )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["clic", "div2k/bicubic_x2"])
def test_tfds_published_names(tfds, tmp_path, name):
    with tfds.testing.mock_data(num_examples=4):
        settings = config(f"tfds:{name}", data_dir=str(tmp_path), crop=16)
        batch = take(settings, 2)
    assert batch.shape == (2, 5, 16, 16, 3)
    assert batch.std() > 1


def test_tfds_unknown_name(tfds):
    with pytest.raises(ValueError, match="has no 'tfcodec_nothing'"):
        data.open_source("tfds:tfcodec_nothing")
