"""Autoencoders with pooling from introductory articles, as real codecs.

The articles stop at a reconstruction: they have neither quantization nor an
entropy model nor bytes. Those come from `SingleStream`.
"""

import keras

from tfcodec.models.single_stream import SingleStream
from tfcodec.transforms import PatchAnalysis
from tfcodec.transforms import PatchSynthesis
from tfcodec.transforms import PooledAnalysis
from tfcodec.transforms import UpsamplingSynthesis


@keras.saving.register_keras_serializable("tfcodec")
class CnnPool(SingleStream):
    """Three 3x3 convolutions with 2x2 pooling, and transposed ones back.

    Args:
        channels: three ints, of the analysis.
        synthesis_channels: four ints, of the transposed convolutions; with a
            `ratio` of 1 the last three.
        pooling: "max" or "average".
        ratio: 1 or 2, by which the features are reduced bilinearly.
        **kwargs: see `SingleStream`.
    """

    def __init__(
        self,
        channels=(32, 64, 128),
        synthesis_channels=(128, 128, 64, 32),
        pooling="max",
        ratio=2,
        **kwargs,
    ):
        analysis = PooledAnalysis(channels, pooling, ratio, name="analysis")
        steps = 3 + (ratio == 2)
        synthesis = UpsamplingSynthesis(
            synthesis_channels[-steps:], name="synthesis"
        )
        latent_channels = channels[-1] * (1 if ratio == 2 else 4)
        kwargs.pop("latent_channels", None)  # of a config; it follows
        super().__init__(latent_channels, analysis, synthesis, **kwargs)
        self.channels = tuple(channels)
        self.synthesis_channels = tuple(synthesis_channels)
        self.pooling = pooling
        self.ratio = ratio

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "synthesis_channels": self.synthesis_channels,
            "pooling": self.pooling,
            "ratio": self.ratio,
        }


@keras.saving.register_keras_serializable("tfcodec")
class CnnPoolDense(SingleStream):
    """The variant with a dense bottleneck, on 16x16 patches.

    Patches know nothing of each other, and their borders show.

    Args:
        latent_channels: int, a multiple of 16.
        channels: three ints, of the analysis.
        synthesis_channels: two ints, of the transposed convolutions.
        **kwargs: see `SingleStream`.
    """

    def __init__(
        self,
        latent_channels=512,
        channels=(32, 64, 64),
        synthesis_channels=(64, 32),
        **kwargs,
    ):
        super().__init__(
            latent_channels,
            PatchAnalysis(latent_channels, channels, name="analysis"),
            PatchSynthesis(synthesis_channels, name="synthesis"),
            **kwargs,
        )
        self.channels = tuple(channels)
        self.synthesis_channels = tuple(synthesis_channels)

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "synthesis_channels": self.synthesis_channels,
        }
