"""A resumed run is the run that never stopped, bit for bit."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

from tfcodec import TfcodecError
from tfcodec import weights
from tfcodec.training import checkpoint
from tfcodec.training import loop

ROOT = pathlib.Path(__file__).parents[2]


def arrays_of(folder):
    """Arrays of the checkpoint, without Keras's numbers in the names."""
    with np.load(folder / loop.CHECKPOINT) as file:
        return {re.sub(r"_\d+", "", key): file[key] for key in file.files}


def test_resumed_in_another_process(run, pack, settings, tmp_path):
    """10 steps, then 10 more in a new process with validation on top."""
    output = tmp_path / "resumed"
    shutil.copytree(run.half, output)
    assert arrays_of(output)["step"] == 10
    code = f"""
        from tfcodec.training import loop
        from tfcodec.training.config import from_dict
        settings = {settings!r}
        settings["data"]["source"] = "memory:{pack}"
        settings["validate_every"] = 15
        settings["validation_qualities"] = [60]
        images = [loop.open_source("memory:{pack}").image(0)]
        loop.validation_images = lambda *arguments: images
        loop.train(from_dict(settings), {str(output)!r})
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "resumed at step 10 of 20" in done.stdout
    assert "validation at step 15: quality 60" in done.stdout
    straight, resumed = arrays_of(run.folder), arrays_of(output)
    assert straight.keys() == resumed.keys()
    assert straight["step"] == resumed["step"] == 20
    different = [
        key
        for key, value in straight.items()
        if not np.array_equal(value, resumed[key])
    ]
    assert not different
    half = arrays_of(run.half)
    changed = [k for k in half if not np.array_equal(half[k], straight[k])]
    assert len(changed) > 0.8 * len(half)


def fresh(run):
    return loop.make_model(run.config)


def test_loads_into_a_fresh_model(run, float32_after):
    model = fresh(run)
    assert checkpoint.load_checkpoint(run.folder / loop.CHECKPOINT, model) == 20
    for get in (weights.state_variables, lambda m: m.optimizer.variables):
        for ours, theirs in zip(get(model), get(run.model), strict=True):
            np.testing.assert_array_equal(
                keras.ops.convert_to_numpy(ours),
                keras.ops.convert_to_numpy(theirs),
            )
    assert int(model.optimizer.iterations) == 20


def test_compact_checkpoint(run, tmp_path, float32_after):
    path = tmp_path / "deep" / "compact.npz"
    checkpoint.save_checkpoint(path, run.model, 20, compact=True)
    whole = tmp_path / "whole.npz"
    checkpoint.save_checkpoint(whole, run.model, 20)
    assert path.stat().st_size < 0.8 * whole.stat().st_size
    model = fresh(run)
    assert checkpoint.load_checkpoint(path, model) == 20
    for exact, close in zip(
        run.model.optimizer.variables, model.optimizer.variables, strict=True
    ):
        assert close.dtype == exact.dtype
        exact, close = map(keras.ops.convert_to_numpy, (exact, close))
        np.testing.assert_allclose(close, exact, rtol=1e-3, atol=1e-6)
    for a, b in zip(run.model.weights, model.weights, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(a), keras.ops.convert_to_numpy(b)
        )
    assert [p.name for p in path.parent.iterdir()] == ["compact.npz"]


def test_what_is_no_checkpoint(run, tmp_path, float32_after):
    model = fresh(run)
    path = tmp_path / "x.npz"
    np.savez(path, a=np.zeros(2))
    with pytest.raises(TfcodecError, match="x.npz is not a training checkp"):
        checkpoint.load_checkpoint(path, model)
    path.write_bytes((run.folder / loop.CHECKPOINT).read_bytes()[:5000])
    with pytest.raises(TfcodecError, match="Cannot read .*x.npz"):
        checkpoint.load_checkpoint(path, model)
    arrays = arrays_of(run.folder)
    kernel = next(k for k in arrays if k.startswith("model/"))
    np.savez(path, **{k: v for k, v in arrays.items() if k != kernel})
    with pytest.raises(TfcodecError, match="does not fit this model"):
        checkpoint.load_checkpoint(path, model)


def test_failed_write_leaves_the_old_checkpoint(run, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.npz"
    checkpoint.save_checkpoint(path, run.model, 19)
    before = path.read_bytes()

    def broken(file, **arrays):
        file.write(b"half of it")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", broken)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save_checkpoint(path, run.model, 20)
    assert path.read_bytes() == before
