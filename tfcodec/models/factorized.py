"""Ballé et al. 2018: the factorized prior, the simplest of the literature."""

import keras

from tfcodec.models.single_stream import SingleStream
from tfcodec.transforms import PyramidAnalysis
from tfcodec.transforms import PyramidSynthesis


@keras.saving.register_keras_serializable("tfcodec")
class Factorized(SingleStream):
    """Stride-2 pyramid with GDN and one learned prior per latent channel.

    Args:
        latent_channels: int.
        channels: int, between the convolutions.
        **kwargs: see `SingleStream`.

    Reference: Ballé et al. 2018, https://arxiv.org/abs/1802.01436, section 3
    (`bmshj2018_factorized`).
    """

    def __init__(self, latent_channels=192, channels=128, **kwargs):
        super().__init__(
            latent_channels,
            PyramidAnalysis(latent_channels, channels, name="analysis"),
            PyramidSynthesis(latent_channels, channels, name="synthesis"),
            **kwargs,
        )
        self.channels = channels

    def get_config(self):
        return {**super().get_config(), "channels": self.channels}
