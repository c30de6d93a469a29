"""The rate-distortion cost of a model's file, made differentiable.

y ── - mu ── soft round ─┬─ bits by the tables, between integers linear
     │                   └─ + mu ─ / gain(q) ─ synthesis ─ distortion
z ── round ─┬─ integer scale network ─► table of each residual
            └─ hyper_mean, context passes ─► mu
"""

import keras
import numpy as np

from tfcodec.refine.costs import BitCosts


def soft_round(x, sharpness):
    """Between the identity (sharpness 0) and rounding (infinity).

    Args:
        x: float32 tensor.
        sharpness: float32 scalar tensor, above 0.

    Returns:
        `(below, fraction)`: the integer below `x`, without a gradient, and
        what the soft rounding adds to it, 0..1.

    Reference: Agustsson & Theis 2020, https://arxiv.org/abs/2006.09952,
    section 4.1.
    """
    below = keras.ops.stop_gradient(keras.ops.floor(x))
    slope = keras.ops.tanh(sharpness * (x - below - 0.5))
    return below, 0.5 + 0.5 * slope / keras.ops.tanh(0.5 * sharpness)


class Relaxation:
    """Bits plus weighted distortion as a function of real latents.

    Args:
        model: `CodecModel` with two streams.
        tables: `CdfTables`, the rows of the hyper-latents first.

    Call arguments:
        y: float32 `(1, h, w, latent_channels)`, latents times the gain.
        z: float32 `(1, ceil(h / 4), ceil(w / 4), hyper_channels)`,
            hyper-latents before rounding. They are rounded with the
            straight-through gradient; so are the indexes of the tables.
        image: float32 `(1, 16 * h, 16 * w, 3)`, 0..255.
        inside: float32 `(1, 16 * h, 16 * w, 1)`, 1 for pixels that count,
            else 0; or the square roots of their weights.
        quality: float32 `(1,)`.
        lmbda: float32 scalar, weight of the distortion against bits.
        sharpness: float32 scalar, of the soft rounding.

    Returns:
        float32 scalar, bits.
    """

    def __init__(self, model, tables):
        channels = model.bottleneck.channels
        self.model = model
        self.z_costs = BitCosts(tables, 0, channels)
        self.y_costs = BitCosts(tables, channels, tables.num_tables)
        self.is_coded = (tables.size[:channels] > 1).astype(np.float32)
        # Of channels that are not coded, the only value.
        self.fixed = tables.offset[:channels] * (1.0 - self.is_coded)
        self.fixed = self.fixed.astype(np.float32)

    def __call__(self, y, z, image, inside, quality, lmbda, sharpness):
        z_hat = self.decoded(z)
        indexes = self.model.scale_network(z_hat, quality, y)
        rows, coded = self.rows(indexes)

        def quantize(residual):
            below, fraction = soft_round(residual, sharpness)
            return (below + fraction) * coded

        x_hat, residual = self.model.relaxed(y, z_hat, quality, quantize)
        bits = self._z_bits(z) + self._y_bits(
            residual, indexes, rows, coded, sharpness
        )
        return bits + lmbda * self.distortion(x_hat, image, inside)

    def decoded(self, z):
        """The hyper-latents that a decoder will have, straight-through."""
        z_hat = self.model.bottleneck.round_latents(z)
        return z_hat * self.is_coded + self.fixed

    def rows(self, indexes):
        """Table rows of residuals, and 1 for those in the file, else 0."""
        rows = keras.ops.stop_gradient(keras.ops.round(indexes))
        coded = self.model.conditional.is_coded(rows)
        return rows, keras.ops.cast(coded, "float32")

    def distortion(self, x_hat, image, inside):
        """Of what a picture file can hold."""
        x_hat = keras.ops.clip(x_hat, 0.0, 255.0)
        return self.model.total_distortion(x_hat, image, inside)

    def _z_bits(self, z):
        below = keras.ops.stop_gradient(keras.ops.floor(z))
        channels = np.arange(self.is_coded.size, dtype=np.int32)
        return keras.ops.sum(self.z_costs(channels, below, z - below))

    def _y_bits(self, residual, indexes, rows, coded, sharpness):
        below, fraction = soft_round(residual, sharpness)
        index = keras.ops.cast(rows, "int32")
        bits = self.y_costs(index, below, fraction)
        # The slope in the index, at the value that will be coded.
        value = keras.ops.stop_gradient(below + keras.ops.round(fraction))
        first = self.model.conditional.skipped
        last = self.y_costs.bits.shape[0] - 1
        wider = self.y_costs(keras.ops.minimum(index + 1, last), value, 0.0)
        tighter = self.y_costs(keras.ops.maximum(index - 1, first), value, 0.0)
        bits = bits + 0.5 * (wider - tighter) * (indexes - rows)
        return keras.ops.sum(bits * coded)
