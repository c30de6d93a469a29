"""The learned univariate density of the factorized prior."""

import math

import keras


@keras.saving.register_keras_serializable("tfcodec")
class DeepFactorized(keras.layers.Layer):
    """One learned density per channel, through its cumulative function.

    The cumulative is a small monotone network: `sigmoid(f_K(... f_1(x)))`
    with `f_k(h) = g_k(softplus(H_k) h + b_k)` and
    `g_k(h) = h + tanh(a_k) * tanh(h)` (none after the last).

    Args:
        channels: int.
        filters: tuple of ints, widths of the hidden steps.
        init_scale: float; the initial density spans about `+-init_scale`.

    Call arguments:
        x: float tensor `(..., channels)`.

    Returns:
        float32 tensor of the shape of `x`: `-log2` of the mass within 0.5 of
        `x`, in bits.

    Reference: Ballé et al. 2018, https://arxiv.org/abs/1802.01436, appendix
    6.1. Parameters have the form and the initial values of TensorFlow
    Compression's `DeepFactorized`, against which this is tested.
    """

    def __init__(self, channels, filters=(3, 3, 3), init_scale=10.0, **kwargs):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)
        self.channels = channels
        self.filters = tuple(filters)
        self.init_scale = init_scale

    def build(self, input_shape=None):
        widths = (1, *self.filters, 1)
        scale = self.init_scale ** (1 / (len(self.filters) + 1))
        self.matrices, self.biases, self.factors = [], [], []
        for i, (inner, outer) in enumerate(
            zip(widths[:-1], widths[1:], strict=True)
        ):
            init = math.log(math.expm1(1 / scale / outer))
            self.matrices.append(
                self.add_weight(
                    name=f"matrix_{i}",
                    shape=(self.channels, outer, inner),
                    initializer=keras.initializers.Constant(init),
                )
            )
            self.biases.append(
                self.add_weight(
                    name=f"bias_{i}",
                    shape=(self.channels, outer, 1),
                    initializer=keras.initializers.RandomUniform(-0.5, 0.5),
                )
            )
            if i < len(self.filters):
                self.factors.append(
                    self.add_weight(
                        name=f"factor_{i}",
                        shape=(self.channels, outer, 1),
                        initializer="zeros",
                    )
                )

    def logits_cumulative(self, x):
        """Logit of the cumulative density at `x`; shape and dtype of `x`."""
        h = x[..., None]  # (..., channels, width)
        for i, (matrix, bias) in enumerate(
            zip(self.matrices, self.biases, strict=True)
        ):
            weights = keras.ops.softplus(matrix)
            h = keras.ops.sum(h[..., None, :] * weights, axis=-1)
            h = h + bias[:, :, 0]
            if i < len(self.factors):
                factor = keras.ops.tanh(self.factors[i][:, :, 0])
                h = h + factor * keras.ops.tanh(h)
        return h[..., 0]

    def bits(self, x):
        """See the class."""
        x = keras.ops.cast(x, "float32")
        lower = self.logits_cumulative(x - 0.5)
        upper = self.logits_cumulative(x + 0.5)
        # sigmoid(u) - sigmoid(l) without cancellation in either tail.
        distance = keras.ops.maximum(upper - lower, 1e-9)
        log_mass = (
            keras.ops.log(-keras.ops.expm1(-distance))
            - keras.ops.softplus(-upper)
            - keras.ops.softplus(lower)
        )
        return log_mass * (-1.0 / math.log(2.0))

    def call(self, x):
        return self.bits(x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "filters": self.filters,
            "init_scale": self.init_scale,
        }
