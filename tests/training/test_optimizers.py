"""The schedule's values, and one step of the optimizer in NumPy."""

import keras
import numpy as np
import pytest

from tfcodec.training.optimizers import ConvMuon
from tfcodec.training.optimizers import WarmupCosine
from tfcodec.training.optimizers import orthogonalize


def test_schedule():
    schedule = WarmupCosine(
        2.0, steps=1000, warmup=100, decay_from=0.6, end_factor=0.1
    )
    for step, expected in (
        (0, 0.02),
        (49, 1.0),
        (99, 2.0),
        (100, 2.0),
        (600, 2.0),
        (800, 2.0 * (0.1 + 0.9 / 2)),
        (1000, 0.2),
        (5000, 0.2),
    ):
        assert float(schedule(step)) == pytest.approx(expected, rel=1e-5)
    values = [float(schedule(step)) for step in range(600, 1001, 20)]
    assert values == sorted(values, reverse=True)
    again = WarmupCosine.from_config(schedule.get_config())
    assert [float(again(s)) for s in (7, 444, 777)] == [
        float(schedule(s)) for s in (7, 444, 777)
    ]


def test_schedule_without_warm_up_or_decay():
    schedule = WarmupCosine(1.0, steps=10, warmup=0, decay_from=1.0)
    assert [float(schedule(s)) for s in (0, 5, 9)] == [1, 1, 1]


@pytest.mark.parametrize("shape", [(60, 12), (12, 60), (24, 24), (300, 2)])
def test_orthogonalize(shape):
    matrix = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    out = np.asarray(orthogonalize(matrix))
    assert out.shape == shape
    singular = np.linalg.svd(out, compute_uv=False)
    # Five steps bring all but tiny singular values into this band.
    assert singular.max() < 1.25
    assert np.median(singular) > 0.65
    if shape[0] != shape[1]:
        assert singular.min() > 0.65
    # It is the polar factor's direction: same singular vectors.
    u, _, v = np.linalg.svd(matrix, full_matrices=False)
    diagonal = np.diagonal(u.T @ out @ v.T)
    np.testing.assert_allclose(np.sort(diagonal), np.sort(singular), atol=1e-3)


def test_orthogonalize_ignores_the_scale():
    matrix = np.random.default_rng(1).normal(size=(8, 30)).astype(np.float32)
    expected = np.asarray(orthogonalize(matrix))
    np.testing.assert_allclose(
        orthogonalize(matrix * 1e-3), expected, atol=2e-3
    )
    assert np.isfinite(orthogonalize(np.zeros((3, 4), np.float32))).all()


def variables_and_gradients():
    rng = np.random.default_rng(2)
    shapes = {"kernel": (3, 3, 4, 8), "bias": (8,), "dense": (5, 6)}
    values = {k: rng.normal(size=s).astype("f4") for k, s in shapes.items()}
    gradients = [
        {k: rng.normal(size=s).astype("f4") for k, s in shapes.items()}
        for _ in range(3)
    ]
    return values, gradients


def numpy_steps(values, gradients, rate=0.01):
    """The docstring's update rules, in float64."""
    values = {k: v.astype(np.float64) for k, v in values.items()}
    m = {k: np.zeros_like(v) for k, v in values.items()}
    v2 = {k: np.zeros_like(v) for k, v in values.items()}
    for t, step in enumerate(gradients, start=1):
        for name, gradient in step.items():
            if name == "kernel":
                m[name] = 0.95 * m[name] + gradient
                update = (gradient + 0.95 * m[name]).reshape(36, 8)
                update = np.asarray(orthogonalize(update.astype("f4")))
                update = update.reshape(3, 3, 4, 8) * 0.2 * 6  # sqrt(36)
                values[name] -= rate * update
            else:
                m[name] += (gradient - m[name]) * 0.1
                v2[name] += (gradient**2 - v2[name]) * 0.001
                m_hat = m[name] / (1 - 0.9**t)
                v_hat = v2[name] / (1 - 0.999**t)
                values[name] -= 0.5 * rate * m_hat / (np.sqrt(v_hat) + 1e-8)
    return values


def test_steps_equal_numpy():
    values, gradients = variables_and_gradients()
    variables = [keras.Variable(v, name=k) for k, v in values.items()]
    optimizer = ConvMuon(0.01)
    optimizer.build(variables)
    for step in gradients:
        tensors = [keras.ops.convert_to_tensor(g) for g in step.values()]
        optimizer.apply(tensors, variables)
    expected = numpy_steps(values, gradients)
    for variable, (name, value) in zip(
        variables, expected.items(), strict=True
    ):
        out = keras.ops.convert_to_numpy(variable)
        moved = np.abs(value - values[name]).max()
        assert moved > 5e-3
        np.testing.assert_allclose(out, value, atol=1e-3 * moved)


def test_kernel_updates_have_the_size_of_adams():
    values, gradients = variables_and_gradients()
    variable = keras.Variable(values["kernel"])
    optimizer = ConvMuon(1.0)
    optimizer.build([variable])
    gradient = keras.ops.convert_to_tensor(gradients[0]["kernel"])
    optimizer.apply([gradient], [variable])
    moved = keras.ops.convert_to_numpy(variable) - values["kernel"]
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(0.2, rel=0.25)


def test_kernels_with_one_channel_are_adams():
    """A 1-column matrix has nothing to orthogonalize."""
    one = keras.Variable(np.ones((3, 3, 1, 4), np.float32))
    optimizer = ConvMuon(0.1)
    optimizer.build([one])
    gradient = np.full((3, 3, 1, 4), 7.0, np.float32)
    optimizer.apply([keras.ops.convert_to_tensor(gradient)], [one])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(one), 0.95, rtol=1e-4)


def test_config_round_trip():
    schedule = WarmupCosine(0.1, 100, warmup=5)
    optimizer = ConvMuon(
        schedule,
        adam_factor=0.3,
        momentum=0.8,
        beta_1=0.7,
        beta_2=0.99,
        epsilon=1e-5,
        global_clipnorm=0.5,
        use_ema=True,
        ema_momentum=0.9,
    )
    config = keras.saving.serialize_keras_object(optimizer)
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, ConvMuon)
    assert again.get_config() == optimizer.get_config()
    assert again.adam_factor == 0.3 and again.ema_momentum == 0.9
    assert float(again.learning_rate) == float(schedule(0))
