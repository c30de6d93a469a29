"""Bits of the noisy logistic against float64, its masses and its tails."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcodec.priors import noisy_logistic_bits

SCALES = (0.11, 0.3, 0.7, 1.0, 2.0, 5.0, 20.0, 100.0)


def exact_bits(x, scale):
    """From the distribution function's smaller tails, in float64."""
    width = scale * math.sqrt(3) / math.pi

    def above(edge):
        return 1 / (1 + math.exp(min(edge / width, 700)))

    mass = above(abs(x) - 0.5) - above(abs(x) + 0.5)
    return -math.log2(mass) if mass > 1e-290 else math.nan


@pytest.mark.parametrize("scale", SCALES)
def test_agrees_with_float64(scale):
    x = np.concatenate(
        [np.arange(0, 40), np.linspace(-3, 3, 61), scale * np.arange(12)]
    ).astype(np.float32)
    expected = np.array([exact_bits(float(v), scale) for v in x])
    known = np.isfinite(expected)
    bits = keras.ops.convert_to_numpy(noisy_logistic_bits(x, scale))
    assert known.sum() > 30
    np.testing.assert_allclose(
        bits[known], expected[known], rtol=3e-6, atol=2e-6
    )


@pytest.mark.parametrize("scale", SCALES)
def test_masses_sum_to_one(scale):
    x = np.arange(-3000, 3001, dtype=np.float32)
    bits = keras.ops.convert_to_numpy(noisy_logistic_bits(x, scale))
    assert (2.0 ** -bits.astype(np.float64)).sum() == pytest.approx(1, abs=2e-5)


@pytest.mark.parametrize("scale", SCALES)
def test_scale_is_the_standard_deviation(scale):
    """Of the density with its unit of noise: variances add."""
    x = np.arange(-3000, 3001, dtype=np.float64)
    bits = keras.ops.convert_to_numpy(noisy_logistic_bits(x, scale))
    variance = (2.0 ** -bits.astype(np.float64) * x * x).sum()
    if scale >= 1:  # below, rounding is not noise
        assert variance == pytest.approx(scale**2 + 1 / 12, rel=3e-3)


def test_tails_grow_linearly_with_gradient():
    x = tf.constant([-1e4, -50.0, 0.0, 0.5, 10.0, 1e3, 1e4])
    for scale in SCALES:
        with tf.GradientTape() as tape:
            tape.watch(x)
            bits = noisy_logistic_bits(x, scale)
        by_x = tape.gradient(bits, x).numpy()
        assert np.isfinite(bits).all() and np.isfinite(by_x).all()
        slope = np.sign(x) * math.pi / (math.sqrt(3) * scale * math.log(2))
        far = np.abs(x) > 12 * scale + 3
        np.testing.assert_allclose(by_x[far], slope[far], rtol=1e-3)
