"""Checkpoints: every variable of model and optimizer in one .npz file.

Random states are model variables and the data depend on the step only, so a
resumed run goes on exactly as it would have.
"""

import os
import pathlib

import numpy as np

from tfcodec import weights
from tfcodec.errors import TfcodecError

_FORMAT = 1


def save_checkpoint(path, model, step, compact=False):
    """Writes model, optimizer and step; atomically.

    Args:
        path: file name, ends in `.npz`.
        model: compiled and built `CodecModel`.
        step: int, steps done.
        compact: bool. Stores the optimizer's momenta as float16: half the
            size, and a resumed run that is no longer bit for bit the same.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    optimizer = model.optimizer.variables
    arrays = {"format": np.int64(_FORMAT), "step": np.int64(step)}
    for key, value in weights.to_arrays(weights.state_variables(model)).items():
        arrays["model/" + key] = value
    for key, value in weights.to_arrays(optimizer).items():
        if compact and ("momentum" in key or "average" in key):
            value = value.astype(np.float16)
        arrays["optimizer/" + key] = value
    temporary = path.with_name(path.name + ".part")
    with open(temporary, "wb") as file:
        save = np.savez_compressed if compact else np.savez
        save(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def load_checkpoint(path, model):
    """Restores model and optimizer; returns the number of steps done.

    Raises:
        TfcodecError: not a checkpoint, or one of another model or optimizer.
    """
    arrays = weights.read_npz(path)
    if int(arrays.get("format", -1)) != _FORMAT:
        raise TfcodecError(f"{path} is not a training checkpoint.")
    parts = {"model": {}, "optimizer": {}}
    for key, value in arrays.items():
        part, _, name = key.partition("/")
        if name:
            parts[part][name] = value
    weights.from_arrays(weights.state_variables(model), parts["model"], path)
    weights.from_arrays(model.optimizer.variables, parts["optimizer"], path)
    return int(arrays["step"])
