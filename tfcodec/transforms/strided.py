"""Plain stacks of strided 3x3 convolutions, as introductory articles have them.

x ─ 3x3/2 ─ [norm] ─ ReLU ─ ... ─ space to depth ─ y               (and back)
"""

import keras

from tfcodec.limits import BLOCK
from tfcodec.ops import depth_to_space
from tfcodec.ops import space_to_depth

# Where pictures begin: of middling brightness and contrast, within 0..1.
GREY = keras.initializers.Constant(0.45)
CONTRAST = keras.initializers.Constant(0.25)


@keras.saving.register_keras_serializable("tfcodec")
class StridedAnalysis(keras.layers.Layer):
    """Convolutions of stride 2 with ReLU; what they give is packed to 1/16.

    Args:
        channels: tuple of 1 to 4 ints, of the convolutions.
        batch_norm: bool, batch normalization before each ReLU.
        scale: float, factor of the last ReLU's output.

    Call arguments:
        x: float tensor `(batch, height, width, 3)`, 0..255, sides multiples
            of 16.

    Returns:
        float32 `(batch, height / 16, width / 16, packed)`, not negative, with
        `packed = channels[-1] * (16 / 2**len(channels)) ** 2`.
    """

    def __init__(self, channels, batch_norm=False, scale=8.0, **kwargs):
        super().__init__(**kwargs)
        self.channels = tuple(channels)
        self.batch_norm = batch_norm
        self.scale = scale
        last = len(self.channels) - 1
        self.convolutions = [
            keras.layers.Conv2D(
                width,
                3,
                strides=2,
                padding="same",
                dtype="float32" if i == last else self.dtype_policy,
            )
            for i, width in enumerate(self.channels)
        ]
        self.norms = [
            keras.layers.BatchNormalization(dtype=self.dtype_policy)
            for _ in self.channels
            if batch_norm
        ]

    @property
    def reach(self):
        """Latents around one that its pixels' neighbours belong to."""
        return 1

    @property
    def packing(self):
        """Features of one latent, each way."""
        return BLOCK >> len(self.channels)

    def build(self, input_shape):
        shape = input_shape
        for i, convolution in enumerate(self.convolutions):
            convolution.build(shape)
            shape = (*input_shape[:-1], self.channels[i])
            if self.batch_norm:
                self.norms[i].build(shape)

    def call(self, x):
        h = keras.ops.cast(x, "float32") / 255.0
        for i, convolution in enumerate(self.convolutions):
            h = convolution(h)
            if self.batch_norm:
                h = self.norms[i](h)
            h = keras.ops.relu(h)
        h = keras.ops.cast(h, "float32") * self.scale
        return space_to_depth(h, self.packing)

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "batch_norm": self.batch_norm,
            "scale": self.scale,
        }


@keras.saving.register_keras_serializable("tfcodec")
class StridedSynthesis(keras.layers.Layer):
    """Transposed convolutions of stride 2 with ReLU, the way back.

    Args:
        channels: tuple of 1 to 4 ints, of the transposed convolutions; the
            last is 3, for the image.
        batch_norm: bool, batch normalization before each ReLU, which then
            follows the last convolution too; else the last one is linear.
        residual: bool, for a correction of an image: the last convolution is
            linear in any case, and begins at zero.

    Call arguments:
        y: float tensor `(batch, height, width, packed)`.

    Returns:
        float32 `(batch, 16 * height, 16 * width, 3)`, about 0..255, not
        clipped.
    """

    def __init__(self, channels, batch_norm=False, residual=False, **kwargs):
        super().__init__(**kwargs)
        self.channels = tuple(channels)
        self.batch_norm = batch_norm
        self.residual = residual
        last = len(self.channels) - 1
        # How many convolutions a ReLU follows.
        self.activated = last + (batch_norm and not residual)
        zero = {"kernel_initializer": "zeros"} if residual else {}
        start = zero or {"bias_initializer": GREY}
        self.convolutions = [
            keras.layers.Conv2DTranspose(
                width,
                3,
                strides=2,
                padding="same",
                **(start if i == last else {}),
                dtype="float32" if i == last else self.dtype_policy,
            )
            for i, width in enumerate(self.channels)
        ]
        self.norms = [
            keras.layers.BatchNormalization(
                beta_initializer=GREY if i == last else "zeros",
                gamma_initializer=CONTRAST if i == last else "ones",
                dtype="float32" if i == last else self.dtype_policy,
            )
            for i in range(self.activated)
            if batch_norm
        ]

    @property
    def reach(self):
        """Latents around one that its pixels depend on."""
        return 1

    @property
    def packing(self):
        """Features of one latent, each way."""
        return BLOCK >> len(self.channels)

    def build(self, input_shape):
        packed = input_shape[-1] // self.packing**2
        shape = (*input_shape[:-1], packed)
        for i, convolution in enumerate(self.convolutions):
            convolution.build(shape)
            shape = (*input_shape[:-1], self.channels[i])
            if i < len(self.norms):
                self.norms[i].build(shape)

    def call(self, y):
        h = depth_to_space(y, self.packing)
        for i, convolution in enumerate(self.convolutions):
            h = convolution(h)
            if i < len(self.norms):
                h = self.norms[i](h)
            if i < self.activated:
                h = keras.ops.relu(h)
        return h * 255.0

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "batch_norm": self.batch_norm,
            "residual": self.residual,
        }
