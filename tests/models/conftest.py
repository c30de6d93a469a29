"""Tiny models whose parts all do something."""

import keras
import numpy as np
import pytest

from tfcodec.models import MODELS

ARGUMENTS = {
    "factorized": {"latent_channels": 6, "channels": 8},
    "hyperprior": {
        "latent_channels": 6,
        "channels": 8,
        "hyper_channels": 4,
        "mean_channels": 8,
    },
    "photo": {
        "latent_channels": 6,
        "hyper_channels": 4,
        "analysis_channels": (4, 8),
        "analysis_blocks": (1, 1),
        "synthesis_channels": (4, 8),
        "synthesis_blocks": (1, 1),
        "context_channels": 8,
        "split": 2,
    },
}


def _make(kind, lively=True, **changes):
    """A model with random weights; `lively`: latents of some size, means."""
    keras.utils.set_random_seed(11)
    arguments = {"seed": 11, **ARGUMENTS[kind], **changes}
    model = MODELS[kind](name=kind, **arguments)
    model.build()
    if lively:
        rng = np.random.default_rng(11)
        for weight in model.trainable_weights:
            shift = 0.05 * rng.normal(size=weight.shape)
            weight.assign_add(shift.astype(np.float32))
        # Latents and hyper-latents of some steps.
        heads = [model.analysis.head]
        if kind != "factorized":
            heads.append(model.hyper_analysis.head)
        for head in heads:
            head.kernel.assign(keras.ops.convert_to_numpy(head.kernel) * 8)
        if kind == "photo":
            model.latent_scale.assign(np.linspace(0.5, 4, 6, dtype="f4"))
    return model


@pytest.fixture(scope="session")
def make_model():
    return _make


@pytest.fixture(scope="session")
def images():
    """Smooth pictures with some noise, uint8 `(2, 48, 80, 3)`."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:48, :80]
    waves = [
        127 + 60 * np.sin(rows / 7 + k) + 50 * np.cos(columns / (5 + k))
        for k in range(6)
    ]
    picture = np.stack(waves, -1).reshape(48, 80, 2, 3).transpose(2, 0, 1, 3)
    noisy = picture + rng.normal(0, 4, picture.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
