"""The LiteRT graph of a preset, stored without its weights.

`graph.npz` in a preset's folder holds a `.tflite` file without its weights,
and a list of where each belongs; the weights themselves are in
`weights.npz`, once for Keras and for LiteRT.
"""

import hashlib

import numpy as np

from tfcodec import weights
from tfcodec.errors import TfcodecError

NAME = "graph.npz"


def write_graph(path, model, places, weights_path):
    """Writes a graph file.

    Args:
        path: the file, ends in `.npz`.
        model: bytes of a `.tflite` file.
        places: list of `(offset, key, axes)`: from byte `offset` on `model`
            holds the array `key` of the weights as float32, its axes permuted
            by the tuple `axes`.
        weights_path: the weights file that `places` speaks of.
    """
    arrays = weights.read_npz(weights_path)
    blank = np.frombuffer(model, np.uint8).copy()
    for offset, key, _ in places:
        blank[offset : offset + 4 * arrays[key].size] = 0
    np.savez_compressed(
        path,
        model=blank,
        offsets=np.array([offset for offset, _, _ in places], np.int64),
        keys=np.array([key for _, key, _ in places]),
        axes=np.array([",".join(map(str, axes)) for _, _, axes in places]),
        sha256=np.array(hashlib.sha256(model).hexdigest()),
    )


def read_graph(directory):
    """The whole `.tflite` file of a preset.

    Args:
        directory: `pathlib.Path` of the preset.

    Returns:
        bytes.

    Raises:
        TfcodecError: a file is missing or damaged, or they do not belong
            together.
    """
    path = directory / NAME
    graph = weights.read_npz(path)
    arrays = weights.read_npz(directory / "weights.npz")
    try:
        model = graph["model"]
        for offset, key, axes in zip(
            graph["offsets"], graph["keys"], graph["axes"], strict=True
        ):
            order = [int(axis) for axis in str(axes).split(",")]
            value = arrays[str(key)].astype("<f4").transpose(order)
            octets = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
            model[offset : offset + octets.size] = octets
        data = model.tobytes()
        expected = str(graph["sha256"])
    except (KeyError, ValueError, TypeError) as error:
        raise TfcodecError(f"{path} is damaged: {error}") from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise TfcodecError(
            f"{path} does not belong to the weights beside it. Make it again: "
            "python -m tfcodec.export.lite.packaged PRESET"
        )
    return data
