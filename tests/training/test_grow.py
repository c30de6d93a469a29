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
    with pytest.raises(ValueError, match="does not have the shapes"):
        grow(build(settings, latent_channels=8), small)


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
