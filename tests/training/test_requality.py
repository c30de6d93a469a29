"""Weights of one range of rates under another."""

import keras
import numpy as np
import pytest

from tfcodec.models import Photo
from tfcodec.training.requality import stretch_qualities

OLD, NEW = (0.004, 0.1), (0.001, 0.1)


def make(settings, lmbda):
    keras.utils.set_random_seed(1)
    model = Photo(
        **settings["model"]["arguments"], lmbda_min=lmbda[0], lmbda_max=lmbda[1]
    )
    model.build()
    return model


def old_quality(quality):
    """Quality of the range OLD with the lmbda of `quality` in NEW."""
    old, new = (np.log(b / a) for a, b in (OLD, NEW))
    log_lmbda = np.log(NEW[0]) + (quality - 1) / 99 * new
    return 1 + 99 * (log_lmbda - np.log(OLD[0])) / old


@pytest.fixture
def models(settings, float32_after):
    """One with the old range, one with the new, from the same weights."""
    before, after = make(settings, OLD), make(settings, NEW)
    rng = np.random.default_rng(3)
    gains = (
        before.gain,
        before.synthesis.enter_gain,
        before.synthesis.fine_gain,
    )
    for gain in gains:  # a ramp per channel: linear in the quality
        ramp = np.linspace(-1, 1, gain.levels)[:, None]
        gain.log_gain.assign(ramp * rng.uniform(0, 1, (1, gain.channels)))
    for old, new in zip(before.weights, after.weights, strict=True):
        new.assign(old)
    stretch_qualities(after, *OLD)
    return before, after


@pytest.mark.parametrize("quality", [35.0, 60.0, 100.0])
def test_a_quality_means_what_it_meant(models, quality):
    before, after = models
    known = np.float32([old_quality(quality)])
    quality = np.float32([quality])
    assert 1 <= known[0] <= 100
    for name in ("enter_gain", "fine_gain"):
        np.testing.assert_allclose(
            getattr(after.synthesis, name)(quality),
            getattr(before.synthesis, name)(known),
            rtol=1e-5,
        )
    np.testing.assert_allclose(
        after.gain(quality), before.gain(known), rtol=1e-5
    )
    z = np.random.default_rng(0).integers(-3, 4, (1, 3, 3, 4))
    z, like = z.astype(np.float32), np.zeros((1, 12, 12, 6), np.float32)
    theirs = np.asarray(before.scale_network(z, known, like))
    ours = np.asarray(after.scale_network(z, quality, like))
    # Integer weights and qualities: within an index or two, of 64.
    assert np.abs(ours - theirs).max() <= 2
    assert np.abs(ours - theirs).mean() < 0.5


def test_qualities_below_the_old_range_go_on(models):
    before, after = models
    lowest = np.asarray(before.gain(np.float32([1.0])))
    rising = np.asarray(before.gain(np.float32([100.0]))) > lowest
    below = np.asarray(after.gain(np.float32([1.0])))
    assert (below < lowest)[rising].all()


def test_same_range_changes_nothing(settings, float32_after):
    model = make(settings, OLD)
    before = [keras.ops.convert_to_numpy(w) for w in model.weights]
    stretch_qualities(model, *OLD)
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_allclose(weight, value, rtol=1e-6, atol=1e-7)
