"""`tfcodec train`: a run from a file of settings, and its errors."""

import signal

import numpy as np
import pytest
import yaml

from tfcodec.cli.main import main

SETTINGS = {
    "model": {
        "name": "factorized",
        "arguments": {"latent_channels": 4, "channels": 4},
    },
    "data": {"batch_size": 1, "crop": 32, "validation_fraction": 0.0},
    "steps": 2,
    "mixed_bfloat16": False,
    "log_every": 1,
    "validate_every": 0,
    "tensorboard": False,
}


@pytest.fixture(autouse=True)
def handlers():
    """A run replaces them."""
    kept = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_train_and_resume(tmp_path, photograph, capsys):
    np.save(tmp_path / "pack.npy", photograph[None, :64, :64])
    source = f"memory:{tmp_path / 'pack.npy'}"
    settings = {**SETTINGS, "data": {**SETTINGS["data"], "source": source}}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(settings))
    arguments = ["train", "--config", str(tmp_path / "run.yaml")]
    arguments += ["--output", str(tmp_path / "out")]
    assert main([*arguments, "--stop-at", "1"]) == 0
    assert "from the start of 2" in capsys.readouterr().out
    assert main([*arguments, "--steps", "3"]) == 0
    out = capsys.readouterr().out
    assert "resumed at step 1 of 3" in out and "step 3/3" in out
    assert (tmp_path / "out/checkpoint.npz").is_file()


def test_errors(tmp_path, capsys):
    output = ["--output", str(tmp_path / "out")]
    assert main(["train", "--config", str(tmp_path / "no.yaml"), *output]) == 1
    error = capsys.readouterr().err
    assert error.startswith("train: ") and "no.yaml" in error
    assert error.count("\n") == 1
    assert main(["train", *output]) == 2
    assert "--config" in capsys.readouterr().err
