"""Command line: `python -m tfcodec.export.lite.packaged PRESET`.

Makes `graph.npz` in a preset's folder, with which `tfcodec compress` and
`decompress` run the preset in LiteRT. It holds a graph for each of the
steps of `CodecModel`; coder and container are the NumPy ones.
"""

import argparse
import itertools
import pathlib
import sys

import numpy as np
import tensorflow as tf

import tfcodec
from tfcodec import weights
from tfcodec.errors import TfcodecError
from tfcodec.export.graph.codec_graph import levels
from tfcodec.export.lite import tflite_file
from tfcodec.export.lite.conversion import Constants
from tfcodec.export.lite.conversion import convert
from tfcodec.litert.codec import STEPS
from tfcodec.litert.graph_file import NAME
from tfcodec.litert.graph_file import WEIGHTS
from tfcodec.litert.graph_file import write_graphs

_MIN_BYTES = 512  # of a weight; smaller ones stay in the graph


def main(arguments=None):
    """Makes the graph of one preset; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tfcodec.export.lite.packaged",
        description="Make the LiteRT graphs of a preset.",
    )
    parser.add_argument("preset", help="name or folder of a preset")
    options = parser.parse_args(arguments)
    try:
        codec = tfcodec.load(options.preset)
        size = package(codec, codec.preset.directory)
    except (TfcodecError, ValueError, OSError) as error:
        print(f"packaged: {error}", file=sys.stderr)
        return 1
    print(f"{codec.preset.directory / NAME}: {size:,} bytes")
    return 0


def package(codec, directory):
    """Writes `graph.npz` of a codec whose weights are in `directory`.

    Args:
        codec: `Codec`, as loaded from `directory`.
        directory: path of the preset.

    Returns:
        Bytes of the file, int.

    Raises:
        ValueError: an op that TFLite does not have.
        TfcodecError: `weights.npz` is missing or damaged.
    """
    directory = pathlib.Path(directory)
    arrays = weights.read_npz(directory / WEIGHTS)
    known = _by_bytes(arrays)
    graphs = {}
    for step, function in _signatures(codec).items():
        model = tflite_file.read_checked(convert({step: function}))
        data = tflite_file.write(model)
        graphs[step] = data, _find_weights(model, data, known)
    write_graphs(directory, graphs, codec.reach)
    return (directory / NAME).stat().st_size


def _signatures(codec):
    """`tf.function`s of the steps; argument `i` is `input_i`."""
    model = codec.model
    z = (None, None, None, model.bottleneck.channels)
    y = (None, None, None, model.latent_channels)
    image, one = (None, None, None, 3), (None,)

    def synthesise(y_hat, quality):
        return levels(model.synthesise(y_hat, quality))

    functions = {
        "analyse": (model.analyse, [image]),
        "hyper": (model.hyper, [y, one]),
        "residuals": (model.residuals, [y, z, y, one]),
        "dequantize": (model.dequantize, [z, y, one]),
        "synthesise": (synthesise, [y, one]),
    }
    if codec.coding.network is None:
        del functions["residuals"], functions["dequantize"]
    # Weights in another form would not be found in `weights.npz`.
    constants = Constants(model, subpixel=False)
    return {
        name: _function(constants, *functions[name])
        for name in STEPS
        if name in functions
    }


def _function(constants, function, shapes):
    def call(*arguments):
        with constants():
            return {"output": function(*arguments)}

    specs = [
        tf.TensorSpec([1, *shape[1:]], tf.float32, f"input_{i}")
        for i, shape in enumerate(shapes)
    ]
    return tf.function(call, input_signature=specs, autograph=False)


def _by_bytes(arrays):
    """`(key, axes)` of the weights by their bytes in a graph."""
    known = {}
    for key, array in arrays.items():
        if array.dtype.kind != "f" or 4 * array.size < _MIN_BYTES:
            continue
        array = array.astype(np.float32)
        for axes in itertools.permutations(range(array.ndim)):
            octets = np.ascontiguousarray(array.transpose(axes)).tobytes()
            known.setdefault(octets, (key, axes))
    return known


def _find_weights(model, data, known):
    """Where the weights are in a file, as `write_graphs` wants to know."""
    places = []
    for buffer in model.buffers:
        octets = b"" if buffer.data is None else bytes(bytearray(buffer.data))
        found = known.get(octets)
        if found is not None:
            places.append((data.index(octets), *found))
    return places


if __name__ == "__main__":
    sys.exit(main())
