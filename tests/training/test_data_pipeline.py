"""Batches of random-access sources: equal engines, resumption, coverage."""

import itertools
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from PIL import Image

from tfcodec.training import data
from tfcodec.training.data.batching import IndexedBatches


def flat_images(count, side=20):
    """Image number n is one flat colour, n, with some variation of sizes."""
    return [
        np.full((side + n % 3, side + n % 5, 3), n, np.uint8)
        for n in range(count)
    ]


def noisy_images(count=9, side=24):
    rng = np.random.default_rng(0)
    shape = (count, side, side + 3, 3)
    return list(rng.integers(0, 256, shape).astype(np.uint8))


def config(**changes):
    defaults = {"batch_size": 4, "crop": 16, "validation_fraction": 0.0}
    return data.DataConfig("memory", **{**defaults, **changes})


def take(batches, count):
    return np.stack(list(itertools.islice(batches, count)))


@pytest.mark.parametrize(
    "changes",
    [{}, {"scale_min": 0.7, "colour": 0.2, "flip_vertical": True}],
    ids=["plain", "augmented"],
)
def test_engines_agree_and_resume(changes):
    images, settings = noisy_images(), config(seed=3, **changes)
    tf = take(data.make_batches(images, settings, engine="tf"), 12)
    plain = take(data.make_batches(images, settings, engine="numpy"), 12)
    assert tf.shape == (12, 4, 16, 16, 3) and tf.dtype == np.uint8
    np.testing.assert_array_equal(tf, plain)
    for engine in ("tf", "numpy"):
        late = data.make_batches(images, settings, start_step=7, engine=engine)
        np.testing.assert_array_equal(take(late, 5), tf[7:])
    other = data.make_batches(images, config(seed=4, **changes))
    assert (take(other, 12) != tf).any(axis=(1, 2, 3, 4)).all()


def test_every_image_once_per_epoch_in_new_order():
    batches = data.make_batches(
        flat_images(10), config(batch_size=5), engine="numpy"
    )
    seen = take(batches, 6)[:, :, 0, 0, 0].reshape(3, 10)
    for epoch in seen:
        assert sorted(epoch) == list(range(10))
    assert (seen[0] != seen[1]).any() and (seen[1] != seen[2]).any()


def test_same_image_gives_other_crops():
    image = noisy_images(1, side=64)
    crops = take(data.make_batches(image, config(batch_size=8)), 1)[0]
    assert len({crop.tobytes() for crop in crops}) == 8


def test_splits_are_disjoint_and_complete():
    images = flat_images(60)
    settings = config(validation_fraction=0.3)
    found = {}
    for split in ("train", "validation"):
        batches = data.make_batches(
            images, settings, split=split, engine="numpy"
        )
        found[split] = set(take(batches, 30)[:, :, 0, 0, 0].ravel())
    assert not found["train"] & found["validation"]
    assert found["train"] | found["validation"] == set(range(60))
    whole = data.validation_images(images, settings)
    assert {image[0, 0, 0] for image in whole} == found["validation"]
    assert all(image.shape == images[image[0, 0, 0]].shape for image in whole)
    some = data.validation_images(images, settings, count=3)
    assert [image[0, 0, 0] for image in some] == [
        image[0, 0, 0] for image in whole[:3]
    ]


def test_small_images_are_counted_and_left_out():
    images = flat_images(5, side=20) + flat_images(3, side=10)
    for engine in ("tf", "numpy"):
        with pytest.warns(UserWarning, match="3 of 8 images are smaller"):
            batches = data.make_batches(images, config(), engine=engine)
        assert set(take(batches, 10)[:, :, 0, 0, 0].ravel()) == set(range(5))
    with pytest.raises(ValueError, match="All 8 images .* crop=99"):
        data.make_batches(images, config(crop=99))


def test_unreadable_image_is_replaced(tmp_path):
    for number, image in enumerate(noisy_images(4)):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    settings = config(batch_size=8)
    sound = IndexedBatches(data.open_source(tmp_path), settings, "train")(0)
    broken = tmp_path / "2.png"
    broken.write_bytes(broken.read_bytes()[:-900])
    batches = IndexedBatches(data.open_source(tmp_path), settings, "train")
    with pytest.warns(UserWarning, match=r"2\.png") as caught:
        batch = batches(0)
    assert len(caught) == 1
    same = (batch == sound).all(axis=(1, 2, 3))
    assert same.sum() == 6  # two of eight crops were from the broken image
    for number in (0, 1, 3):
        path = tmp_path / f"{number}.png"
        path.write_bytes(path.read_bytes()[:-900])
    batches = IndexedBatches(data.open_source(tmp_path), settings, "train")
    with pytest.warns(UserWarning):
        with pytest.raises(OSError, match="None of the 4 images"):
            batches(0)


def test_dataset_is_a_tf_dataset_of_fixed_shape():
    dataset = data.make_dataset(noisy_images(), config())
    assert dataset.element_spec.shape == (4, 16, 16, 3)
    assert dataset.element_spec.dtype == "uint8"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "test"}, "`split` must be"),
        ({"start_step": -1}, "`start_step` must be"),
        ({"engine": "torch"}, "`engine` must be"),
        ({"split": "validation"}, "No image falls into the split"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        data.make_batches(noisy_images(), config(), **options)


def test_validation_without_a_split():
    with pytest.raises(ValueError, match="validation_fraction=0.0"):
        data.validation_images(noisy_images(), config())


def test_memory_works_without_tensorflow(tmp_path):
    """In a fresh process where TensorFlow cannot be imported at all."""
    Image.fromarray(noisy_images(1)[0]).save(tmp_path / "one.png")
    data.pack_images(tmp_path, tmp_path / "pack.npz")
    script = f"""
        import sys
        sys.modules["tensorflow"] = None  # makes its import fail
        from tfcodec.training import data
        for source in ({str(tmp_path / "pack.npz")!r}, {str(tmp_path)!r}):
            config = data.DataConfig(source, crop=16, validation_fraction=0.0)
            batches = data.make_batches(None, config, engine="numpy")
            print(next(batches).shape)
        try:
            data.open_source("tfrecord:*")
        except ImportError as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:2] == ["(8, 16, 16, 3)"] * 2
    assert "needs TensorFlow: pip install" in lines[2]
