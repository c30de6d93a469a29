"""The flagship: one light model for all rates.

x ─ analysis ─ y ─ * gain(q) ─┬─────────────── - mu ─ round ═► r
                              └─ hyper_analysis ─ round ═════► z_hat
z_hat ─ integer scale network ─► table indexes of r
z_hat ─ hyper_mean ─ context passes (r so far) ─► mu
r + mu ─ / gain(q) ─ synthesis ─ x_hat            (═► is coded)
"""

import keras
import numpy as np

from tfcodec.entropy import EntropyBottleneck
from tfcodec.entropy import LogisticConditional
from tfcodec.models.base import CodecModel
from tfcodec.models.base import CodecOutput
from tfcodec.transforms import ContextMean
from tfcodec.transforms import HyperAnalysis
from tfcodec.transforms import HyperMean
from tfcodec.transforms import IntegerScaleNetwork
from tfcodec.transforms import TwoScaleAnalysis
from tfcodec.transforms import TwoScaleSynthesis
from tfcodec.transforms.context import group_mask


@keras.saving.register_keras_serializable("tfcodec")
class Photo(CodecModel):
    """Mean-scale hyperprior whose tables depend on integers only.

    Scales come from the hyper-latents alone, through the integer network, so
    all symbols decode in one pass and on every machine alike. Means are
    refined by context passes over channel halves and checkerboard colours
    after the symbols are known (`ContextMean`).

    Args:
        latent_channels: int.
        hyper_channels: int, at most 110 (the integer network's bound).
        hyper_features: int, features inside the hyper-analysis.
        analysis_channels, analysis_blocks: pairs, at 1/4 and 1/16.
        synthesis_channels, synthesis_blocks: pairs, at 1/4 and 1/16.
        context_channels: int, features of the mean networks.
        split: int, channels of the first context group.
        skipped_scales: int, see `LogisticConditional`.
        **kwargs: see `CodecModel`, which documents the call too.

    Reference: Minnen et al. 2018, https://arxiv.org/abs/1809.02736, for the
    mean-scale hyperprior; departures are listed in docs/design.md.
    """

    def __init__(
        self,
        latent_channels=320,
        hyper_channels=96,
        hyper_features=192,
        analysis_channels=(64, 256),
        analysis_blocks=(3, 4),
        synthesis_channels=(48, 256),
        synthesis_blocks=(2, 5),
        context_channels=128,
        split=64,
        skipped_scales=1,
        **kwargs,
    ):
        super().__init__(latent_channels, **kwargs)
        if not 0 < split < latent_channels:
            raise ValueError(
                "`split` must lie between 0 and `latent_channels`. Received: "
                f"split={split}, latent_channels={latent_channels}"
            )
        self.hyper_channels = hyper_channels
        self.hyper_features = hyper_features
        self.analysis_channels = tuple(analysis_channels)
        self.analysis_blocks = tuple(analysis_blocks)
        self.synthesis_channels = tuple(synthesis_channels)
        self.synthesis_blocks = tuple(synthesis_blocks)
        self.context_channels = context_channels
        self.split = split
        self.analysis = TwoScaleAnalysis(
            latent_channels,
            analysis_channels,
            analysis_blocks,
            name="analysis",
        )
        self.synthesis = TwoScaleSynthesis(
            latent_channels,
            synthesis_channels,
            synthesis_blocks,
            name="synthesis",
        )
        self.hyper_analysis = HyperAnalysis(
            hyper_features, hyper_channels, name="hyper_analysis"
        )
        self.hyper_mean = HyperMean(context_channels, name="hyper_mean")
        self.scale_network = IntegerScaleNetwork(
            latent_channels, name="scale_network"
        )
        self.bottleneck = EntropyBottleneck(
            hyper_channels, name="bottleneck", seed=self.seed
        )
        self.conditional = LogisticConditional(
            skipped_scales, name="conditional", seed=self.seed
        )
        self.groups = (
            (0, split, 0),
            (0, split, 1),
            (split, latent_channels, 0),
            (split, latent_channels, 1),
        )
        known = (0, split, split, latent_channels)
        self.means = [
            ContextMean(
                last - first, inputs, context_channels, name=f"mean_{i}"
            )
            for i, ((first, last, _), inputs) in enumerate(
                zip(self.groups, known, strict=True)
            )
        ]

    def build(self, input_shape=None):
        if self.built:
            return
        latents = (None, None, None, self.latent_channels)
        self.gain.build()
        self.latent_scale = self.add_weight(
            name="latent_scale",
            shape=(self.latent_channels,),
            initializer="ones",
            trainable=False,
            dtype="float32",
            autocast=False,
        )
        self.analysis.build((None, None, None, 3))
        self.synthesis.build(latents)
        self.hyper_analysis.build(latents)
        hyper_latents = (None, None, None, self.hyper_channels)
        self.hyper_mean.build(hyper_latents)
        self.scale_network.build(hyper_latents)
        self.bottleneck.build()
        for mean in self.means:
            mean.build((None, None, None, self.context_channels))
        self.built = True

    @property
    def reach(self):
        means = sum(mean.reach for mean in self.means)
        return {
            "analyse": self.analysis.reach,
            "hyper": self.hyper_analysis.reach,
            "dequantize": self.hyper_mean.reach + means,
            "synthesise": self.synthesis.reach,
        }

    def hyper_latents(self, y, quality):
        return self.hyper_analysis(y * self.gain(quality))

    def residuals(self, y, z_hat, indexes, quality):
        step = self.latent_scale * self.gain(quality)
        y = y * self.gain(quality)

        def quantize(mu):
            return self.conditional.round_residuals(y - mu, indexes)

        return self._passes(z_hat, y, step, quantize)[0]

    def dequantize(self, z_hat, residual, quality):
        step = self.latent_scale * self.gain(quality)
        return self._passes(z_hat, residual, step, lambda mu: residual)[2]

    def synthesise(self, y_hat, quality):
        y_hat = y_hat / self.gain(quality)
        return self.synthesis(y_hat, y_hat / self.latent_scale, quality)

    def relaxed(self, y, z_hat, quality, quantize):
        step = self.latent_scale * self.gain(quality)
        _, mu, y_hat = self._passes(z_hat, y, step, lambda mu: quantize(y - mu))
        return self.synthesise(y_hat, quality), y - mu

    def call(self, inputs, training=False):
        x, quality = self.split_inputs(inputs, training)
        gain = self.gain(quality)
        y = self.analysis(x) * gain
        z = self.hyper_analysis(y)
        z_hat, z_bits = self.bottleneck(z, training=training)
        indexes = self.scale_network(z_hat, quality, y)

        def quantize(mu):
            return self.conditional.round_residuals(y - mu, indexes)

        _, mu, y_hat = self._passes(
            z_hat, y, self.latent_scale * gain, quantize
        )
        y_bits = self.conditional(y - mu, indexes, training=training)
        x_hat = self.synthesise(y_hat, quality)
        return CodecOutput(x_hat, y_bits, z_bits, quality)

    def _passes(self, z_hat, like, step, quantize):
        """Runs the mean networks group by group.

        Args:
            z_hat: hyper-latents.
            like: tensor in the shape of the latents.
            step: float32, multiplies a mean of unit variance.
            quantize: function of the means (in the shape of `like`) that gives
                the integer residuals there.

        Returns:
            `(residual, mu, y_hat)` in the shape of `like`.
        """
        features = self.hyper_mean(z_hat, like)
        zeros = keras.ops.zeros_like(like)
        residual, mu, y_hat = zeros, zeros, zeros
        for group, network in zip(self.groups, self.means, strict=True):
            mean = network(features, y_hat / step)
            first, last, _ = group
            mean = keras.ops.pad(
                mean,
                (
                    (0, 0),
                    (0, 0),
                    (0, 0),
                    (first, self.latent_channels - last),
                ),
            )
            mask = group_mask(group, like)
            mean = mean * step * mask
            channels = np.arange(self.latent_channels)
            inside = (first <= channels) & (channels < last)
            # One by one: their product is as large as the latents, and an
            # export of one size would hold it as a constant.
            known = quantize(mean) * mask * inside.astype("float32")
            mu = mu + mean
            residual = residual + known
            y_hat = y_hat + known + mean
        return residual, mu, y_hat

    def get_config(self):
        return {
            **super().get_config(),
            "hyper_channels": self.hyper_channels,
            "hyper_features": self.hyper_features,
            "analysis_channels": self.analysis_channels,
            "analysis_blocks": self.analysis_blocks,
            "synthesis_channels": self.synthesis_channels,
            "synthesis_blocks": self.synthesis_blocks,
            "context_channels": self.context_channels,
            "split": self.split,
            "skipped_scales": self.conditional.skipped,
        }
