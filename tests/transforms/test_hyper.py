"""The scale network's warm start, and shapes that are no multiples of 4."""

import keras
import numpy as np
import pytest

from tfcodec.transforms import HyperAnalysis
from tfcodec.transforms import IntegerScaleNetwork


def test_warm_start_sets_indexes_and_slope():
    network = IntegerScaleNetwork(6)
    network.build((None, None, None, 4))
    for stage in network.stages[:3]:
        stage.kernel.assign(keras.ops.zeros_like(stage.kernel))
    kernel = keras.ops.zeros_like(network.stages[3].kernel)
    network.stages[3].kernel.assign(kernel)
    wanted = np.array([-5, 2, 20, 30.4, 47, 80], np.float32)
    network.warm_start(wanted, slope=0.2)
    z = np.zeros((3, 1, 1, 4), np.float32)
    quality = np.array([1, 50, 100], np.float32)
    like = np.zeros((3, 2, 3, 6), np.float32)
    out = np.asarray(network(z, quality, like))[:, 0, 0]
    expected = wanted + 0.2 * (quality - 50)[:, None]
    expected = np.clip(expected, 0, 63)
    # One index of rounding down, and the kernel's grid over 250 codes.
    assert np.abs(out - expected).max() < 1.6
    assert np.abs(out[1] - expected[1]).max() < 1.01


def test_scale_network_gradient_reaches_every_stage():
    import tensorflow as tf

    keras.utils.set_random_seed(1)
    network = IntegerScaleNetwork(6)
    rng = np.random.default_rng(0)
    z = tf.constant(rng.integers(-5, 6, (2, 2, 2, 4)).astype(np.float32))
    quality = tf.constant([20.0, 80.0])
    like = tf.zeros((2, 7, 5, 6))
    network(z, quality, like)
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = tf.reduce_mean((network(z, quality, like) - 30.0) ** 2)
    gradients = tape.gradient(
        loss, [z, *(w.value for w in network.trainable_weights)]
    )
    assert all(np.any(g) and np.isfinite(g).all() for g in gradients)


@pytest.mark.parametrize("size", [(1, 1), (4, 8), (5, 7)])
def test_hyper_analysis_rounds_the_size_up(size):
    layer = HyperAnalysis(8, 3)
    out = layer(np.ones((1, *size, 6), np.float32))
    assert out.shape == (1, -(-size[0] // 4), -(-size[1] // 4), 3)
