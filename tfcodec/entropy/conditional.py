"""Entropy models of latents whose scale a hyperprior has predicted."""

import math

import keras

from tfcodec.ops import add_uniform_noise
from tfcodec.ops import round_st
from tfcodec.priors import noisy_logistic_bits
from tfcodec.priors import noisy_normal_bits

SCALE_MIN = 0.11
SCALE_MAX = 100.0
NUM_SCALES = 64


def scale_table():
    """The 64 standard deviations, evenly spaced in the logarithm (floats)."""
    step = math.log(SCALE_MAX / SCALE_MIN) / (NUM_SCALES - 1)
    return [SCALE_MIN * math.exp(step * i) for i in range(NUM_SCALES)]


@keras.saving.register_keras_serializable("tfcodec")
class GaussianConditional(keras.layers.Layer):
    """Counts the bits of residuals `y - mu`, one of 64 scales for each.

    The first `skipped` indexes mean "is zero": such a residual is never coded,
    whatever it was. Training charges it the bits of its narrow density, so
    that the encoder learns to put nothing there.

    Args:
        skipped: int, at least 1. Where nearly all residuals are zero, the few
            others are not worth their bits (docs/experiments.md).
        seed: int or None, of the training noise.

    Call arguments:
        residual: float tensor `(batch, height, width, channels)`.
        indexes: float32 integers 0..63 in the same shape; scale
            `0.11 * (100 / 0.11) ** (index / 63)`. Gradients flow through.
        training: bool. Adds U(-0.5, 0.5) noise if true, rounds otherwise.

    Returns:
        float32 `(batch,)`, bits per image.

    Reference: Minnen et al. 2018, https://arxiv.org/abs/1809.02736, section
    2; the table of scales is that of Ballé et al. 2018, section 4.
    """

    def __init__(self, skipped=1, seed=None, **kwargs):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)
        if not 1 <= skipped < NUM_SCALES:
            raise ValueError(
                f"`skipped` must be in 1..{NUM_SCALES - 1}. "
                f"Received: skipped={skipped}"
            )
        self.skipped = skipped
        self.seed = seed
        self.noise = keras.random.SeedGenerator(seed)

    def prior_bits(self, x, scale):
        """Bits of values `x` at standard deviations `scale`, float32."""
        return noisy_normal_bits(x, scale)

    def round_residuals(self, residual, indexes):
        """Rounds, straight-through; zero where the index is skipped."""
        residual = keras.ops.cast(residual, "float32")
        coded = keras.ops.cast(self.is_coded(indexes), "float32")
        return round_st(residual) * keras.ops.stop_gradient(coded)

    def is_coded(self, indexes):
        """Bool tensor: which residuals are in the file."""
        return indexes > self.skipped - 0.5

    def call(self, residual, indexes, training=False):
        residual = keras.ops.cast(residual, "float32")
        step = math.log(SCALE_MAX / SCALE_MIN) / (NUM_SCALES - 1)
        scale = SCALE_MIN * keras.ops.exp(step * indexes)
        if training:
            residual = add_uniform_noise(residual, self.noise)
        else:
            residual = self.round_residuals(residual, indexes)
        bits = self.prior_bits(residual, scale)
        if not training:
            bits = keras.ops.where(self.is_coded(indexes), bits, 0.0)
        return keras.ops.sum(bits, axis=(1, 2, 3))

    def get_config(self):
        return {
            **super().get_config(),
            "skipped": self.skipped,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable("tfcodec")
class LogisticConditional(GaussianConditional):
    """The same with logistic densities, whose tails are heavier.

    Residuals of `photo` take 3 % fewer bits than with normals, and the bits a
    tenth of the time to compute (docs/experiments.md).
    """

    def prior_bits(self, x, scale):
        return noisy_logistic_bits(x, scale)
