"""Trains the `Restorer`: `python -m tfcodec.training.restoration`.

Crops are compressed as JPEG at qualities drawn from 5 to 60 (4:2:0, as most
JPEG files are), and the network learns what they were. The same command again
resumes.
"""

import argparse
import io
import pathlib
import sys

import keras
import numpy as np
from PIL import Image

from tfcodec import weights
from tfcodec.errors import TfcodecError
from tfcodec.restoration import Restorer
from tfcodec.training.crop_batches import CropBatches
from tfcodec.training.optimizers import ConvMuon
from tfcodec.training.optimizers import WarmupCosine

QUALITIES = (5, 60)


class JpegPairs(CropBatches):
    """Batches of crops as JPEG leaves them, and as they were.

    Args: those of `CropBatches`; a crop with a multiple of 16 as its side.

    Items are pairs of uint8 `(batch_size, crop, crop, 3)`.
    """

    def __getitem__(self, index):
        crops = super().__getitem__(index)
        rng = np.random.default_rng((self.config.seed, self.epoch, index))
        qualities = rng.integers(*QUALITIES, len(crops), endpoint=True)
        spoilt = [
            jpeg(crop, int(quality))
            for crop, quality in zip(crops, qualities, strict=True)
        ]
        return np.stack(spoilt), crops


def jpeg(image, quality):
    """What Pillow's JPEG (4:2:0) makes of an image at a quality, decoded."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    with Image.open(file) as opened:
        return np.array(opened)


def train(source, output, steps, batch_size=32, crop=64, seed=1):
    """Trains, on from where a run in `output` was, if there is one.

    Args:
        source: as for `CropBatches`.
        output: path of a folder for `weights.npz` and the backup.
        steps: int, rounded up to whole epochs.
        batch_size: int; 32 is the article's.
        crop: int, a multiple of 16.
        seed: int.

    Returns:
        The trained `Restorer`.

    Raises:
        see `CropBatches`.
    """
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    pairs = JpegPairs(
        source, batch_size=batch_size, crop=crop, scale_min=0.6, seed=seed
    )
    epochs = -(-steps // len(pairs))
    schedule = WarmupCosine(
        1e-3, epochs * len(pairs), warmup=100, decay_from=0.3
    )
    model = Restorer()
    model.build()
    model.compile(ConvMuon(schedule, global_clipnorm=1.0), "mse")
    model.fit(
        pairs,
        epochs=epochs,
        verbose=2,
        callbacks=[
            keras.callbacks.BackupAndRestore(str(output / "backup")),
            keras.callbacks.LambdaCallback(
                on_epoch_begin=lambda epoch, logs: setattr(
                    pairs, "epoch", epoch
                )
            ),
        ],
    )
    weights.save_weights(output / "weights.npz", model)
    return model


def main(arguments=None):
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tfcodec.training.restoration",
        description="Train the network of `tfcodec restore`.",
    )
    parser.add_argument("--data", required=True, help="folder of images")
    parser.add_argument("--output", required=True, help="folder of the run")
    parser.add_argument("--steps", type=int, default=4000)
    options = parser.parse_args(arguments)
    try:
        train(options.data, options.output, options.steps)
    except (TfcodecError, ValueError, OSError) as error:
        print(f"restoration: {error}", file=sys.stderr)
        return 1
    print(f"{options.output}/weights.npz")
    return 0


if __name__ == "__main__":
    sys.exit(main())
