"""The transforms of introductory articles: shapes, packing, what is refused."""

import keras
import numpy as np
import pytest

from tfcodec import models
from tfcodec import transforms


@pytest.mark.parametrize("channels", [(4,), (4, 3), (4, 4, 5), (4, 4, 4, 7)])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_strided_ones_meet_at_a_sixteenth(channels, batch_norm):
    x = np.random.default_rng(0).uniform(0, 255, (2, 32, 48, 3))
    analysis = transforms.StridedAnalysis(channels, batch_norm)
    back = (*channels[1:], 3)
    synthesis = transforms.StridedSynthesis(back, batch_norm)
    y = analysis(x.astype("float32"))
    packed = channels[-1] * 4 ** (4 - len(channels))
    assert y.shape == (2, 2, 3, packed)
    assert (np.asarray(y) >= 0).all()
    assert synthesis(y).shape == x.shape


def test_a_latent_has_the_features_of_its_pixels():
    """Space to depth keeps what belongs together."""
    analysis = transforms.StridedAnalysis((4, 3))
    x = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3))
    x = x.astype("float32")
    whole = np.asarray(analysis(x))
    x[:, 16:, 16:] = 0
    changed = np.asarray(analysis(x)) != whole
    assert changed[0, 1, 1].any() and not changed[0, 0, 0, :3].any()


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("ratio", [1, 2])
def test_pooled_ones_meet_at_a_sixteenth(pooling, ratio):
    model = models.CnnPool((4, 4, 5), (6, 5, 4, 4), pooling, ratio)
    model.build()
    x = np.random.default_rng(0).uniform(0, 255, (1, 32, 48, 3))
    y = model.analyse(x.astype("float32"))
    assert y.shape == (1, 2, 3, 5 if ratio == 2 else 20)
    assert model.latent_channels == y.shape[-1]
    assert model.synthesise(y, np.array([50.0], "float32")).shape == x.shape
    again = models.CnnPool.from_config(model.get_config())
    assert again.latent_channels == model.latent_channels


def test_pooling_and_ratio_matter():
    x = np.random.default_rng(0).uniform(0, 255, (1, 16, 16, 3))
    found = []
    for pooling, ratio in (("max", 2), ("average", 2), ("max", 1)):
        keras.utils.set_random_seed(1)
        analysis = transforms.PooledAnalysis((4, 4, 4), pooling, ratio)
        found.append(np.asarray(analysis(x.astype("float32"))))
    maximum, average, packed = found
    assert (maximum > average).any() and not (maximum < average).any()
    # What is reduced bilinearly by two is the mean of two by two.
    parts = packed.reshape(4, 4).mean(axis=0)
    np.testing.assert_allclose(parts, maximum.ravel(), rtol=1e-5)


def test_patches_do_not_see_each_other():
    model = models.CnnPoolDense(16, (4, 4, 4), (4, 4))
    model.build()
    x = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3))
    x = x.astype("float32")
    whole = np.asarray(model.analyse(x))
    alone = np.asarray(model.analyse(x[:, 16:, :16]))
    np.testing.assert_allclose(whole[:, 1:, :1], alone, rtol=1e-4, atol=1e-4)
    quality = np.array([50.0], "float32")
    back = np.asarray(model.synthesise(whole, quality))
    part = np.asarray(model.synthesise(whole[:, 1:, :1], quality))
    np.testing.assert_allclose(back[:, 16:, :16], part, rtol=1e-3, atol=1e-2)


def test_bad_arguments():
    with pytest.raises(ValueError, match="`pooling` must be"):
        transforms.PooledAnalysis((4, 4, 4), "min")
    with pytest.raises(ValueError, match="`ratio` must be"):
        transforms.PooledAnalysis((4, 4, 4), ratio=3)
    with pytest.raises(ValueError, match="three numbers"):
        transforms.PooledAnalysis((4, 4))
    with pytest.raises(ValueError, match="same length"):
        models.Deconvnet((4, 4), (3,))
    with pytest.raises(ValueError, match="multiple of 16"):
        models.CnnPoolDense(20).build()
