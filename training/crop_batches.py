"""Crops of a folder's images as a Keras data set, for `fit` on any backend."""

import os

import keras

from tfcodec.training.data import DataConfig
from tfcodec.training.data.batching import IndexedBatches
from tfcodec.training.data.pipeline import opened


class CropBatches(keras.utils.PyDataset):
    """Random crops, uint8 `(batch_size, crop, crop, 3)`, for `Codec.fit`.

    An epoch has a crop of every image of the split. Training has other crops
    in every epoch; validation always the same ones, so that its losses
    compare.

    Args:
        source: path of a folder, or another source string or opened source
            with random access (see `DataConfig`); or a list of uint8 arrays
            `(height, width, 3)`.
        split: "train" or "validation"; a hash of an image's name decides.
        first_epoch: int, where training goes on, as `fit`'s `initial_epoch`.
        workers, max_queue_size: see `keras.utils.PyDataset`.
        **settings: of `DataConfig`, e.g. `batch_size=8`, `crop=256`, `seed=0`,
            `validation_fraction=0.05`.

    Attributes:
        epoch: int, the present one; `fit` counts it up.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: bad argument, no image in the split, or none as large as
            the crop.

    Warns:
        UserWarning: images smaller than the crop are left out.
    """

    def __init__(
        self,
        source,
        split="train",
        first_epoch=0,
        workers=1,
        max_queue_size=10,
        **settings,
    ):
        super().__init__(workers=workers, max_queue_size=max_queue_size)
        named = isinstance(source, str | os.PathLike)
        self.config = DataConfig(
            os.fspath(source) if named else "memory", **settings
        )
        images = opened(source, self.config)
        if not hasattr(images, "image"):
            raise ValueError(
                "`source` must have random access: a folder, a pack or "
                f"arrays; `make_dataset` reads streams. Received: {source!r}"
            )
        self._batches = IndexedBatches(images, self.config, split)
        self._length = -(-self._batches.num_images // self.config.batch_size)
        self._moves_on = split == "train"
        self.epoch = first_epoch

    def __len__(self):
        return self._length

    def __getitem__(self, index):
        if not 0 <= index < self._length:
            raise IndexError(f"There is no batch {index} of {self._length}.")
        epoch = self.epoch if self._moves_on else 0
        return self._batches(epoch * self._length + index)

    def on_epoch_end(self):
        self.epoch += 1
