"""Entropy model of latents whose scale a hyperprior has predicted."""

import math

import keras

from tfcodec.ops import add_uniform_noise
from tfcodec.ops import round_st
from tfcodec.priors import noisy_normal_mixture_bits

SCALE_MIN = 0.11
SCALE_MAX = 100.0
NUM_SCALES = 64
# Residuals have heavier tails than normals: on validation photographs tables
# of this mixture take 1.3 % (low rates) to 4.3 % (high) less than normals.
TAIL_WEIGHT = 0.05
TAIL_SCALE = 2.0


def scale_table():
    """The 64 standard deviations, evenly spaced in the logarithm (floats)."""
    step = math.log(SCALE_MAX / SCALE_MIN) / (NUM_SCALES - 1)
    return [SCALE_MIN * math.exp(step * i) for i in range(NUM_SCALES)]


@keras.saving.register_keras_serializable("tfcodec")
class GaussianConditional(keras.layers.Layer):
    """Counts the bits of residuals `y - mu`, one of 64 scales for each.

    The density at a scale is 0.95 times the normal of that deviation plus 0.05
    times the normal of twice that.

    Index 0 means "is zero": such a residual is never coded, whatever it was.
    Training charges it the bits of the narrowest normal, so that the encoder
    learns to put nothing there.

    Args:
        seed: int or None, of the training noise.

    Call arguments:
        residual: float tensor `(batch, height, width, channels)`.
        indexes: float32 integers 0..63 in the same shape; scale
            `0.11 * (100 / 0.11) ** (index / 63)`. Gradients flow through.
        training: bool. Adds U(-0.5, 0.5) noise if true, rounds otherwise.

    Returns:
        float32 `(batch,)`, bits per image.

    Reference: Minnen et al. 2018, https://arxiv.org/abs/1809.02736, section
    2; the table of scales is that of Ballé et al. 2018, section 4. Departure:
    the heavier tails.
    """

    def __init__(self, seed=None, **kwargs):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)
        self.seed = seed
        self.noise = keras.random.SeedGenerator(seed)

    def round_residuals(self, residual, indexes):
        """Rounds, straight-through; zero where the index is 0."""
        residual = keras.ops.cast(residual, "float32")
        coded = keras.ops.cast(indexes > 0.5, "float32")
        return round_st(residual) * keras.ops.stop_gradient(coded)

    def call(self, residual, indexes, training=False):
        residual = keras.ops.cast(residual, "float32")
        step = math.log(SCALE_MAX / SCALE_MIN) / (NUM_SCALES - 1)
        scale = SCALE_MIN * keras.ops.exp(step * indexes)
        if training:
            residual = add_uniform_noise(residual, self.noise)
        else:
            residual = self.round_residuals(residual, indexes)
        bits = noisy_normal_mixture_bits(
            residual, scale, TAIL_WEIGHT, TAIL_SCALE
        )
        if not training:
            bits = keras.ops.where(indexes > 0.5, bits, 0.0)
        return keras.ops.sum(bits, axis=(1, 2, 3))

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}
