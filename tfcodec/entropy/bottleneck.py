"""Unconditional entropy model with a learned prior per channel."""

import keras

from tfcodec.limits import LATENT_MAX
from tfcodec.limits import LATENT_MIN
from tfcodec.ops import add_uniform_noise
from tfcodec.ops import clip_with_return
from tfcodec.ops import round_st
from tfcodec.priors import DeepFactorized


@keras.saving.register_keras_serializable("tfcodec")
class EntropyBottleneck(keras.layers.Layer):
    """Quantizes latents and counts their bits under a deep factorized prior.

    The quantized latents are integers in [-128, 127] without an offset, so
    that integer networks can read them.

    Args:
        channels: int.
        filters: tuple of ints, see `DeepFactorized`.
        init_scale: float, see `DeepFactorized`.
        seed: int or None, of the training noise.

    Call arguments:
        z: float tensor `(batch, height, width, channels)`.
        training: bool. Bits are counted for `z` plus U(-0.5, 0.5) noise if
            true, for the rounded `z` otherwise.

    Returns:
        `(z_hat, bits)`: integers as float32 in the shape of `z`, with the
        straight-through gradient; float32 `(batch,)`, bits per image.

    Reference: Ballé et al. 2018, https://arxiv.org/abs/1802.01436, appendix
    6.1. Departure: rounding, not noise, feeds the networks in training
    (Minnen & Singh 2020, https://arxiv.org/abs/2007.08739, section 3.3).
    """

    def __init__(
        self,
        channels,
        filters=(3, 3, 3),
        init_scale=3.0,
        seed=None,
        **kwargs,
    ):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)
        self.channels = channels
        self.filters = tuple(filters)
        self.init_scale = init_scale
        self.seed = seed
        self.prior = DeepFactorized(channels, filters, init_scale)
        self.noise = keras.random.SeedGenerator(seed)

    def build(self, input_shape=None):
        self.prior.build((None, self.channels))

    def round_latents(self, z):
        """Nearest integers in [-128, 127], straight-through gradient."""
        z = keras.ops.cast(z, "float32")
        return round_st(
            clip_with_return(z, float(LATENT_MIN), float(LATENT_MAX))
        )

    def call(self, z, training=False):
        z_hat = self.round_latents(z)
        sample = add_uniform_noise(z, self.noise) if training else z_hat
        bits = keras.ops.sum(self.prior.bits(sample), axis=(1, 2, 3))
        return z_hat, bits

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "filters": self.filters,
            "init_scale": self.init_scale,
            "seed": self.seed,
        }
