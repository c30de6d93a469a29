"""The stride-2 pyramids of the 2018 papers, in Keras Conv2D layers.

x ─ 5x5/2 ─ GDN ─ 5x5/2 ─ GDN ─ 5x5/2 ─ GDN ─ 5x5/2 ─ y     (and back)
"""

import keras

from tfcodec.layers import GDN


class _Pyramid(keras.layers.Layer):
    """Three layers of stride 2 with a norm after each, then a head."""

    convolution_class = keras.layers.Conv2D
    inverse = False

    def __init__(self, latent_channels, channels=128, gdn="classic", **kwargs):
        super().__init__(**kwargs)
        self.latent_channels = latent_channels
        self.channels = channels
        self.gdn = gdn
        settings = {"kernel_size": 5, "strides": 2, "padding": "same"}
        policy = {"dtype": self.dtype_policy}
        self.convolutions = [
            self.convolution_class(channels, **settings, **policy)
            for _ in range(3)
        ]
        self.norms = [
            GDN(inverse=self.inverse, form=gdn, **policy) for _ in range(3)
        ]
        self.head = self.convolution_class(
            3 if self.inverse else latent_channels, **settings, dtype="float32"
        )

    @property
    def reach(self):
        """Latents around one that its pixels, or their neighbours, touch."""
        return 2

    def build(self, input_shape):
        shape = input_shape
        inner = (*input_shape[:-1], self.channels)
        for convolution, norm in zip(
            self.convolutions, self.norms, strict=True
        ):
            convolution.build(shape)
            norm.build(inner)
            shape = inner
        self.head.build(inner)

    def call(self, x):
        for convolution, norm in zip(
            self.convolutions, self.norms, strict=True
        ):
            x = norm(convolution(x))
        return self.head(x)

    def get_config(self):
        return {
            **super().get_config(),
            "latent_channels": self.latent_channels,
            "channels": self.channels,
            "gdn": self.gdn,
        }


@keras.saving.register_keras_serializable("tfcodec")
class PyramidAnalysis(_Pyramid):
    """Images to latents: four 5x5 convolutions of stride 2 with GDN between.

    Args:
        latent_channels: int.
        channels: int, between the convolutions.
        gdn: `"classic"` or `"simple"`, see `GDN`.

    Call arguments:
        x: float tensor `(batch, height, width, 3)`, 0..255, sides multiples
            of 16.

    Returns:
        float32 `(batch, height / 16, width / 16, latent_channels)`.

    Reference: Ballé et al. 2018, https://arxiv.org/abs/1802.01436, figure 4.
    """

    def call(self, x):
        return super().call(keras.ops.cast(x, "float32") / 255.0)


@keras.saving.register_keras_serializable("tfcodec")
class PyramidSynthesis(_Pyramid):
    """Latents to images: four transposed 5x5 convolutions, IGDN between.

    Args:
        latent_channels: int.
        channels: int, between the convolutions.
        gdn: `"classic"` or `"simple"`, see `GDN`.

    Call arguments:
        y: float tensor `(batch, height, width, latent_channels)`.

    Returns:
        float32 `(batch, 16 * height, 16 * width, 3)`, about 0..255, not
        clipped.

    Reference: Ballé et al. 2018, https://arxiv.org/abs/1802.01436, figure 4.
    """

    convolution_class = keras.layers.Conv2DTranspose
    inverse = True

    def call(self, y):
        return super().call(y) * 255.0
