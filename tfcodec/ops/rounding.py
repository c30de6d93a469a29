"""Rounding with the straight-through gradient (Bengio et al. 2013).

The forward value is exactly the rounded one; the gradient is that of the
identity. Theis et al. 2017 (https://arxiv.org/abs/1703.00395, section 2.1) use
it to train compressive autoencoders.
"""

import keras


def round_st(x):
    """Rounds to the nearest integer (halves to even), identity gradient."""
    return x + keras.ops.stop_gradient(keras.ops.round(x) - x)


def floor_st(x):
    """Rounds towards minus infinity, identity gradient."""
    return x + keras.ops.stop_gradient(keras.ops.floor(x) - x)
