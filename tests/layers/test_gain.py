"""Gains are log-linear in quality."""

import numpy as np
import pytest

from tfcodec.layers import QualityGain


def gains(layer, quality):
    out = np.asarray(layer(np.asarray(quality, np.float32)))
    assert out.shape == (len(quality), 1, 1, layer.channels)
    return out[:, 0, 0]


def test_initial_gains_rise_over_the_range():
    layer = QualityGain(3, levels=8, log_range=2.0)
    out = np.log(gains(layer, np.linspace(1, 100, 34)))
    expected = np.linspace(-1, 1, 34)[:, None] * np.ones(3)
    np.testing.assert_allclose(out, expected, atol=1e-6)
    assert (np.diff(out, axis=0) > 0).all()
    assert (gains(QualityGain(2), [1, 37.5, 100]) == 1).all()


def test_interpolates_the_logarithm():
    layer = QualityGain(4, levels=5)
    layer.build()
    table = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    layer.log_gain.assign(table)
    nodes = np.linspace(1, 100, 5)
    np.testing.assert_allclose(gains(layer, nodes), np.exp(table), rtol=1e-5)
    quality = np.random.default_rng(1).uniform(1, 100, 50)
    expected = [np.interp(quality, nodes, column) for column in table.T]
    np.testing.assert_allclose(
        gains(layer, quality), np.exp(expected).T, rtol=2e-5
    )


def test_one_level_is_too_few():
    with pytest.raises(ValueError, match="at least 2. Received: levels=1"):
        QualityGain(3, levels=1)
