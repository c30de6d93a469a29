"""The integer layer computes integers, and learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcodec.layers import IntegerDense


def reference(layer, a):
    """int64 arithmetic of the docstring, on integer input."""
    w = keras.ops.convert_to_numpy(layer.quantized_kernel()).astype(np.int64)
    b = keras.ops.convert_to_numpy(layer.quantized_bias()).astype(np.int64)
    total = (a.astype(np.int64) @ w + b) >> (6 + layer.extra_shift)
    return np.clip(total, layer.low, layer.high)


@pytest.mark.parametrize("extra_shift", [-2, 0, 3])
def test_equals_int64(extra_shift):
    keras.utils.set_random_seed(extra_shift + 5)
    layer = IntegerDense(40, extra_shift=extra_shift, bias_init=3.0)
    layer.build((None, 300))
    rng = np.random.default_rng(0)
    layer.kernel.assign(rng.normal(0, 0.04 * 2.0**extra_shift, (300, 40)))
    layer.bias.assign(rng.normal(0, 0.5 * 2.0**extra_shift, 40))
    a = rng.integers(0, 256, (500, 300))
    out = np.asarray(layer((a / 16).astype(np.float32))) * 16
    expected = reference(layer, a)
    np.testing.assert_array_equal(out, expected)
    assert 0.15 < ((expected > 0) & (expected < 255)).mean()
    # The order of summation does not matter.
    order = rng.permutation(300)
    layer.kernel.assign(keras.ops.convert_to_numpy(layer.kernel)[order])
    out = np.asarray(layer((a[:, order] / 16).astype(np.float32))) * 16
    np.testing.assert_array_equal(out, expected)


def test_kernel_stays_in_its_range():
    layer = IntegerDense(2)
    layer.build((None, 3))
    layer.kernel.assign(np.array([[9, -9], [0.1, 0.5], [1, -1]], np.float32))
    kernel = keras.ops.convert_to_numpy(layer.quantized_kernel())
    np.testing.assert_array_equal(kernel, [[127, -127], [13, 64], [127, -127]])


def test_bias_init_is_the_output_of_zero():
    for extra_shift in (-2, 0, 2):
        layer = IntegerDense(3, extra_shift=extra_shift, bias_init=10.0)
        out = layer(np.zeros((1, 4), np.float32))
        np.testing.assert_array_equal(np.asarray(out) * 16, [[10] * 3])


def test_gradient_passes_the_roundings():
    keras.utils.set_random_seed(2)
    layer = IntegerDense(5, high=200, bias_init=100.0, kernel_init=0.2)
    x = tf.constant(np.random.default_rng(0).integers(0, 64, (8, 6)) / 16.0)
    x = tf.cast(x, tf.float32)
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = layer(x)
        loss = tf.reduce_sum(out)
    inside = (np.asarray(out) > 0) & (np.asarray(out) * 16 < 200)
    assert inside.all()
    by_x, by_bias = tape.gradient(loss, [x, layer.bias.value])
    kernel = keras.ops.convert_to_numpy(layer.quantized_kernel()) / 64
    np.testing.assert_allclose(by_x, np.tile(kernel.sum(axis=1), (8, 1)))
    np.testing.assert_allclose(by_bias, 8 * 8.0)  # 8 rows, BIAS_SPEED
