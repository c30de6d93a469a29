"""Batches as functions: of their number, or of encoded images in order.

Both cut crops with the draws that belong to the position of the crop in the
whole run, so it does not matter which thread makes which batch, or when.
An image that turns out unreadable is replaced by the next one that can be read:
the positions of all others stay.
"""

import warnings

import numpy as np

from tfcodec.training.data import augment
from tfcodec.training.data import decode
from tfcodec.training.data import order

SPLITS = ("train", "validation")


class IndexedBatches:
    """`batches(step)` for a random-access source, a pure function of `step`.

    Args:
        source: Random-access source.
        config: `DataConfig`.
        split: `"train"` or `"validation"`.
    Warns:
        UserWarning: How many images are smaller than the crop.
    """

    def __init__(self, source, config, split):
        self._source, self._config = source, config
        in_split = split_indexes(source, config, split)
        large = source.sizes[in_split].min(axis=1) >= config.crop
        self._indexes = [
            i for i, fits in zip(in_split, large, strict=True) if fits
        ]
        small = len(in_split) - len(self._indexes)
        if not self._indexes:
            raise ValueError(
                f"All {small} images of the split {split!r} are smaller than "
                f"the crop. Received: crop={config.crop}"
            )
        if small:
            warnings.warn(
                f"{small} of {len(in_split)} images are smaller than the crop "
                f"of {config.crop} pixels and are left out.",
                stacklevel=3,
            )
        self._unreadable = set()

    @property
    def num_images(self):
        """Of the split, those that a crop fits in."""
        return len(self._indexes)

    def __call__(self, step):
        config, count = self._config, len(self._indexes)
        out = _empty_batch(config)
        for row in range(config.batch_size):
            position = int(step) * config.batch_size + row
            epoch, place = divmod(position, count)
            choice = order.epoch_order(count, config.seed, epoch)[place]
            image = self._first_readable(int(choice))
            out[row] = _crop_at(image, config, position)
        return out

    def _first_readable(self, choice):
        count = len(self._indexes)
        for shift in range(count):
            index = self._indexes[(choice + shift) % count]
            try:
                return self._source.image(index)
            except OSError as error:
                if index not in self._unreadable:
                    self._unreadable.add(index)
                    warnings.warn(f"{error} It is left out.", stacklevel=2)
        raise OSError(f"None of the {count} images can be read.")


class StreamedBatches:
    """`batches(step, names, encoded)` for the encoded images of one batch.

    Args:
        config: `DataConfig`.
    """

    def __init__(self, config):
        self._config = config

    def __call__(self, step, names, encoded):
        config = self._config
        images = [
            _try_decode(*pair) for pair in zip(names, encoded, strict=True)
        ]
        readable = [i for i, image in enumerate(images) if image is not None]
        if not readable:
            raise OSError(f"No image of batch {int(step)} can be read.")
        out = _empty_batch(config)
        for row in range(config.batch_size):
            use = next((i for i in readable if i >= row), readable[0])
            position = int(step) * config.batch_size + row
            out[row] = _crop_at(images[use], config, position)
        return out


def split_indexes(source, config, split):
    """Indexes, in order, of the images of a random-access source in a split."""
    wanted = check_split(split) == "validation"
    indexes = [
        index
        for index, name in enumerate(source.names)
        if order.in_validation(name, config.validation_fraction) == wanted
    ]
    if not indexes:
        raise ValueError(empty_split_message(split, config))
    return indexes


def check_split(split):
    """Returns the name of a split if there is such a split."""
    if split not in SPLITS:
        raise ValueError(
            "`split` must be 'train' or 'validation'. "
            f"Received: split={split!r}"
        )
    return split


def empty_split_message(split, config):
    """What to tell when no image is in a split."""
    return (
        f"No image falls into the split {split!r}. Received: "
        f"validation_fraction={config.validation_fraction}"
    )


def _empty_batch(config):
    return np.empty((config.batch_size, config.crop, config.crop, 3), np.uint8)


def _crop_at(image, config, position):
    key = (config.seed, order.AUGMENTATION, position)
    draws = order.uniforms(augment.NUM_DRAWS, *key)
    return augment.random_crop(image, config, draws)


def _try_decode(name, encoded):
    try:
        return decode.decode_image(encoded, name.decode(errors="replace"))
    except OSError as error:
        warnings.warn(f"{error} It is left out.", stacklevel=2)
        return None
