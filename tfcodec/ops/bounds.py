"""Bounds whose gradient lets a value that is out of range come back.

`keras.ops.maximum` has gradient zero below its bound, so a parameter that ends
up there stays for ever. Here the gradient passes wherever the value is inside
or gradient descent would move it inside (Ballé et al. 2018,
https://arxiv.org/abs/1802.01436, appendix 6.2; `lower_bound` in TensorFlow
Compression behaves the same way).
"""

import keras


def lower_bound(x, bound):
    """`max(x, bound)`; `bound` is a Python float."""

    @keras.ops.custom_gradient
    def function(x):
        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            passes = keras.ops.logical_or(x >= bound, upstream < 0)
            return upstream * keras.ops.cast(passes, upstream.dtype)

        return keras.ops.maximum(x, bound), gradient

    return function(x)


def clip_with_return(x, low, high):
    """`clip(x, low, high)`; both bounds are Python floats."""
    return -lower_bound(-lower_bound(x, low), -high)
