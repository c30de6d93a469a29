"""The LiteRT graphs of a preset, stored without its weights.

`graph.npz` in a preset's folder holds a `.tflite` file for each step of the
model, without its weights, and a list of where each belongs; the weights
themselves are in `weights.npz`, once for Keras and for LiteRT. A step is put
together when it is first asked for, and reads only what it needs: what
compresses a picture does not wait for the weights that show one.
"""

import hashlib
import json
import pathlib
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import TypeAlias

import numpy as np

from tfcodec import weights
from tfcodec.errors import TfcodecError

NAME = "graph.npz"
WEIGHTS = "weights.npz"
_FIELDS = ("model", "offsets", "keys", "axes", "sha256")

Place: TypeAlias = tuple[int, str, tuple[int, ...]]  # See `write_graphs`.


def write_graphs(
    directory: pathlib.Path,
    graphs: Mapping[str, tuple[bytes, Sequence[Place]]],
    reach: dict[str, int],
) -> None:
    """Writes the graph file of a preset.

    Args:
        directory: `pathlib.Path` of the preset.
        graphs: dict from a step to `(model, places)`: the bytes of a `.tflite`
            file, and a list of `(offset, key, axes)`: from byte `offset` on
            it holds the array `key` of the weights as float32, its axes
            permuted by the tuple `axes`.
        reach: dict, see `CodecModel`.
    """
    arrays = weights.read_npz(directory / WEIGHTS)
    stored: dict[str, Any] = {"reach": np.array(json.dumps(reach))}
    for step, (model, places) in graphs.items():
        places = sorted(places)
        pieces: list[bytes] = []
        position = 0
        for offset, key, _ in places:
            pieces.append(model[position:offset])
            position = offset + 4 * arrays[key].size
        pieces.append(model[position:])
        fields = (
            np.frombuffer(b"".join(pieces), np.uint8),
            np.array([offset for offset, _, _ in places], np.int64),
            np.array([key for _, key, _ in places], np.str_),
            np.array([",".join(map(str, axes)) for *_, axes in places], "U"),
            np.array(hashlib.sha256(model).hexdigest()),
        )
        for name, field in zip(_FIELDS, fields, strict=True):
            stored[f"{step}.{name}"] = field
    np.savez_compressed(directory / NAME, **stored)


class GraphFile:
    """The graph file of a preset, opened.

    Args:
        directory: `pathlib.Path` of the preset.

    Attributes:
        steps: list of str, the steps that there are graphs of.
        reach: dict, see `CodecModel`.

    Raises:
        TfcodecError: the file is missing, damaged, or an older version's.
    """

    def __init__(self, directory: pathlib.Path):
        self._path = directory / NAME
        self._weights = directory / WEIGHTS
        self._arrays = weights.read_npz(self._path)
        ending = f".{_FIELDS[0]}"
        self.steps = [
            name.removesuffix(ending)
            for name in self._arrays
            if name.endswith(ending)
        ]
        if not self.steps:
            raise TfcodecError(f"{self._path} is damaged: it holds no graph.")
        if "reach" not in self._arrays:
            raise TfcodecError(
                f"{self._path} is of an older version of tfcodec. Make it "
                "again: python -m tfcodec.export.lite.packaged PRESET"
            )
        self.reach = json.loads(str(self._arrays["reach"]))

    def read(self, step: str) -> bytes:
        """The whole `.tflite` file of a step.

        Returns:
            bytes.

        Raises:
            TfcodecError: a file is damaged, or they do not belong together.
        """
        try:
            skeleton, offsets, keys, axes, expected = (
                self._arrays[f"{step}.{name}"] for name in _FIELDS
            )
            arrays = weights.read_npz(self._weights, set(keys.tolist()))
            pieces: list[bytes] = []
            position = size = 0
            kept_bytes = skeleton.tobytes()
            for offset, key, order in zip(offsets, keys, axes, strict=True):
                kept = kept_bytes[position : position + int(offset) - size]
                order = [int(axis) for axis in str(order).split(",")]
                value = arrays[str(key)].astype("<f4").transpose(order)
                pieces += [kept, value.tobytes()]
                position += len(kept)
                size += len(kept) + len(pieces[-1])
            data = b"".join([*pieces, kept_bytes[position:]])
        except (KeyError, ValueError, TypeError) as error:
            raise TfcodecError(f"{self._path} is damaged: {error}") from error
        if hashlib.sha256(data).hexdigest() != str(expected):
            raise TfcodecError(
                f"{self._path} does not belong to the weights beside it. Make "
                "it again: python -m tfcodec.export.lite.packaged PRESET"
            )
        return data
