"""The learned density: masses, symmetry of the tails, gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcodec.priors import DeepFactorized


@pytest.fixture(scope="module")
def prior():
    keras.utils.set_random_seed(5)
    prior = DeepFactorized(4, init_scale=3.0)
    prior.build()
    rng = np.random.default_rng(5)
    for weight in prior.weights:
        shift = rng.normal(0, 0.3, weight.shape).astype(np.float32)
        weight.assign_add(shift)
    return prior


def grid(values, channels=4):
    return np.tile(np.asarray(values, np.float32)[:, None], (1, channels))


def numpy_cumulative(prior, x):
    """Equation of appendix 6.1 in float64, `(n,)` to `(n, channels)`."""
    columns = []
    for channel in range(prior.channels):
        h = np.asarray(x, np.float64)[None]
        for i, matrix in enumerate(prior.matrices):
            weight = np.logaddexp(0, np.float64(matrix.numpy()[channel]))
            h = weight @ h + np.float64(prior.biases[i].numpy()[channel])
            if i < len(prior.factors):
                factor = np.tanh(np.float64(prior.factors[i].numpy()[channel]))
                h = h + factor * np.tanh(h)
        columns.append(1 / (1 + np.exp(-h[0])))
    return np.stack(columns, axis=1)


def test_equals_the_formula(prior):
    x = np.linspace(-8, 8, 81)
    mass = numpy_cumulative(prior, x + 0.5) - numpy_cumulative(prior, x - 0.5)
    bits = keras.ops.convert_to_numpy(prior(grid(x)))
    np.testing.assert_allclose(bits, -np.log2(mass), atol=2e-4)


def test_masses_sum_to_one(prior):
    bits = keras.ops.convert_to_numpy(prior(grid(range(-3000, 3001))))
    mass = (2.0 ** -np.float64(bits)).sum(axis=0)
    np.testing.assert_allclose(mass, 1, atol=2e-4)


def test_tails_are_finite_with_gradient(prior):
    x = tf.constant(grid([-1e4, -300, -10, 0, 10, 300, 1e4]))
    with tf.GradientTape() as tape:
        tape.watch(x)
        bits = prior(x)
    values = [x, *prior.trainable_variables]
    by_x, *by_weights = tape.gradient(bits, values)
    assert np.isfinite(bits).all() and (bits.numpy() > 0).all()
    assert all(np.isfinite(g).all() for g in (by_x, *by_weights))
    by_x = by_x.numpy()
    assert (by_x[:2] < 0).all() and (by_x[-2:] > 0).all()


def test_init_scale_is_the_spread():
    for scale in (3.0, 30.0):
        keras.utils.set_random_seed(0)
        prior = DeepFactorized(50, init_scale=scale)
        prior.build()
        x = np.arange(-2000, 2001)
        bits = np.float64(keras.ops.convert_to_numpy(prior(grid(x, 50))))
        mass = 2.0**-bits
        outside = mass[np.abs(x) > 2 * scale].sum(axis=0).mean()
        inside = mass[np.abs(x) <= scale / 2].sum(axis=0).mean()
        assert outside < 0.35 and inside < 0.6


def test_learns_a_distribution():
    """After fitting, the bits are close to the source's entropy."""
    rng = np.random.default_rng(1)
    x = np.round(rng.normal(2.0, 1.5, (4000, 1))).astype(np.float32)
    keras.utils.set_random_seed(1)
    prior = DeepFactorized(1, init_scale=3.0)
    prior.build()
    optimizer = keras.optimizers.Adam(0.02)
    optimizer.build(prior.trainable_variables)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(prior(x))
        gradients = tape.gradient(loss, prior.trainable_variables)
        optimizer.apply_gradients(
            zip(gradients, prior.trainable_variables, strict=True)
        )
        return loss

    for _ in range(300):
        loss = step()
    _, counts = np.unique(x, return_counts=True)
    p = counts / counts.sum()
    entropy = -(p * np.log2(p)).sum()
    assert entropy - 1e-3 < float(loss) < entropy + 0.03
