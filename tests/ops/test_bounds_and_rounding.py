"""Forward values and gradients of the bounds and the roundings."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcodec import ops


def with_gradient(function, x, upstream=None):
    x = tf.constant(x, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return y.numpy(), tape.gradient(y, x, upstream).numpy()


@pytest.mark.parametrize(
    "function, expected",
    [
        (ops.round_st, [-2, -2, -1, 0, 0, 0, 1, 2, 3]),  # halves to even
        (ops.floor_st, [-3, -2, -2, -1, 0, 0, 0, 1, 2]),
    ],
)
def test_straight_through(function, expected):
    x = [-2.3, -1.5, -1.2, -0.5, 0.0, 0.5, 0.51, 1.5, 2.9]
    upstream = np.arange(9, dtype=np.float32)
    y, gradient = with_gradient(function, x, upstream)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(gradient, upstream)


def test_rounded_values_are_exact_integers():
    x = np.random.default_rng(0).normal(0, 300, 20_000).astype(np.float32)
    np.testing.assert_array_equal(ops.round_st(x), np.round(x))
    np.testing.assert_array_equal(ops.floor_st(x), np.floor(x))


def test_lower_bound():
    x = np.array([-1.0, -1.0, 0.0, 2.0, 2.0], np.float32)
    upstream = np.array([3.0, -3.0, 3.0, 3.0, -3.0], np.float32)
    y, gradient = with_gradient(lambda x: ops.lower_bound(x, 0.0), x, upstream)
    np.testing.assert_array_equal(y, [0, 0, 0, 2, 2])
    # Below the bound only a gradient that raises the value passes.
    np.testing.assert_array_equal(gradient, [0, -3, 3, 3, -3])


def test_clip_with_return():
    x = np.array([-9.0, -9.0, 0.5, 0.5, 9.0, 9.0], np.float32)
    upstream = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0], np.float32)
    y, gradient = with_gradient(
        lambda x: ops.clip_with_return(x, -1.0, 2.0), x, upstream
    )
    np.testing.assert_array_equal(y, [-1, -1, 0.5, 0.5, 2, 2])
    np.testing.assert_array_equal(gradient, [0, -1, 1, -1, 1, 0])


def test_a_parameter_comes_back_over_its_bound():
    variable = tf.Variable(-0.3)
    for _ in range(100):
        with tf.GradientTape() as tape:
            loss = (ops.lower_bound(variable, 0.0) - 1.0) ** 2
        variable.assign_sub(0.05 * tape.gradient(loss, variable))
    assert variable.numpy() == pytest.approx(1.0, abs=1e-2)


def test_uniform_noise():
    x = np.full((200, 200), 3.0, np.float32)
    seed = keras.random.SeedGenerator(7)
    first, second = (
        keras.ops.convert_to_numpy(
            ops.add_uniform_noise(keras.ops.convert_to_tensor(x), seed)
        )
        - x
        for _ in range(2)
    )
    assert (first != second).mean() > 0.99
    assert -0.5 <= first.min() < -0.499 and 0.499 < first.max() <= 0.5
    assert abs(first.mean()) < 0.005
    assert first.var() == pytest.approx(1 / 12, rel=0.02)
    x = keras.ops.ones((4,), dtype="bfloat16")
    noisy = ops.add_uniform_noise(x, 1)
    assert keras.backend.standardize_dtype(noisy.dtype) == "bfloat16"
