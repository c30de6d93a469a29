"""Strided autoencoders from introductory articles, as real codecs.

The articles stop at a reconstruction: they have neither quantization nor an
entropy model nor bytes. Those come from `SingleStream`.
"""

import keras

from tfcodec.models.single_stream import SingleStream
from tfcodec.transforms import StridedAnalysis
from tfcodec.transforms import StridedSynthesis


class _Strided(SingleStream):
    """Strided convolutions, and transposed ones back.

    Args:
        channels: ints, of the analysis.
        synthesis_channels: as many ints, of the synthesis; the last is 3.
        batch_norm: bool, see the transforms.
        scale: float, see `StridedAnalysis`: the quantization step to begin
            with, since training changes it slowly.
        **kwargs: see `SingleStream`.
    """

    def __init__(
        self, channels, synthesis_channels, batch_norm, scale, **kwargs
    ):
        if len(channels) != len(synthesis_channels):
            raise ValueError(
                "`channels` and `synthesis_channels` must have the same "
                f"length. Received: {channels} and {synthesis_channels}"
            )
        analysis = StridedAnalysis(channels, batch_norm, scale, name="analysis")
        synthesis = StridedSynthesis(
            synthesis_channels, batch_norm, name="synthesis"
        )
        kwargs.pop("latent_channels", None)  # of a config; it follows
        super().__init__(
            channels[-1] * analysis.packing**2,
            analysis,
            synthesis,
            filters=(3,),  # There are many channels, and half of them zeros.
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


@keras.saving.register_keras_serializable("tfcodec")
class Deconvnet(_Strided):
    """Convolution, batch normalization, ReLU: 64-128 there and 64-3 back.

    Stride 2 each, where the article has 1 on the way there: that would
    quadruple the picture.

    Args: see `StridedAnalysis` and `StridedSynthesis` for the channels, and
        `SingleStream` for the rest.
    """

    def __init__(
        self, channels=(64, 128), synthesis_channels=(64, 3), **kwargs
    ):
        super().__init__(channels, synthesis_channels, True, 1.0, **kwargs)


@keras.saving.register_keras_serializable("tfcodec")
class CnnPlain(_Strided):
    """Three convolutions with ReLU, and nothing else.

    Args: see `StridedAnalysis` and `StridedSynthesis` for the channels, and
        `SingleStream` for the rest.
    """

    def __init__(
        self, channels=(32, 64, 128), synthesis_channels=(64, 32, 3), **kwargs
    ):
        super().__init__(channels, synthesis_channels, False, 8.0, **kwargs)
