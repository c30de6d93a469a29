"""Minnen et al. 2018: the mean-scale hyperprior, without its context model.

x ─ analysis ─ y ─ * gain(q) ─┬─────────── - mu ─ round ═► r
                              └─ hyper_analysis ─ round ═► z_hat
z_hat ─ integer scale network ─► table indexes of r
z_hat ─ hyper_mean ─ 1x1 ─► mu
r + mu ─ / gain(q) ─ synthesis ─ x_hat
"""

import keras

from tfcodec.entropy import EntropyBottleneck
from tfcodec.entropy import GaussianConditional
from tfcodec.models.base import CodecModel
from tfcodec.models.base import CodecOutput
from tfcodec.transforms import ContextMean
from tfcodec.transforms import HyperAnalysis
from tfcodec.transforms import HyperMean
from tfcodec.transforms import IntegerScaleNetwork
from tfcodec.transforms import PyramidAnalysis
from tfcodec.transforms import PyramidSynthesis


@keras.saving.register_keras_serializable("tfcodec")
class Hyperprior(CodecModel):
    """Stride-2 pyramid with GDN and a mean-scale hyperprior.

    Args:
        latent_channels: int.
        channels: int, between the convolutions of the pyramid.
        hyper_channels: int, at most 110 (the integer network's bound).
        mean_channels: int, features of the mean network.
        **kwargs: see `CodecModel`, which documents the call too.

    Reference: Minnen et al. 2018, https://arxiv.org/abs/1809.02736, section
    2 (`mbt2018_mean`). Departures: one model for all rates through gains;
    scales from an integer network, in 64 steps; no autoregressive context.
    """

    def __init__(
        self,
        latent_channels=192,
        channels=128,
        hyper_channels=96,
        mean_channels=128,
        **kwargs,
    ):
        super().__init__(latent_channels, **kwargs)
        self.channels = channels
        self.hyper_channels = hyper_channels
        self.mean_channels = mean_channels
        self.analysis = PyramidAnalysis(
            latent_channels, channels, name="analysis"
        )
        self.synthesis = PyramidSynthesis(
            latent_channels, channels, name="synthesis"
        )
        self.hyper_analysis = HyperAnalysis(
            192, hyper_channels, name="hyper_analysis"
        )
        self.hyper_mean = HyperMean(mean_channels, name="hyper_mean")
        self.mean = ContextMean(latent_channels, 0, mean_channels, name="mean")
        self.scale_network = IntegerScaleNetwork(
            latent_channels, name="scale_network"
        )
        self.bottleneck = EntropyBottleneck(
            hyper_channels, name="bottleneck", seed=self.seed
        )
        self.conditional = GaussianConditional(
            name="conditional", seed=self.seed
        )

    def build(self, input_shape=None):
        if self.built:
            return
        latents = (None, None, None, self.latent_channels)
        hyper_latents = (None, None, None, self.hyper_channels)
        self.gain.build()
        self.analysis.build((None, None, None, 3))
        self.synthesis.build(latents)
        self.hyper_analysis.build(latents)
        self.hyper_mean.build(hyper_latents)
        self.mean.build((None, None, None, self.mean_channels))
        self.scale_network.build(hyper_latents)
        self.bottleneck.build()
        self.built = True

    @property
    def reach(self):
        return {
            "analyse": self.analysis.reach,
            "hyper": self.hyper_analysis.reach,
            "dequantize": self.hyper_mean.reach + self.mean.reach,
            "synthesise": self.synthesis.reach,
        }

    def hyper_latents(self, y, quality):
        return self.hyper_analysis(y * self.gain(quality))

    def residuals(self, y, z_hat, indexes, quality):
        gain = self.gain(quality)
        y = y * gain
        return self.conditional.round_residuals(
            y - self._mean(z_hat, y, gain), indexes
        )

    def dequantize(self, z_hat, residual, quality):
        return residual + self._mean(z_hat, residual, self.gain(quality))

    def synthesise(self, y_hat, quality):
        return self.synthesis(y_hat / self.gain(quality))

    def relaxed(self, y, z_hat, quality, quantize):
        gain = self.gain(quality)
        mu = self._mean(z_hat, y, gain)
        y_hat = quantize(y - mu) + mu
        return self.synthesise(y_hat, quality), y - mu

    def call(self, inputs, training=False):
        x, quality = self.split_inputs(inputs, training)
        gain = self.gain(quality)
        y = self.analysis(x) * gain
        z = self.hyper_analysis(y)
        z_hat, z_bits = self.bottleneck(z, training=training)
        indexes = self.scale_network(z_hat, quality, y)
        mu = self._mean(z_hat, y, gain)
        y_bits = self.conditional(y - mu, indexes, training=training)
        y_hat = self.conditional.round_residuals(y - mu, indexes) + mu
        x_hat = self.synthesise(y_hat, quality)
        return CodecOutput(x_hat, y_bits, z_bits, quality)

    def _mean(self, z_hat, like, gain):
        return self.mean(self.hyper_mean(z_hat, like), None) * gain

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "hyper_channels": self.hyper_channels,
            "mean_channels": self.mean_channels,
        }
