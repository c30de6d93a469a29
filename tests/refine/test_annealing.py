"""Mean-field annealing finds the integers that an exhaustive search finds."""

import itertools

import keras
import numpy as np

from tfcodec.refine.annealing import SHARE
from tfcodec.refine.annealing import Annealing
from tfcodec.refine.annealing import Beliefs
from tfcodec.refine.annealing import temperature
from tfcodec.refine.descent import PLANS
from tfcodec.refine.relaxation import Relaxation

QUALITY = np.array([60.0], np.float32)


def settle(values, bits, slope_at, curvature, steps=60, damping=0.2):
    beliefs = Beliefs(values, bits)
    for t in range(steps):
        slope = slope_at(beliefs.means)
        warmth = temperature(t / (steps - 1))
        beliefs.update(slope, curvature, warmth, damping)
    return beliefs.likeliest


def test_means_begin_at_the_values():
    values = np.array([-1.4, -0.5, 0.0, 0.2, 2.5, 7.9], np.float32)
    beliefs = Beliefs(values, np.abs)
    np.testing.assert_allclose(beliefs.means, values, atol=1e-6)
    assert (beliefs.above >= 0).all() and (beliefs.below >= 0).all()
    assert (beliefs.above + beliefs.below <= 0.5).all()


def test_without_bits_it_rounds():
    target = np.array([-2.3, -0.6, 0.4, 0.6, 1.2, 5.7], np.float32)
    found = settle(
        np.zeros(6, np.float32),
        np.zeros_like,
        lambda means: 20.0 * (means - target),
        np.float32(20.0),
    )
    np.testing.assert_array_equal(found, np.rint(target))


def test_moves_over_several_integers():
    """Three values are looked at, but their middle one moves."""
    found = settle(
        np.array([0.0], np.float32),
        np.zeros_like,
        lambda means: 10.0 * (means - 6.0),
        np.float32(10.0),
    )
    assert found == [6]


def test_nearly_as_good_as_trying_all():
    """Eight residuals that share their error, against 3 ** 8 trials."""
    trials = np.array(list(itertools.product((-1, 0, 1), repeat=8)), float)
    weight = 17.0

    def bits(values):
        return 0.5 + 2.5 * np.abs(values)

    excess = []  # over the best, of rounding and of annealing
    for seed in range(20):
        rng = np.random.default_rng(seed)
        basis = np.eye(8) + 0.2 * rng.normal(size=(8, 8))
        target = basis @ rng.uniform(-1, 1, 8)

        def slope_at(means, basis=basis, target=target):
            return weight * basis.T @ (basis @ means - target)

        def cost(values, basis=basis, target=target):
            error = np.square(values @ basis.T - target).sum(axis=-1)
            return bits(values).sum(axis=-1) + 0.5 * weight * error

        start = np.linalg.solve(basis, target)
        curvature = weight * np.square(basis).sum(axis=0)
        found = settle(start, bits, slope_at, SHARE * curvature)
        pair = np.stack([np.rint(start), found])
        excess.append(cost(pair) - cost(trials).min())
    rounded, annealed = np.transpose(excess)
    assert (annealed <= rounded + 1e-9).all()
    assert annealed.mean() < 0.2 * rounded.mean()
    # How often the best one is found.
    assert (annealed < 1e-9).sum() > 3 * (rounded < 1e-9).sum()


def test_latents_give_the_integers(latents):
    """The encoder rounds what comes out to what was settled on."""
    codec, y, z, pixels, inside, shapes = latents
    relaxation = Relaxation(codec.model, codec.coding.tables)
    annealing = Annealing(relaxation, (*shapes, (1,)))
    steps = []
    plan = PLANS[4]._replace(annealing=4)
    settled = annealing(
        *(y, z, (pixels, inside), (QUALITY, np.float32(0.05))),
        *(np.full(y.shape[3], 17.3, np.float32), plan),
        steps.append,
    )
    assert steps == [1, 2, 3, 4]
    residual, _, coded = (
        keras.ops.convert_to_numpy(a)
        for a in annealing.predict(settled, z, QUALITY)
    )
    coded = coded > 0
    assert coded.any()
    np.testing.assert_allclose(
        residual[coded], np.rint(residual[coded]), atol=1e-3
    )
