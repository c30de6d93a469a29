"""Variables as NumPy arrays, and weights files.

Order, shapes and the last part of each name identify a variable, so a file
written under one Keras backend loads under another, whatever numbers Keras
put into the names.
"""

import hashlib
import os
import pathlib
import re
import zipfile
import zlib
from collections.abc import Iterable
from collections.abc import Sequence
from collections.abc import Set
from typing import Any

import numpy as np

from tfcodec.errors import TfcodecError

# What NumPy and zipfile raise for files that are not sound .npz archives:
# TypeError for a plain .npy, RuntimeError for flags of other zip features.
_DAMAGED = (
    OSError,
    ValueError,
    TypeError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
# In a file, a name that ends so has the low and then the high bytes of float16,
# uint8 `(2, *shape)`: high bytes are alike, and files some 9 % smaller.
_PLANES = ".planes"


def variable_keys(variables: Iterable[Any]) -> list[str]:
    """Names that depend on structure only: `"012.kernel"`."""
    return [
        f"{i:03d}.{variable.path.split('/')[-1]}"
        for i, variable in enumerate(variables)
    ]


def to_arrays(
    variables: Sequence[Any], dtype: str | None = None
) -> dict[str, np.ndarray]:
    """Values of `variables` by key; floats as `dtype` unless None."""
    import keras  # presets read files without it

    arrays = {}
    for key, variable in zip(variable_keys(variables), variables, strict=True):
        value = keras.ops.convert_to_numpy(variable.value)
        if dtype is not None and value.dtype.kind == "f":
            value = value.astype(dtype)
        arrays[key] = value
    return arrays


def from_arrays(
    variables: Sequence[Any],
    arrays: dict[str, np.ndarray],
    name: str | os.PathLike[str],
) -> None:
    """Assigns what `to_arrays` made; `name` is for the message.

    Raises:
        TfcodecError: keys or shapes differ.
    """
    keys = [_plain(key) for key in variable_keys(variables)]
    arrays = {_plain(key): value for key, value in arrays.items()}
    if set(keys) != set(arrays):
        odd = sorted(set(keys) ^ set(arrays))[:3]
        raise TfcodecError(
            f"{name} does not fit this model: it holds {len(arrays)} "
            f"variables, the model has {len(keys)} (first difference: {odd})."
        )
    for key, variable in zip(keys, variables, strict=True):
        value = arrays[key]
        if tuple(value.shape) != tuple(variable.shape):
            raise TfcodecError(
                f"{name} does not fit this model: {key} has shape "
                f"{value.shape}, the model wants {tuple(variable.shape)}."
            )
    for key, variable in zip(keys, variables, strict=True):
        variable.assign(arrays[key].astype(variable.dtype))


def _plain(key: str) -> str:
    """`key` without the numbers that Keras gave to the layers of a process.

    Optimizers name their variables after the whole path of the model's.
    """
    return re.sub(r"(?<=[a-z\d])_\d+(?=_|$)", "", key)


def digest(variables: Iterable[Any]) -> bytes:
    """SHA-256 over the values as a preset stores them, in their order."""
    import keras  # presets read files without it

    sha = hashlib.sha256()
    for variable in variables:
        value = keras.ops.convert_to_numpy(variable.value)
        if value.dtype.kind == "f":
            value = value.astype("<f2")
        sha.update(value.tobytes())
    return sha.digest()


def read_npz(
    path: str | os.PathLike[str], names: Set[str] | None = None
) -> dict[str, np.ndarray]:
    """Arrays of an .npz file by name.

    Args:
        path: the file.
        names: set of str, the only ones to read; None for all.

    Raises:
        TfcodecError: it is missing or damaged.
    """
    try:
        # NumPy would leave a file open that is no archive.
        with open(path, "rb") as opened:
            with np.load(opened, allow_pickle=False) as file:
                found = {key.removesuffix(_PLANES): key for key in file.files}
                if names is not None:
                    found = {k: v for k, v in found.items() if k in names}
                return {
                    key: file[stored] if key == stored else _join(file[stored])
                    for key, stored in found.items()
                }
    except _DAMAGED as error:
        raise TfcodecError(f"Cannot read {path}: {error}") from error


def _split(value: np.ndarray) -> np.ndarray:
    """float16 of any shape to uint8 `(2, *shape)`."""
    pairs = value.astype("<f2")[..., None].view(np.uint8)
    return np.moveaxis(pairs, -1, 0)


def _join(planes: np.ndarray) -> np.ndarray:
    """What `_split` was given."""
    if planes.dtype != np.uint8 or planes.ndim == 0 or len(planes) != 2:
        raise ValueError("Its bytes of float16 are damaged.")
    pairs = np.ascontiguousarray(np.moveaxis(planes, 0, -1))
    return pairs.view("<f2")[..., 0]


def state_variables(model: Any) -> list[Any]:
    """All variables that make up a model, random states included."""
    metrics = {id(variable) for variable in model.metrics_variables}
    return [v for v in model.variables if id(v) not in metrics]


def save_weights(
    path: str | os.PathLike[str], model: Any, dtype: str = "float16"
) -> None:
    """Writes the weights (no random states), floats as `dtype`.

    Args:
        path: file name, ends in `.npz`.
        model: built `keras.Model`.
        dtype: NumPy dtype name.
    """
    arrays: dict[str, Any] = {}
    for key, value in to_arrays(model.weights, dtype).items():
        if value.dtype == np.float16:
            key, value = key + _PLANES, _split(value)
        arrays[key] = value
    path = pathlib.Path(path)
    temporary = path.with_name(path.name + ".part")
    with open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(temporary, path)


def load_weights(path: str | os.PathLike[str], model: Any) -> None:
    """Reads what `save_weights` wrote into a built model.

    Raises:
        TfcodecError: damaged file, or one of another model.
    """
    from_arrays(model.weights, read_npz(path), path)
