"""A dense layer with integer weights and activations, exact in float32."""

import keras

from tfcodec.ops import clip_with_return
from tfcodec.ops import floor_st

# Fixed point: an integer weight w stands for w / 2**6, an integer activation a
# for a / 2**4, so an accumulator counts in units of 2**-10. Powers of two:
# float32 arithmetic on these values is the integer arithmetic.
WEIGHT_BITS = 6
ACTIVATION_BITS = 4
WEIGHT_MAX = 127
ACTIVATION_MAX = 255
# What is learned is a weight over KERNEL_SPEED and a bias over BIAS_SPEED: an
# optimizer whose steps have a fixed size (Adam) moves integers faster so.
KERNEL_SPEED = 2.0
BIAS_SPEED = 8.0
_ACCUMULATOR_BITS = WEIGHT_BITS + ACTIVATION_BITS


@keras.saving.register_keras_serializable("tfcodec")
class IntegerDense(keras.layers.Layer):
    """Matrix product over the channels in integers, trained straight-through.

    With integer input `a`, weights `w` in [-127, 127] and biases `b`:
    `clip(floor((a @ w + b) / 2**6), low, high)`. Inside, all is scaled by
    powers of two to the size that gradients like; every product and sum is a
    multiple of 2**-10 below 2**24 units, therefore exact in float32 in any
    order of summation. Gradients pass the roundings unchanged (Bengio et al.
    2013) and the clip where they lead back inside.

    Args:
        units: int, output channels.
        low, high: ints, bounds of the output. The default [0, 255] makes the
            clip a ReLU.
        extra_shift: int. Divides the output by another 2**extra_shift.
        bias_init: float, initial bias in units of the output's integers.
        kernel_init: float, initial deviation over that of `he_uniform`.

    Call arguments:
        x: float32 `(..., channels)`, integers / 2**4.

    Returns:
        float32 `(..., units)`, integers / 2**4.
    """

    def __init__(
        self,
        units,
        low=0,
        high=ACTIVATION_MAX,
        extra_shift=0,
        bias_init=0.0,
        kernel_init=1.0,
        **kwargs,
    ):
        kwargs["dtype"] = "float32"  # also under mixed_bfloat16
        super().__init__(**kwargs)
        self.units = units
        self.low = low
        self.high = high
        self.extra_shift = extra_shift
        self.bias_init = bias_init
        self.kernel_init = kernel_init

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            initializer=keras.initializers.VarianceScaling(
                2.0 * (self.kernel_init / KERNEL_SPEED) ** 2,
                distribution="uniform",
            ),
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.units,), initializer="zeros"
        )
        self.set_bias(self.bias_init)

    def set_bias(self, values):
        """Sets the bias; float or `(units,)`, in the output's integers."""
        real = 2.0 ** (self.extra_shift - ACTIVATION_BITS) / BIAS_SPEED
        self.bias.assign(keras.ops.full((self.units,), 1.0) * values * real)

    def snap_kernel(self):
        """Sets the kernel to the integers that it is rounded to anyway."""
        exact = self.quantized_kernel() * 2.0**-WEIGHT_BITS
        self.kernel.assign(exact / KERNEL_SPEED)

    def quantized_kernel(self):
        """float32 integers in [-127, 127], `(channels, units)`."""
        kernel = self._real_kernel() * 2.0**WEIGHT_BITS
        return keras.ops.clip(keras.ops.round(kernel), -WEIGHT_MAX, WEIGHT_MAX)

    def quantized_bias(self):
        """float32 integers `(units,)`, in units of the accumulator."""
        return keras.ops.round(self._real_bias() * 2.0**_ACCUMULATOR_BITS)

    def _real_kernel(self):
        return keras.ops.cast(self.kernel, "float32") * KERNEL_SPEED

    def _real_bias(self):
        return keras.ops.cast(self.bias, "float32") * BIAS_SPEED

    def call(self, x):
        kernel = self._real_kernel()
        exact = self.quantized_kernel() * 2.0**-WEIGHT_BITS
        kernel = kernel + keras.ops.stop_gradient(exact - kernel)
        bias = self._real_bias()
        exact = self.quantized_bias() * 2.0**-_ACCUMULATOR_BITS
        bias = bias + keras.ops.stop_gradient(exact - bias)
        y = keras.ops.matmul(x, kernel) + bias
        y = y * 2.0 ** (ACTIVATION_BITS - self.extra_shift)
        y = clip_with_return(floor_st(y), float(self.low), float(self.high))
        return y * 2.0**-ACTIVATION_BITS

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "low": self.low,
            "high": self.high,
            "extra_shift": self.extra_shift,
            "bias_init": self.bias_init,
            "kernel_init": self.kernel_init,
        }
