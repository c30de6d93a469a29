"""Bits of the noisy normal against float64, its masses and its tails."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcodec.priors import noisy_normal_bits

SCALES = (0.11, 0.3, 0.7, 1.0, 1.9, 2.0, 2.1, 5.0, 20.0, 100.0)


def exact_bits(x, scale):
    """The same by `math.erfc` in float64; nan where that underflows."""
    near = (abs(x) - 0.5) / (scale * math.sqrt(2))
    far = (abs(x) + 0.5) / (scale * math.sqrt(2))
    if near < 0:
        mass = 1 - 0.5 * (math.erfc(-near) + math.erfc(far))
    else:
        mass = 0.5 * (math.erfc(near) - math.erfc(far))
    return -math.log2(mass) if mass > 1e-300 else math.nan


def bits_and_gradients(x, scale):
    x, scale = tf.constant(x, tf.float32), tf.constant(scale, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch([x, scale])
        bits = noisy_normal_bits(x, scale)
    return [t.numpy() for t in (bits, *tape.gradient(bits, [x, scale]))]


@pytest.mark.parametrize("scale", SCALES)
def test_agrees_with_float64(scale):
    x = np.concatenate(
        [np.arange(0, 40), np.linspace(-3, 3, 61), scale * np.arange(12)]
    ).astype(np.float32)
    expected = np.array([exact_bits(float(v), scale) for v in x])
    known = np.isfinite(expected)
    bits = keras.ops.convert_to_numpy(noisy_normal_bits(x, scale))
    assert known.sum() > 30
    # float32's rounding of a sum near `bits`, and 2e-5 of the mass.
    np.testing.assert_allclose(
        bits[known], expected[known], rtol=3e-6, atol=3e-5
    )


@pytest.mark.parametrize("scale", SCALES)
def test_masses_sum_to_one(scale):
    x = np.arange(-1000, 1001, dtype=np.float32)
    bits = keras.ops.convert_to_numpy(noisy_normal_bits(x, scale))
    assert (2.0 ** -bits.astype(np.float64)).sum() == pytest.approx(1, abs=3e-5)


def test_tails_are_finite_with_gradient():
    reach = np.array([0, 0.4, 0.5, 0.6, 3, 50, 1e3, 1e4], np.float32)
    x = np.concatenate([-reach, reach])
    for scale in SCALES:
        bits, by_x, by_scale = bits_and_gradients(x, np.full(x.shape, scale))
        assert np.isfinite(bits).all() and (bits >= 0).all()
        assert np.isfinite(by_x).all() and np.isfinite(by_scale).all()
        far = np.abs(x) >= max(3, 3 * scale)
        # Further out costs more, at about x / scale**2 / log(2) per unit.
        slope = np.abs(x) / (scale * scale * math.log(2))
        assert (by_x * np.sign(x) > 0.8 * slope - 0.5)[far].all()
        assert (by_scale[far] < 0).all()


@pytest.mark.parametrize("scale", (0.11, 0.5, 1.5, 1.999, 2.001, 8.0, 100.0))
def test_gradient_is_the_slope(scale):
    x = np.linspace(0.05, 12.05, 41)
    slope = (
        np.array(
            [
                exact_bits(v + 1e-5, scale) - exact_bits(v - 1e-5, scale)
                for v in x
            ]
        )
        / 2e-5
    )
    _, by_x, _ = bits_and_gradients(x, np.full(x.shape, scale))
    known = np.isfinite(slope) & (np.abs(slope) < 1e4)
    np.testing.assert_allclose(by_x[known], slope[known], rtol=2e-3, atol=2e-4)
