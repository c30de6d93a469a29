"""Convolutions with pooling, and the way back by transposed convolutions.

x ─ 3x3 ─ ReLU ─ pool ─ 3x3 ─ ReLU ─ pool ─ 3x3 ─ ReLU ─ pool ─ resize ─ y
"""

import keras

from tfcodec.limits import BLOCK
from tfcodec.ops import depth_to_space
from tfcodec.ops import space_to_depth
from tfcodec.transforms.strided import GREY

POOLING = {
    "max": keras.layers.MaxPooling2D,
    "average": keras.layers.AveragePooling2D,
}


@keras.saving.register_keras_serializable("tfcodec")
class PooledAnalysis(keras.layers.Layer):
    """Three convolutions with pooling, then a bilinear reduction.

    Args:
        channels: three ints, of the convolutions.
        pooling: "max" or "average", 2x2.
        ratio: 1 or 2, by which the features are reduced bilinearly.
        scale: float, factor of the output.

    Call arguments:
        x: float tensor `(batch, height, width, 3)`, 0..255, sides multiples
            of 16.

    Returns:
        float32 `(batch, height / 16, width / 16, channels[-1])`, not negative;
        with a `ratio` of 1 the features of 2x2 places in four times the
        channels.
    """

    def __init__(self, channels, pooling="max", ratio=2, scale=8.0, **kwargs):
        super().__init__(**kwargs)
        if pooling not in POOLING:
            raise ValueError(
                "`pooling` must be 'max' or 'average'. "
                f"Received: pooling={pooling!r}"
            )
        if ratio not in (1, 2):
            raise ValueError(
                f"`ratio` must be 1 or 2. Received: ratio={ratio!r}"
            )
        if len(channels) != 3:
            raise ValueError(
                "`channels` must be three numbers. "
                f"Received: channels={channels!r}"
            )
        self.channels = tuple(channels)
        self.pooling = pooling
        self.ratio = ratio
        self.scale = scale
        self.convolutions = [
            keras.layers.Conv2D(
                width,
                3,
                padding="same",
                activation="relu",
                dtype="float32" if i == 2 else self.dtype_policy,
            )
            for i, width in enumerate(self.channels)
        ]
        self.pool = POOLING[pooling](2, dtype=self.dtype_policy)
        # Of two pixels, bilinear is the mean.
        self.resize = keras.layers.AveragePooling2D(2, dtype="float32")

    @property
    def reach(self):
        """Latents around one that its pixels' neighbours belong to."""
        return 1

    def build(self, input_shape):
        shape = input_shape
        for convolution in self.convolutions:
            convolution.build(shape)
            shape = (*input_shape[:-1], convolution.filters)

    def call(self, x):
        h = keras.ops.cast(x, "float32") / 255.0
        for convolution in self.convolutions:
            h = self.pool(convolution(h))
        h = keras.ops.cast(h, "float32") * self.scale
        return self.resize(h) if self.ratio == 2 else space_to_depth(h, 2)

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "pooling": self.pooling,
            "ratio": self.ratio,
            "scale": self.scale,
        }


@keras.saving.register_keras_serializable("tfcodec")
class UpsamplingSynthesis(keras.layers.Layer):
    """Transposed 3x3 convolutions of stride 2 with ReLU, and one to RGB.

    Args:
        channels: three or four ints, of the transposed convolutions. After
            three the image is eight times as large as the features, of which
            a latent then has 2x2 in its channels.

    Call arguments:
        y: float tensor `(batch, height, width, channels)`.

    Returns:
        float32 `(batch, 16 * height, 16 * width, 3)`, about 0..255, not
        clipped.
    """

    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self.channels = tuple(channels)
        self.convolutions = [
            keras.layers.Conv2DTranspose(
                width,
                3,
                strides=2,
                padding="same",
                activation="relu",
                dtype=self.dtype_policy,
            )
            for width in self.channels
        ]
        self.head = keras.layers.Conv2D(
            3,
            3,
            padding="same",
            bias_initializer=GREY,
            dtype="float32",
        )

    @property
    def reach(self):
        """Latents around one that its pixels depend on."""
        return 1

    @property
    def packing(self):
        """Features of one latent, each way."""
        return BLOCK >> len(self.channels)

    def build(self, input_shape):
        shape = (*input_shape[:-1], input_shape[-1] // self.packing**2)
        for convolution in self.convolutions:
            convolution.build(shape)
            shape = (*input_shape[:-1], convolution.filters)
        self.head.build(shape)

    def call(self, y):
        return self.enlarge(depth_to_space(y, self.packing))

    def enlarge(self, h):
        """Features to pixels."""
        for convolution in self.convolutions:
            h = convolution(h)
        return self.head(h) * 255.0

    def get_config(self):
        return {**super().get_config(), "channels": self.channels}
