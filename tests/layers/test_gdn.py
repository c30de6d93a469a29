"""GDN against its formula, and what keeps its parameters positive."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcodec.layers import GDN


def draw(form="simple", inverse=False, gamma=0.3):
    rng = np.random.default_rng(2)
    layer = GDN(inverse=inverse, form=form)
    layer.build((None, 6))
    beta = rng.uniform(0.5, 2, 6).astype(np.float32)
    gammas = rng.uniform(0, gamma, (6, 6)).astype(np.float32)
    layer.set_parameters(beta, gammas)
    x = rng.normal(0, 2, (3, 4, 6)).astype(np.float32)
    return layer, beta, gammas, x


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("form", ["classic", "simple"])
def test_formula(form, inverse):
    layer, beta, gamma, x = draw(form, inverse)
    expected = np.empty(x.shape)
    for i in range(6):
        if form == "classic":
            norm = np.sqrt(beta[i] + (gamma[:, i] * x**2).sum(axis=-1))
        else:
            norm = beta[i] + (gamma[:, i] * np.abs(x)).sum(axis=-1)
        expected[..., i] = x[..., i] * norm if inverse else x[..., i] / norm
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5)


@pytest.mark.parametrize("form", ["classic", "simple"])
def test_inverse_for_small_gamma(form):
    forward, beta, gamma, x = draw(form, gamma=1e-3)
    backward, *_ = draw(form, inverse=True, gamma=1e-3)
    error = np.abs(backward(forward(x)) - x).max()
    assert error < 0.05
    assert np.abs(forward(x) - x).max() > 0.3  # beta is not 1


def test_starts_nearly_diagonal():
    layer = GDN()
    layer.build((None, 3))
    np.testing.assert_allclose(layer.beta, np.ones(3))
    np.testing.assert_allclose(layer.gamma, 0.1 * np.eye(3), atol=1e-9)


@pytest.mark.parametrize("form", ["classic", "simple"])
def test_large_step_leaves_parameters_positive_and_able_to_return(form):
    layer, *_, x = draw(form)
    optimizer = keras.optimizers.SGD(100.0)
    optimizer.build(layer.trainable_variables)

    def step(target, rate):
        optimizer.learning_rate = rate
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((layer(x) - target * x) ** 2)
        variables = layer.trainable_variables
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return float(loss)

    step(100.0, 1e4)  # wants a tiny norm: pushes all far below zero
    assert float(keras.ops.min(layer.beta_root)) < -1
    assert float(keras.ops.min(layer.beta)) > 0
    assert float(keras.ops.min(layer.gamma)) >= 0
    assert np.isfinite(layer(x)).all()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((layer(x) - 0.1 * x) ** 2)
    gradient = tape.gradient(loss, layer.beta_root.value)
    assert (gradient.numpy()[layer.beta_root.numpy() < 0] < 0).all()


def test_rejects_other_forms():
    with pytest.raises(ValueError, match="`form` must be.*Received: form='x'"):
        GDN(form="x")


def test_parameters_are_float32_under_mixed_precision():
    """A rounding of beta to bfloat16 would be off by 0.4 percent."""
    seen = []
    original = GDN.call

    class Spy(GDN):
        def call(self, x):
            seen.append(keras.ops.convert_to_numpy(self.beta))
            return original(self, x)

    spy = Spy(dtype="mixed_bfloat16")
    spy.build((None, 2))
    spy.set_parameters(np.float32([1.003, 1.003]), np.zeros((2, 2), "f4"))
    spy(np.ones((1, 2), np.float32))
    np.testing.assert_allclose(seen[0], 1.003, rtol=1e-6)
