"""A run of the tiny flagship, trained once and shared."""

import dataclasses
import pathlib
import shutil

import keras
import numpy as np
import pytest

TINY = {
    "latent_channels": 6,
    "hyper_channels": 4,
    "analysis_channels": [4, 8],
    "analysis_blocks": [1, 1],
    "synthesis_channels": [4, 8],
    "synthesis_blocks": [1, 1],
    "context_channels": 8,
    "split": 2,
}
SETTINGS = {
    "model": {"name": "photo", "arguments": TINY},
    "data": {
        "source": "memory",
        "batch_size": 2,
        "crop": 32,
        "validation_fraction": 0.0,
    },
    "optimizer": {"learning_rate": "1e-3", "warmup": 3, "ema_momentum": 0.9},
    "steps": 20,
    "mixed_bfloat16": False,
    "checkpoint_every": 10,
    "log_every": 4,
    "validate_every": 0,
    "tensorboard": False,
}


@pytest.fixture(scope="session")
def settings():
    """A run's settings as a dict, the source left out: pass arrays."""
    return SETTINGS


@pytest.fixture(scope="session")
def crops(photograph):
    """Pieces of the photograph, uint8 arrays of 64x80."""
    return [
        photograph[row : row + 64, column : column + 80]
        for row in (0, 100, 200)
        for column in (10, 150, 300)
    ]


@pytest.fixture(scope="session")
def pack(crops, tmp_path_factory):
    """The same pieces as a pack that `memory:PATH` reads."""
    path = tmp_path_factory.mktemp("pack") / "pack.npy"
    np.save(path, np.stack(crops))
    return path


@dataclasses.dataclass
class Run:
    """A finished run.

    Args:
        folder: with the checkpoint of the last step.
        half: folder with the checkpoint of step 10 only.
        model: as trained.
        config: `TrainConfig`.
        lines: what it reported.
    """

    folder: pathlib.Path
    half: pathlib.Path
    model: object
    config: object
    lines: list


@pytest.fixture
def float32_after():
    """Resets what `make_model` sets for the whole process."""
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)


@pytest.fixture(scope="session")
def run(tmp_path_factory, pack):
    """Twenty steps at once, the checkpoint of step 10 kept."""
    from tfcodec.training import loop
    from tfcodec.training.config import from_dict

    root = tmp_path_factory.mktemp("run")
    data = {**SETTINGS["data"], "source": f"memory:{pack}"}
    config = from_dict({**SETTINGS, "data": data})
    half = root / "half"
    half.mkdir()
    lines = []

    def report(line):
        lines.append(line)
        path = root / "run" / loop.CHECKPOINT
        if line.startswith("step 12/"):
            shutil.copy(path, half / loop.CHECKPOINT)

    before = keras.config.dtype_policy()
    try:
        model, step = loop.train(config, root / "run", report=report)
    finally:
        keras.config.set_dtype_policy(before)
    assert step == 20
    return Run(root / "run", half, model, config, lines)
