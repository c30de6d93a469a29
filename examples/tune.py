"""A grid search over hyper-parameters of a small codec with Keras Tuner.

    pip install 'tfcodec[train,tune]'
    python tune.py pictures/ --epochs 4

Trains a narrow `factorized` model for every point of the grid, all from the
same seed and on the same crops, prints what each gives, and at the end all by
their loss on pictures that training has not seen. What wins in minutes need not
win in days: learning rates that are right for a short run are high for a long
one.
"""

import argparse
import pathlib

import keras
import keras_tuner
import numpy as np
from PIL import Image

from tfcodec.models import Factorized
from tfcodec.training.crop_batches import CropBatches

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
JUDGED_WITH = 0.5  # the rate balance of all losses that are compared


class Search(keras_tuner.HyperModel):
    """Makes, trains and judges the model of a point of the grid.

    Args:
        grid: dict from "learning_rate", "channels" and "rate_balance" to the
            values of each.

    Attributes:
        rows: list of dicts, what was found.
    """

    def __init__(self, grid):
        super().__init__()
        self.grid = grid
        self.rows = []

    def build(self, hp):
        chosen = {
            name: hp.Choice(name, values) for name, values in self.grid.items()
        }
        keras.utils.set_random_seed(1)
        model = Factorized(
            latent_channels=3 * chosen["channels"] // 2,  # as in the paper
            channels=chosen["channels"],
            rate_balance=chosen["rate_balance"],
            seed=1,
        )
        model.build()
        rate = chosen["learning_rate"]
        model.compile(optimizer=keras.optimizers.Adam(rate, clipnorm=1.0))
        return model

    def fit(self, hp, model, train, validation, epochs, **_):
        """Trains a model; returns its losses on `validation`."""
        train.epoch = 0  # the same crops for every model
        model.fit(train, epochs=epochs, verbose=0)
        logs = judge(model, validation)
        self.rows.append({**hp.values, **logs})
        print(table(self.rows[-1:]).splitlines()[-1], flush=True)
        return logs


def judge(model, validation):
    """Dict of "loss", "bpp" and "psnr" of a trained model.

    The loss is that of `JUDGED_WITH`, since losses of different balances do
    not compare.
    """
    model.rate_balance = JUDGED_WITH
    model.compile()  # or `evaluate` might go on with the old balance
    return model.evaluate(validation, verbose=0, return_dict=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", metavar="DIR", type=pathlib.Path)
    parser.add_argument("--limit", type=int, help="only the first N pictures")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--crop", type=int, default=64)
    parser.add_argument("--learning-rates", default="3e-4,1e-3,3e-3")
    parser.add_argument("--channels", default="16,32")
    parser.add_argument("--rate-balances", default="0.25,0.5")
    parser.add_argument("--output", default="tuned", help="the tuner's folder")
    options = parser.parse_args(arguments)
    images = read(options.pictures, options.limit)
    if not images:
        parser.error(f"{options.pictures} has no {', '.join(SUFFIXES)} in it")
    settings = {
        "batch_size": options.batch_size,
        "crop": options.crop,
        "validation_fraction": 0.2,
    }
    search = Search(
        {
            "learning_rate": numbers(options.learning_rates, float),
            "channels": numbers(options.channels, int),
            "rate_balance": numbers(options.rate_balances, float),
        }
    )
    tuner = keras_tuner.GridSearch(
        search,
        objective=keras_tuner.Objective("loss", "min"),
        directory=options.output,
        project_name="grid",
        overwrite=True,
    )
    tuner.search(
        CropBatches(images, **settings),
        CropBatches(images, "validation", **settings),
        options.epochs,
        verbose=0,
    )
    print(table(search.rows))


def numbers(text, kind):
    return [kind(part) for part in text.split(",")]


def read(folder, limit=None):
    """The pictures of a folder, uint8 arrays `(height, width, 3)`."""
    paths = (p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    images = []
    for path in sorted(paths)[:limit]:
        with Image.open(path) as image:
            images.append(np.asarray(image.convert("RGB")))
    return images


def table(rows):
    """The rows as a Markdown table, the lowest loss first."""
    lines = [
        "| learning rate | channels | rate balance | loss | bpp | PSNR |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for row in sorted(rows, key=lambda row: row["loss"]):
        lines.append(
            f"| {row['learning_rate']:g} | {row['channels']} "
            f"| {row['rate_balance']:g} | {row['loss']:.3f} "
            f"| {row['bpp']:.3f} | {row['psnr']:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
