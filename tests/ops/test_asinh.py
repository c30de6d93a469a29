"""The inverse hyperbolic sine against NumPy's."""

import keras
import numpy as np
import tensorflow as tf

from tfcodec import ops


def test_values_are_accurate_and_odd():
    x = np.concatenate([[0.0], np.geomspace(1e-8, 1e6, 5000)]).astype("f4")
    found = keras.ops.convert_to_numpy(ops.asinh(x))
    expected = np.arcsinh(x.astype(np.float64))
    np.testing.assert_allclose(found, expected, rtol=3e-7, atol=2e-7)
    np.testing.assert_array_equal(ops.asinh(-x), -found)
    assert np.isfinite(ops.asinh(np.float32([1e18, -1e18]))).all()


def test_gradient_is_one_over_root():
    x = tf.constant([-1e4, -3.0, -1e-3, 0.0, 1e-3, 2.0, 1e4])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = ops.asinh(x)
    expected = 1.0 / np.sqrt(x.numpy().astype(np.float64) ** 2 + 1.0)
    np.testing.assert_allclose(tape.gradient(y, x), expected, rtol=1e-5)


def test_half_precision_keeps_small_numbers():
    x = keras.ops.cast([0.01, 0.001], "bfloat16")
    found = keras.ops.cast(ops.asinh(x), "float32")
    expected = keras.ops.cast(x, "float32")
    np.testing.assert_allclose(found, expected, rtol=0.01)
    assert ops.asinh(x).dtype == x.dtype
