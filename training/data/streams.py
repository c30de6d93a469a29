"""Streaming image sources: TFRecord files and TensorFlow Datasets.

A stream has `label` (its name in messages) and `records(epoch, seed)`: a
`tf.data.Dataset` of one pass, in an order that depends on the two arguments
alone, with elements `(name, encoded)`, both scalar strings. The name may be
empty. `epoch` may be a tensor; `seed=None` asks for the stored order.
"""

import functools
import importlib

import numpy as np

from tfcodec.training.data import order


def require_tensorflow(purpose):
    """Imports TensorFlow, or says what needs it."""
    try:
        return importlib.import_module("tensorflow")
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs TensorFlow: pip install tensorflow. Folders and "
            "memory packs can be read without it."
        ) from error


class TfrecordImages:
    """Encoded images in TFRecord files.

    The image is in feature `image` or `image/encoded`, its optional name in
    `image/filename` or `filename`. Each pass reads the files in another order,
    four at a time in turn. Files that end in `.gz` are GZIP-compressed.

    Args:
        pattern: Path with wildcards; anything that `tf.io.gfile` can list.
    Raises:
        FileNotFoundError: No file matches.
    """

    def __init__(self, pattern):
        tf = self._tf = require_tensorflow("The source tfrecord:")
        self.label = f"tfrecord:{pattern}"
        self.files = sorted(tf.io.gfile.glob(pattern))
        if not self.files:
            raise FileNotFoundError(f"No TFRecord file matches {pattern}")

    def records(self, epoch, seed):
        tf = self._tf
        files = tf.constant(self.files)
        if seed is not None:
            count = len(self.files)

            def file_order(epoch):
                return order.permutation(count, seed, order.FILE_ORDER, epoch)

            files = tf.gather(
                files, tf.numpy_function(file_order, [epoch], tf.int64)
            )
            files.set_shape((count,))
        packed = "GZIP" if self.files[0].endswith(".gz") else ""
        return (
            tf.data.Dataset.from_tensor_slices(files)
            .interleave(
                lambda file: tf.data.TFRecordDataset(file, packed),
                cycle_length=4,
            )
            .map(functools.partial(_parse_record, tf))
        )


class TfdsImages:
    """A TensorFlow Datasets source; downloaded and prepared if need be.

    Uses the feature `image`, or `hr` (as in div2k), or the only image feature.
    Examples have no names: the number in TFDS's fixed order decides the split.

    Args:
        name: Name as for `tfds.load`, or a `tfds.core.DatasetBuilder`.
        split: Split as for `tfds.load`, e.g. `train[:90%]`.
        data_dir: Where the data lies; None: the default of TFDS.
    Raises:
        ImportError: tensorflow-datasets is not installed.
        ValueError: No such dataset, or no usable image feature in it.
    """

    def __init__(self, name, split="train", data_dir=None):
        tf = require_tensorflow("The source tfds:")
        tfds = _require_tfds()
        label = self.label = f"tfds:{getattr(name, 'name', name)}:{split}"
        builder = name
        if isinstance(name, str):
            try:
                builder = tfds.builder(name, data_dir=data_dir)
            except tfds.core.DatasetNotFoundError as error:
                raise ValueError(
                    f"TensorFlow Datasets has no {name!r}: {error}"
                ) from error
        feature = _image_feature(tfds, builder)
        builder.download_and_prepare()
        stored = builder.as_dataset(
            split=split,
            shuffle_files=False,
            decoders={feature: tfds.decode.SkipDecoding()},
            read_config=tfds.ReadConfig(try_autocache=False),
        )

        def name_and_bytes(number, example):
            name = tf.strings.join([label, "/", tf.strings.as_string(number)])
            return name, example[feature]

        self._records = stored.enumerate().map(name_and_bytes)

    def records(self, epoch, seed):
        del epoch, seed  # TFDS stores its examples shuffled.
        return self._records


def _parse_record(tf, record):
    keys = ("image", "image/encoded", "image/filename", "filename")
    text = tf.io.FixedLenFeature([], tf.string, default_value="")
    found = tf.io.parse_single_example(record, {key: text for key in keys})

    def first(one, other):
        return tf.where(
            tf.strings.length(found[one]) > 0, found[one], found[other]
        )

    return first(keys[2], keys[3]), first(keys[0], keys[1])


def _require_tfds():
    try:
        return importlib.import_module("tensorflow_datasets")
    except ImportError as error:
        raise ImportError(
            "The source tfds: needs TensorFlow Datasets: "
            "pip install 'tfcodec[train]'"
        ) from error


def _image_feature(tfds, builder):
    features = dict(builder.info.features.items())
    images = [
        key
        for key, feature in features.items()
        if isinstance(feature, tfds.features.Image)
        and np.dtype(feature.np_dtype) == np.uint8
    ]
    for key in ("image", "hr", *images[: len(images) == 1]):
        if key in images:
            return key
    raise ValueError(
        f"The dataset {builder.name} has no feature `image` with 8-bit images. "
        f"Its features: {', '.join(features)}"
    )
