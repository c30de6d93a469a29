"""Larger models from smaller ones, and training of some layers only."""

import keras
import numpy as np
import pytest

from tfcodec import models
from tfcodec import weights
from tfcodec.training import loop
from tfcodec.training.config import from_dict
from tfcodec.training.grow import grow


def build(settings, **changes):
    arguments = {**settings["model"]["arguments"], **changes}
    model = models.Photo(name="photo", seed=1, **arguments)
    model.build()
    return model


def outputs(model, image):
    quality = np.float32([30.0])
    y = model.analyse(image)
    z_hat = model.hyper(y, quality)
    return [
        keras.ops.convert_to_numpy(value)
        for value in (y, z_hat, *model({"image": image, "quality": quality}))
    ]


def test_a_larger_model_begins_as_the_smaller(settings, crops):
    small = build(settings)
    large = build(settings, analysis_blocks=[3, 2], synthesis_blocks=[1, 4])
    assert large.count_params() > small.count_params()
    grow(small, large)
    image = crops[0][None, :32, :48].astype(np.float32)
    for old, new in zip(
        outputs(small, image), outputs(large, image), strict=True
    ):
        np.testing.assert_allclose(new, old, rtol=1e-5, atol=1e-4)
    # Blocks that are identities still learn.
    block = large.analysis.coarse_blocks[-1]
    assert (keras.ops.convert_to_numpy(block.reduce.kernel) != 0).any()


def test_other_differences_are_errors(settings):
    small = build(settings)
    with pytest.raises(ValueError, match="analysis has fewer blocks"):
        grow(build(settings, analysis_blocks=[2, 1]), small)
    fewer = build(settings, latent_channels=5)
    with pytest.raises(ValueError, match="does not have the shapes"):
        grow(small, fewer)
    with pytest.raises(ValueError, match="the shapes of its start"):
        grow(build(settings, context_channels=5), small)


def test_more_latents_change_nothing_yet(settings, crops):
    small = build(settings)
    count = small.latent_channels
    large = build(settings, latent_channels=count + 3)
    grow(small, large)
    image = crops[0][None, :32, :48].astype(np.float32)
    y, z_hat, x_hat, *_ = outputs(small, image)
    large_y, large_z_hat, large_x_hat, *_ = outputs(large, image)
    assert large_y.shape[-1] == count + 3
    np.testing.assert_allclose(large_y[..., :count], y, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(large_z_hat, z_hat)
    np.testing.assert_allclose(large_x_hat, x_hat, rtol=1e-5, atol=1e-4)
    # But the new ones are made, and what reads them learns.
    assert np.abs(large_y[..., count:]).max() > 0


def test_latents_that_the_start_lacks_begin_with_the_pca(
    settings, crops, tmp_path, float32_after
):
    path = tmp_path / "small.npz"
    small = build(settings)
    weights.save_weights(path, small)
    count = small.latent_channels
    arguments = settings["model"]["arguments"]
    more = {**arguments, "latent_channels": count + 3}
    start = {
        "initial": str(path),
        "initial_arguments": {"latent_channels": count},
    }
    values = {
        **settings,
        "model": {"name": "photo", "arguments": more, **start},
    }
    model = loop.make_model(from_dict(values), lambda: crops)
    kernel = keras.ops.convert_to_numpy(model.synthesis.bypass.kernel)
    old = keras.ops.convert_to_numpy(small.synthesis.bypass.kernel)
    np.testing.assert_array_equal(kernel[:count], old.astype(np.float16))
    # Orthogonal to what was there, and to each other.
    new = kernel[count:] / np.linalg.norm(kernel[count:], axis=1)[:, None]
    np.testing.assert_allclose(new @ new.T, np.eye(3), atol=1e-5)
    assert np.abs(new @ old.T).max() < 1e-3 * np.linalg.norm(old, axis=1).max()
    values["model"] = {
        "name": "factorized",
        "arguments": {"latent_channels": 5, "channels": 4},
        "initial": str(path),
        "initial_arguments": {"latent_channels": 4},
    }
    with pytest.raises(ValueError, match="are for `photo`.*'factorized'"):
        loop.make_model(from_dict(values), lambda: crops)


def test_settings(settings, crops, tmp_path, float32_after):
    path = tmp_path / "small.npz"
    weights.save_weights(path, build(settings))
    tiny = settings["model"]["arguments"]
    values = {
        **settings,
        "model": {
            "name": "photo",
            "arguments": {**tiny, "analysis_blocks": [2, 3]},
            "initial": str(path),
            "initial_arguments": {"analysis_blocks": [1, 1]},
            "train_only": ["analysis", "hyper_analysis"],
        },
        "steps": 2,
    }
    model = loop.make_model(from_dict(values), lambda: crops)
    trained = {v.path for v in model.trainable_variables}
    assert trained and all("analysis" in path for path in trained)
    before = [keras.ops.convert_to_numpy(v) for v in model.weights]
    model.train_on_batch(np.stack([crop[:32, :32] for crop in crops[:2]]))
    changed = {
        v.path.split("/")[1]
        for v, old in zip(model.weights, before, strict=True)
        if (keras.ops.convert_to_numpy(v) != old).any()
    }
    assert changed == {"analysis", "hyper_analysis"}
    values["model"]["train_only"] = ["analyser"]
    with pytest.raises(ValueError, match="'analyser'.*analysis, synthesis"):
        loop.make_model(from_dict(values))
