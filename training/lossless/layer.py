"""Trains the lossy layer: an autoencoder with an integer synthesis."""

import itertools

import keras
import numpy as np
from keras import ops

from tfcodec.layers.integer_dense import ACTIVATION_BITS
from tfcodec.layers.integer_dense import KERNEL_SPEED
from tfcodec.layers.integer_dense import IntegerDense
from tfcodec.lossless.layer import BLOCK
from tfcodec.lossless.layer import LATENT_MAX
from tfcodec.lossless.layer import LATENT_UNIT
from tfcodec.lossless.layer import LossyLayer
from tfcodec.ops import round_st
from tfcodec.training.lossless.predictors import to_layer

STEP = 80.0  # of the latents at the start, grey levels times 768**0.5
SLOPE = 0.004  # of the loss: bits per pixel per mean square error


class Autoencoder(keras.Model):
    """Blocks of 16x16 pixels to latents, and a network in integers back.

    ```
    block ─┬─ dense, ReLU ─ dense ─┐
           └─ dense ───────────────┴─ round ─ 3x3 ─┬─ dense, ReLU ─┐
                                                    └───────────────┴─ dense
    ```

    Args:
        latents: int, channels.
        analysis, synthesis: ints, hidden units.

    Call arguments:
        x: float32 `(batch, height, width, 3)`, 0..255; sides in blocks.

    Returns:
        `(bpp, mse)`, scalars: the rate with noise for rounding, and the mean
        square error of the rounded latents' picture.
    """

    def __init__(self, latents=24, analysis=64, synthesis=128, **kwargs):
        super().__init__(**kwargs)
        self.noise = keras.random.SeedGenerator(0)
        self.linear = keras.layers.Dense(latents)
        self.hidden = keras.layers.Dense(analysis, activation="relu")
        self.nonlinear = keras.layers.Dense(
            latents, use_bias=False, kernel_initializer="zeros"
        )
        self.first = IntegerDense(synthesis)
        self.second = IntegerDense(BLOCK * BLOCK * 3)
        self.log_scale = self.add_weight(
            name="log_scale", shape=(latents,), initializer="zeros"
        )
        self.median = self.add_weight(
            name="median", shape=(latents,), initializer="zeros"
        )

    def analyse(self, x):
        """`(batch, rows, columns, latents)`, before they are rounded."""
        blocks = (blocks_of(x) - 128.0) / 64.0
        return self.linear(blocks) + self.nonlinear(self.hidden(blocks))

    def synthesise(self, z):
        """The picture of integer latents, as `x`, integers."""
        z = ops.cast(z, "float32") * (LATENT_UNIT * 2.0**-ACTIVATION_BITS)
        hidden = self.first(_neighbours(z))
        samples = self.second(ops.concatenate([hidden, z], -1))
        return _pixels(samples * 2.0**ACTIVATION_BITS)

    def call(self, x):
        y = self.analyse(x)
        noisy = y + keras.random.uniform(
            ops.shape(y), -0.5, 0.5, seed=self.noise
        )
        scale = ops.exp(self.log_scale)
        upper = ops.sigmoid((noisy + 0.5 - self.median) / scale)
        lower = ops.sigmoid((noisy - 0.5 - self.median) / scale)
        bits = -ops.log2(ops.maximum(upper - lower, 1e-6))
        z = ops.clip(round_st(y), -LATENT_MAX, LATENT_MAX)
        x_hat = self.synthesise(z)
        area = ops.cast(ops.shape(x)[1] * ops.shape(x)[2], "float32")
        bpp = ops.mean(ops.sum(bits, (1, 2, 3))) / area
        mse = ops.mean(ops.square(x - x_hat))
        self.add_loss(bpp + SLOPE * mse)
        return bpp, mse

    def start_at(self, blocks):
        """Makes it the transform of the principal components of blocks.

        Args:
            blocks: float32 `(n, 768)`, less 128.
        """
        covariance = blocks.T @ blocks / len(blocks)
        values, vectors = np.linalg.eigh(covariance)
        count = self.linear.units
        vectors = vectors[:, ::-1][:, :count]
        values = np.maximum(values[::-1][:count], 0)
        self.linear.kernel.assign(vectors * (64.0 / STEP))
        self.log_scale.assign(np.log(np.sqrt(values) / STEP * 0.5 + 0.1))
        kernel = ops.convert_to_numpy(self.second.kernel) * 0.01
        kernel[-count:] = vectors.T * (STEP / LATENT_UNIT / KERNEL_SPEED)
        self.second.kernel.assign(kernel)
        self.second.set_bias(128.0)


def train(batches, steps, channels=24, rate=4e-4, report=print):
    """Trains an `Autoencoder`.

    Args:
        batches: iterator over uint8 `(batch, height, width, 3)`.
        steps: int.
        channels: int, latents.
        rate: float, the learning rate at the start.
        report: function of a str.

    Returns:
        `Autoencoder`.
    """
    model = Autoencoder(channels)
    first = list(itertools.islice(batches, 12))
    blocks = np.concatenate([ops.convert_to_numpy(blocks_of(b)) for b in first])
    blocks = blocks.reshape(-1, blocks.shape[-1]).astype(np.float32) - 128
    model(first[0].astype(np.float32))
    model.start_at(blocks)

    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    model.compile(optimizer=keras.optimizers.Adam(schedule))
    for step in range(steps):
        x = next(batches).astype(np.float32)
        value = model.train_on_batch(x)
        if step % 25 == 0 or step == steps - 1:
            bpp, mse = map(float, model(x))
            report(f"{step} loss {value:.4f} bpp {bpp:.4f} mse {mse:.1f}")
    return model


def blank(model):
    """Makes the latents of an `Autoencoder` zero, and its picture grey."""
    for layer in (model.linear, model.nonlinear, model.first, model.second):
        for weight in layer.weights:
            weight.assign(ops.zeros(weight.shape))
    model.second.set_bias(128.0)


def freeze(model):
    """The `LossyLayer` of an `Autoencoder`, floats rounded to float16."""
    floats = (
        model.linear.kernel,
        model.linear.bias,
        model.hidden.kernel,
        model.hidden.bias,
        model.nonlinear.kernel,
    )
    largest = LATENT_UNIT * LATENT_MAX
    return LossyLayer(
        *(
            ops.convert_to_numpy(value).astype(np.float16).astype(np.float32)
            for value in floats
        ),
        to_layer(model.first, largest),
        to_layer(model.second, max(largest, model.first.high)),
    )


def blocks_of(x):
    """`(batch, height, width, 3)` to `(batch, rows, columns, 768)`."""
    _, height, width, channels = x.shape
    rows, columns = height // BLOCK, width // BLOCK
    x = ops.reshape(x, (-1, rows, BLOCK, columns, BLOCK, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, rows, columns, BLOCK * BLOCK * channels))


def _pixels(blocks):
    """The reverse of `blocks_of`."""
    _, rows, columns, size = blocks.shape
    channels = size // (BLOCK * BLOCK)
    x = ops.reshape(blocks, (-1, rows, columns, BLOCK, BLOCK, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, rows * BLOCK, columns * BLOCK, channels))


def _neighbours(z):
    """`(batch, rows, columns, n)` to 3x3 neighbourhoods, zeros outside."""
    rows, columns = z.shape[1:3]
    z = ops.pad(z, ((0, 0), (1, 1), (1, 1), (0, 0)))
    around = [
        z[:, i : i + rows, j : j + columns] for i in range(3) for j in range(3)
    ]
    return ops.concatenate(around, -1)
