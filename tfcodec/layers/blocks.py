"""The residual block that all transforms of `photo` are made of."""

import keras


@keras.saving.register_keras_serializable("tfcodec")
class BottleneckBlock(keras.layers.Layer):
    """Residual bottleneck: 1x1 down, 3x3, 1x1 up, added to the input.

        x ──┬─ 1x1 (hidden) ─ ReLU ─ 3x3 (hidden) ─ ReLU ─ 1x1 (channels) ─ + ─
            └───────────────────────────────────────────────────────────────┘

    The last convolution starts small (a tenth of the usual deviation), so a
    stack of blocks starts near the identity. Used by ELIC (He et al. 2022,
    https://arxiv.org/abs/2203.10886, section 3.3).

    Args:
        channels: int, channels of input and output.
        hidden: int, channels inside; half of `channels` if None.

    Call arguments:
        x: float tensor `(batch, height, width, channels)`.

    Returns:
        Tensor of the same shape.
    """

    def __init__(self, channels, hidden=None, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        self.hidden = hidden or channels // 2
        self.reduce = keras.layers.Conv2D(
            self.hidden, 1, activation="relu", dtype=self.dtype_policy
        )
        self.mix = keras.layers.Conv2D(
            self.hidden,
            3,
            padding="same",
            activation="relu",
            dtype=self.dtype_policy,
        )
        self.expand = keras.layers.Conv2D(
            channels,
            1,
            kernel_initializer=keras.initializers.VarianceScaling(
                0.01, mode="fan_avg", distribution="uniform"
            ),
            dtype=self.dtype_policy,
        )

    def build(self, input_shape):
        self.reduce.build(input_shape)
        hidden_shape = (*input_shape[:-1], self.hidden)
        self.mix.build(hidden_shape)
        self.expand.build(hidden_shape)

    def call(self, x):
        return x + self.expand(self.mix(self.reduce(x)))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "hidden": self.hidden,
        }
