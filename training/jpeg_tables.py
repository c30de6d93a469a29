"""Trains the network of `tfcodec jpeg`: the tables for each picture.

Crops are measured once (`jpeg_rates`), the rate model is fitted, then the
tables that are the same for all pictures are trained, then the network, each
on the logarithm of squared error plus `lmbda` times bits, over all steps at
once. Then `-q` gets its meaning: the step at which files have the mean PSNR of
Pillow's.
"""

import argparse
import sys
import warnings

import keras
import numpy as np
from keras import ops

from tfcodec.jpeg import tables
from tfcodec.training import jpeg_quality
from tfcodec.training import jpeg_rates
from tfcodec.training.crop_batches import CropBatches

CROP = 192
_WIDTH, _HIDDEN = 32, 64
_BATCH = 16
_LEARNING_RATE = 2e-3


class TableModel(keras.Model):
    """The network over all of `jpeg_rates.LOG_STEPS`, and what it costs.

    Args:
        rate_model: `jpeg_rates.RateModel`.

    Call arguments:
        tiles: float `(batch, tiles, 4, 4, 192)`, see `tables.picture_tiles`.
        measured: float `(batch, *)`, see `jpeg_rates.measure`.
    Returns:
        float `(batch, steps)`: the mean of the logarithms of the costs of
        4:4:4 and 4:2:0.
    """

    def __init__(self, rate_model):
        super().__init__()
        self._rate_model = rate_model
        self.parts = {
            "block": keras.layers.Dense(_WIDTH, "relu"),
            "pair": keras.layers.Conv2D(_WIDTH, 2, 2, activation="relu"),
            "tile": keras.layers.Conv2D(_WIDTH, 2, 2, activation="relu"),
            "hidden": keras.layers.Dense(_HIDDEN, "relu"),
            "out": keras.layers.Dense(192, None, False, "zeros"),
        }
        self.fixed = self.add_weight(
            shape=(4, 192), initializer="zeros", name="fixed"
        )
        self._x = tables.scaled(jpeg_rates.LOG_STEPS).astype("float32")
        self._lmbda = tables.lmbda_of(jpeg_rates.LOG_STEPS).astype("float32")

    def call(self, inputs):
        tiles, measured = inputs
        return self._costs(self.log_tables(tiles), measured)

    def log_tables(self, tiles):
        """float `(batch, steps, 192)`, see `tables`."""
        count = tiles.shape[1]
        x = ops.reshape(tiles, (-1, *tiles.shape[2:]))
        for name in ("block", "pair", "tile"):
            x = self.parts[name](x)
        seen = ops.mean(ops.reshape(x, (-1, count, _WIDTH)), 1)
        seen = ops.repeat(seen[:, None], len(self._x), 1)
        known = np.stack([self._x, self._x**2], -1)
        known = ops.zeros_like(seen[..., :2]) + known
        hidden = self.parts["hidden"](ops.concatenate([seen, known], -1))
        powers = self._x[:, None] ** np.arange(4, dtype="float32")
        return self.parts["out"](hidden) + ops.matmul(powers, self.fixed)

    def _costs(self, log_tables, measured):
        steps = len(self._x)
        split = ops.reshape(log_tables, (-1, steps, 3, 64))
        split = ops.take(split, [k for _, _, k in jpeg_rates.PLANES], 2)
        grid = jpeg_rates.GRID
        place = (split - grid[0]) / (grid[1] - grid[0])
        place = ops.clip(place, 0, len(grid) - 1.001)
        low = ops.floor(place)
        part = (place - low)[..., None]
        low = ops.cast(low, "int32")[..., None, None]

        def at(index):
            found = ops.take_along_axis(measured, index, 4)
            return found[..., 0, :]

        low = ops.repeat(low, measured.shape[-1], -1)
        mixed = at(low) * (1 - part) + at(low + 1) * part
        error = ops.sum(mixed[..., 0], -1)
        bits = ops.sum(mixed[..., 1:] * self._rate_model.weights, (-2, -1))
        bits = bits + self._rate_model.block
        cost = error + self._lmbda[:, None] * bits
        full = ops.sum(cost[..., :3], -1)
        half = cost[..., 0] + ops.sum(cost[..., 3:], -1) / 4
        return (ops.log(full) + ops.log(half)) / 2

    def exported(self):
        """The weights, as `tables.TableNetwork` takes them."""
        weights = {"fixed": self.fixed}
        for name, layer in self.parts.items():
            kernel, *bias = layer.weights
            weights[name] = ops.reshape(kernel, (-1, kernel.shape[-1]))
            if bias:
                weights[f"{name}_bias"] = bias[0]
        return {
            name: ops.convert_to_numpy(value).astype(np.float16)
            for name, value in weights.items()
        }


def load_crops(source, split, count):
    """List of `count` crops of a folder's pictures, uint8 `(192, 192, 3)`."""
    batches = CropBatches(
        source, split, batch_size=1, crop=CROP, scale_min=0.5, cache_bytes=0
    )
    return [np.asarray(batches[i])[0] for i in range(count)]


def train(crops, measured, rate_model, epochs, seed=0, report=print):
    """A trained `TableModel`.

    Args:
        crops: list of crops.
        measured: their `jpeg_rates.measure`.
        rate_model: `jpeg_rates.RateModel`.
        epochs: int, of the network; the fixed tables get as many.
        seed: int.
        report: function of a line.
    """
    keras.utils.set_random_seed(seed)
    inputs = [
        np.stack([tables.picture_tiles(crop) for crop in crops]),
        np.stack(measured),
    ]
    model = TableModel(rate_model)
    model([x[:1] for x in inputs])
    for name in ("fixed tables", "network"):
        model.fixed.trainable = name == "fixed tables"
        for layer in model.parts.values():
            layer.trainable = name == "network"
        before = model.predict(inputs, _BATCH, verbose=0).mean()
        steps = epochs * -(-len(crops) // _BATCH)
        rate = keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps)
        model.compile(
            keras.optimizers.Adam(rate), loss=lambda _, cost: ops.mean(cost)
        )
        zeros = np.zeros(len(crops))
        model.fit(inputs, zeros, _BATCH, epochs, verbose=0)
        after = model.predict(inputs, _BATCH, verbose=0).mean()
        report(f"{name}: cost {100 * np.expm1(after - before):+.2f} %")
    return model


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m tfcodec.training.jpeg_tables",
        description="Train the network of `tfcodec jpeg`.",
    )
    parser.add_argument("--data", required=True, help="folder of pictures")
    parser.add_argument("--output", required=True, help="the .npz to write")
    parser.add_argument("--crops", type=int, default=190)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pictures smaller than a crop.
            crops = load_crops(options.data, "train", options.crops)
            held = load_crops(options.data, "validation", jpeg_quality.CROPS)
    except (ValueError, OSError) as error:
        print(f"jpeg_tables: {error}", file=sys.stderr)
        return 1
    measured = [jpeg_rates.measure(crop) for crop in crops]
    rate_model, error = jpeg_rates.fit_rate_model(crops[:60], measured[:60])
    print(f"rate model: {100 * error:.1f} % root mean square error")
    model = train(crops, measured, rate_model, options.epochs)
    weights = model.exported()
    weights["log_steps"] = jpeg_quality.calibrate(weights, held)
    np.savez(options.output, **weights)
    return 0


if __name__ == "__main__":
    sys.exit(main())
