"""Models without a hyperprior: one stream, one learned prior per channel.

x ─ analysis ─ y ─ * gain(q) ─ round ═► z_hat ─ / gain(q) ─ synthesis ─ x_hat
"""

import keras

from tfcodec.entropy import EntropyBottleneck
from tfcodec.models.base import CodecModel
from tfcodec.models.base import CodecOutput


class SingleStream(CodecModel):
    """Base class of models that differ in their transforms only.

    The latents are the only stream, so here they are the `z_hat` of the
    coding steps, and `y_bits` is zero.

    Args:
        latent_channels: int.
        analysis, synthesis: Keras layers with a `reach`.
        filters: tuple of ints, of the priors: see `DeepFactorized`.
        **kwargs: see `CodecModel`, which documents the call too.

    Reference: Ballé et al. 2018, https://arxiv.org/abs/1802.01436, section 3.
    Departures: one model for all rates through gains; latents are clipped to
    [-128, 127].
    """

    def __init__(
        self,
        latent_channels,
        analysis,
        synthesis,
        filters=(3, 3, 3),
        **kwargs,
    ):
        super().__init__(latent_channels, **kwargs)
        self.analysis = analysis
        self.synthesis = synthesis
        self.bottleneck = EntropyBottleneck(
            latent_channels, filters, name="bottleneck", seed=self.seed
        )

    def build(self, input_shape=None):
        if self.built:
            return
        self.gain.build()
        self.analysis.build((None, None, None, 3))
        self.synthesis.build((None, None, None, self.latent_channels))
        self.bottleneck.build()
        self.built = True

    @property
    def reach(self):
        return {
            "analyse": self.analysis.reach,
            "hyper": 0,
            "dequantize": 0,
            "synthesise": self.synthesis.reach,
        }

    def hyper_latents(self, y, quality):
        return y * self.gain(quality)

    def dequantize(self, z_hat, residual, quality):
        return z_hat

    def synthesise(self, y_hat, quality):
        return self.synthesis(y_hat / self.gain(quality))

    def call(self, inputs, training=False):
        x, quality = self.split_inputs(inputs, training)
        y_hat, bits = self.bottleneck(
            self.hyper_latents(self.analysis(x), quality), training=training
        )
        x_hat = self.synthesise(y_hat, quality)
        return CodecOutput(x_hat, keras.ops.zeros_like(bits), bits, quality)
