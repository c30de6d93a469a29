"""The dense bottleneck: every 16x16 patch by itself, to one vector and back.

patch ─ 3x3 ─ pool ─ 3x3 ─ pool ─ 3x3 ─ flatten ─ dense ─ y
"""

import keras

from tfcodec.limits import BLOCK
from tfcodec.transforms.pooled import UpsamplingSynthesis

_SIDE = BLOCK // 4  # features of a patch after two poolings, each way


@keras.saving.register_keras_serializable("tfcodec")
class PatchAnalysis(keras.layers.Layer):
    """Three convolutions with two poolings, flattened, and a dense layer.

    Args:
        latent_channels: int.
        channels: three ints, of the convolutions.
        scale: float, factor of what the dense layer sees.

    Call arguments:
        x: float tensor `(batch, height, width, 3)`, 0..255, sides multiples
            of 16.

    Returns:
        float32 `(batch, height / 16, width / 16, latent_channels)`.
    """

    def __init__(self, latent_channels, channels, scale=8.0, **kwargs):
        super().__init__(**kwargs)
        self.latent_channels = latent_channels
        self.channels = tuple(channels)
        self.scale = scale
        self.convolutions = [
            keras.layers.Conv2D(
                width,
                3,
                padding="same",
                activation="relu",
                dtype=self.dtype_policy,
            )
            for width in self.channels
        ]
        self.pool = keras.layers.MaxPooling2D(2, dtype=self.dtype_policy)
        self.dense = keras.layers.Dense(latent_channels, dtype="float32")

    @property
    def reach(self):
        """Latents around one that its pixels' neighbours belong to."""
        return 0

    def build(self, input_shape):
        shape = (None, BLOCK, BLOCK, 3)
        for convolution in self.convolutions:
            convolution.build(shape)
            shape = (*shape[:-1], convolution.filters)
        self.dense.build((None, _SIDE**2 * self.channels[-1]))

    def call(self, x):
        x = keras.ops.cast(x, "float32") / 255.0
        b, h, w, _ = keras.ops.shape(x)
        rows, columns = h // BLOCK, w // BLOCK
        # Four dimensions at a time, for exports.
        x = keras.ops.reshape(x, (b * rows, BLOCK, columns, BLOCK * 3))
        x = keras.ops.transpose(x, (0, 2, 1, 3))
        x = keras.ops.reshape(x, (b * rows * columns, BLOCK, BLOCK, 3))
        first, second, third = self.convolutions
        x = third(self.pool(second(self.pool(first(x)))))
        x = keras.ops.reshape(x, (-1, _SIDE**2 * self.channels[-1]))
        y = self.dense(x * self.scale)
        return keras.ops.reshape(y, (b, rows, columns, self.latent_channels))

    def get_config(self):
        return {
            **super().get_config(),
            "latent_channels": self.latent_channels,
            "channels": self.channels,
            "scale": self.scale,
        }


@keras.saving.register_keras_serializable("tfcodec")
class PatchSynthesis(UpsamplingSynthesis):
    """Vectors as 4x4 features, two transposed convolutions, one to RGB.

    Args:
        channels: two ints, of the transposed convolutions.

    Call arguments:
        y: float tensor `(batch, height, width, latent_channels)`, a multiple
            of 16 channels.

    Returns:
        float32 `(batch, 16 * height, 16 * width, 3)`, about 0..255, not
        clipped.
    """

    @property
    def reach(self):
        """Latents around one that its pixels depend on."""
        return 0

    def build(self, input_shape):
        if input_shape[-1] % _SIDE**2:
            raise ValueError(
                f"Latents must have a multiple of {_SIDE**2} channels. "
                f"Received: {input_shape[-1]}"
            )
        super().build(input_shape)

    def call(self, y):
        b, rows, columns, channels = keras.ops.shape(y)
        x = keras.ops.reshape(
            y, (b * rows * columns, _SIDE, _SIDE, channels // _SIDE**2)
        )
        x = self.enlarge(x)
        x = keras.ops.reshape(x, (b * rows, columns, BLOCK, BLOCK * 3))
        x = keras.ops.transpose(x, (0, 2, 1, 3))
        return keras.ops.reshape(x, (b, rows * BLOCK, columns * BLOCK, 3))
