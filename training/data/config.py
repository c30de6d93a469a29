"""The settings of the training data: a frozen dataclass that checks itself."""

import dataclasses
import numbers


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """What to read, how to cut it into batches, and with which seed.

    Two runs with equal configs over equal images see equal batches.

    Args:
        source: Name of the images. `folder:PATH` or a plain directory: all
            images in it, recursively. `tfrecord:GLOB`: records with encoded
            images. `tfds:NAME` or `tfds:NAME:SPLIT`: TensorFlow Datasets.
            `memory:PATH` or a plain `.npz` or `.npy` path: a pack of uint8
            images. `memory` alone: arrays that the caller passes.
        batch_size: Crops in a batch.
        crop: Side of the square crops in pixels. Images with a smaller side
            are left out with a warning: padding would teach the codec mirrored
            borders that no photograph has.
        flip: Mirror half of the crops left to right.
        flip_vertical: Mirror half of the crops top to bottom.
        scale_min: Smallest factor of the random scaling, in (0, 1]; the factor
            is uniform in `[scale_min, scale_max]`, but an image is never made
            smaller than the crop.
        scale_max: Largest factor, in [1, 4]; crops are enlarged where it is
            above 1. Both 1: no scaling.
        colour: Strength of the brightness, contrast and saturation jitter, in
            [0, 1): each is changed by a factor in `[1 - colour, 1 + colour]`.
        seed: Seed of the order and the augmentation, in [0, 2**32).
        validation_fraction: Share of the images, in [0, 1), that is kept for
            validation. A hash of the name decides, so an image stays on its
            side when others are added.
        cache_bytes: Decoded images of a folder are kept in memory up to this
            size; those that do not fit are decoded again whenever needed.
        shuffle_window: Streaming sources are shuffled within runs of that many
            encoded images, which are all in memory at the same time.
        workers: Threads that prepare batches.
        data_dir: Where TensorFlow Datasets keeps its data; None: its default.
    """

    source: str
    batch_size: int = 8
    crop: int = 256
    flip: bool = True
    flip_vertical: bool = False
    scale_min: float = 1.0
    scale_max: float = 1.0
    colour: float = 0.0
    seed: int = 0
    validation_fraction: float = 0.05
    cache_bytes: int = 2 * 2**30
    shuffle_window: int = 256
    workers: int = 2
    data_dir: str | None = None

    def __post_init__(self):
        if not isinstance(self.source, str) or not self.source:
            raise ValueError(
                "`source` must be a non-empty string. "
                f"Received: source={self.source!r}"
            )
        for name in ("batch_size", "crop", "shuffle_window", "workers"):
            self._check_int(name, 1, 2**31)
        self._check_int("seed", 0, 2**32)
        self._check_int("cache_bytes", 0, 2**63)
        for name in ("flip", "flip_vertical"):
            if not isinstance(getattr(self, name), bool):
                raise self._error(name, "must be true or false")
        if not 0 < self._real("scale_min") <= 1:
            raise self._error("scale_min", "must be in (0, 1]")
        if not 1 <= self._real("scale_max") <= 4:
            raise self._error("scale_max", "must be in [1, 4]")
        for name in ("colour", "validation_fraction"):
            if not 0 <= self._real(name) < 1:
                raise self._error(name, "must be in [0, 1)")

    def _check_int(self, name, low, end):
        value = getattr(self, name)
        integer = isinstance(value, numbers.Integral)
        if not integer or isinstance(value, bool) or not low <= value < end:
            raise self._error(name, f"must be an integer in [{low}, {end})")

    def _real(self, name):
        value = getattr(self, name)
        if not isinstance(value, numbers.Real) or isinstance(value, bool):
            raise self._error(name, "must be a number")
        return value

    def _error(self, name, rule):
        value = getattr(self, name)
        return ValueError(f"`{name}` {rule}. Received: {name}={value!r}")
