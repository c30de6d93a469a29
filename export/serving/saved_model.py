"""SavedModels for TensorFlow Serving and the C API; docs/saved_model.md."""

import json
import math
import os
import pathlib
import re
import secrets
import shutil

import numpy as np
import tensorflow as tf

import tfcodec
from tfcodec import limits
from tfcodec.errors import TfcodecError
from tfcodec.export.serving import server_files
from tfcodec.export.serving.op_check import check_ops
from tfcodec.export.serving.serving_graph import ServingGraph
from tfcodec.export.serving.tensor_graph import shared
from tfcodec.export.serving.warmup import write_warmup
from tfcodec.limits import EXPORT_MAX_PIXELS

DEFAULT_QUALITY = 50.0  # of the signature that has none as an input
JPEG_QUALITY = 95
# zlib's fastest: the PNG is on its way to somebody, not for an archive.
PNG_COMPRESSION = 1


def export_saved_model(
    codec,
    folder,
    name=None,
    version=None,
    max_pixels=EXPORT_MAX_PIXELS,
    report=None,
):
    """Writes a codec as a SavedModel that runs without this package.

    It appears as `folder/name/version/` when it is complete. Beside it,
    `models.config` and `batching_parameters.txt` are for the server.

    Args:
        codec: `Codec` with tables that belong to its weights.
        folder: path, made if need be.
        name: str, the model's; default the preset's family, or "tfcodec".
        version: int, at least 1; default the number in the preset's name, as N
            in photo-N, or 1.
        max_pixels: int, 1 to 178,956,970; larger images are refused.
        report: function of str, told what is being done; or None.

    Returns:
        `pathlib.Path` of `folder/name/version`.

    Raises:
        ValueError: a wrong argument, a codec without tables or with stale
            ones, or an op that is not in a stock TensorFlow.
        TfcodecError: the version is there already.
        OSError: something cannot be written.
    """
    report = report or (lambda text: None)
    folder = pathlib.Path(folder)
    known, number = _of_preset(codec.preset)
    name = known if name is None else name
    version = number if version is None else version
    _check(name, version, max_pixels)
    target = folder / name / str(version)
    if target.exists():
        raise TfcodecError(f"{target} is there already: give another version")
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".tfcodec-{secrets.token_hex(8)}.part"
    try:
        report("writing the model")
        functions = signatures(ServingGraph(codec, max_pixels))
        module = tf.Module()
        module.weights = [weight.value for weight in codec.model.weights]
        tf.saved_model.save(module, str(part), signatures=functions)
        report("checking the model's ops")
        check_ops(part)
        _write_extra(codec, part, name, version, max_pixels, functions)
        target.parent.mkdir(exist_ok=True)
        os.rename(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    server_files.write(folder)
    return target


def signatures(graph):
    """The signatures of a `ServingGraph`.

    Returns:
        Dict of `tf.function` by name.
    """
    images = tf.TensorSpec([None], tf.string, "image_bytes")
    files = tf.TensorSpec([None], tf.string, "compressed_bytes")
    quality = tf.TensorSpec([None], tf.float32, "quality")

    def compress(image_bytes):
        same = tf.fill([tf.size(image_bytes)], DEFAULT_QUALITY)
        return {"compressed_bytes": graph.compress(image_bytes, same)}

    def compress_quality(image_bytes, quality):
        return {"compressed_bytes": graph.compress(image_bytes, quality)}

    def decompress(compressed_bytes):
        return {"image_bytes": graph.decompress(compressed_bytes, _to_png)}

    def decompress_jpeg(compressed_bytes):
        return {"image_bytes": graph.decompress(compressed_bytes, _to_jpeg)}

    def decompress_pixels(compressed_bytes):
        names = ("pixels", "height", "width")
        found = graph.decompress_pixels(compressed_bytes)
        return dict(zip(names, found, strict=True))

    def synthesis(z, quality, residual=None):
        return {"pixels": graph.tensors.synthesis(z, quality, residual)}

    pixels = tf.TensorSpec([None, None, None, 3], tf.uint8, "pixels")
    coded = [tf.TensorSpec([None] * 4, tf.int32, "z"), quality]
    if graph.has_residual:
        coded.append(tf.TensorSpec([None] * 4, tf.int32, "residual"))
    compress = shared(compress, images)
    return {
        "serving_default": compress,
        "compress": compress,
        "compress_quality": shared(compress_quality, images, quality),
        "decompress": shared(decompress, files),
        "decompress_jpeg": shared(decompress_jpeg, files),
        "decompress_pixels": shared(decompress_pixels, files),
        "analysis": shared(graph.tensors.analysis, pixels, quality),
        "synthesis": shared(synthesis, *coded),
    }


def _to_png(pixels):
    return tf.io.encode_png(pixels, compression=PNG_COMPRESSION)


def _to_jpeg(pixels):
    return tf.io.encode_jpeg(
        pixels, quality=JPEG_QUALITY, chroma_downsampling=False
    )


def _of_preset(preset):
    """Name and version of a model if nobody names them."""
    if preset is None:
        return "tfcodec", 1
    number = preset.name.rpartition("-")[2]
    return preset.family, int(number) if number.isdecimal() else 1


def _check(name, version, max_pixels):
    # What URLs of a server and its configuration take as it is.
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise ValueError(
            "`name` must consist of letters, digits, '_', '-' and '.', and "
            f"not begin with '-' or '.'. Received: name={name!r}"
        )
    for argument, value, most in (
        ("version", version, (1 << 63) - 1),
        ("max_pixels", max_pixels, limits.MAX_PIXELS),
    ):
        if not isinstance(value, int) or not 1 <= value <= most:
            raise ValueError(
                f"`{argument}` must be an integer in 1..{most}. "
                f"Received: {argument}={value!r}"
            )


def _write_extra(codec, folder, name, version, max_pixels, functions):
    """What servers pass over, or read before they serve: `assets.extra`."""
    row = np.arange(min(256, math.isqrt(max_pixels)))
    picture = np.broadcast_arrays(row, row[:, None], 128)
    picture = np.stack(picture, axis=2).astype(np.uint8)
    png = tf.io.encode_png(picture).numpy()
    data = codec.compress(picture, DEFAULT_QUALITY)
    quality = np.full([1], DEFAULT_QUALITY, np.float32)
    write_warmup(
        folder,
        name,
        [
            ("serving_default", {"image_bytes": [png]}),
            ("compress", {"image_bytes": [png]}),
            ("compress_quality", {"image_bytes": [png], "quality": quality}),
            ("decompress", {"compressed_bytes": [data]}),
            ("decompress_jpeg", {"compressed_bytes": [data]}),
            ("decompress_pixels", {"compressed_bytes": [data]}),
        ],
    )
    facts = {
        "name": name,
        "version": version,
        "preset": codec.preset.name if codec.preset else None,
        "identifier": codec.identifier,
        "model_hash": codec.coding.model_hash.hex(),
        "max_pixels": max_pixels,
        "signatures": sorted(functions),
        "tfcodec": tfcodec.__version__,
        "tensorflow": tf.__version__,
    }
    extra = folder / "assets.extra"
    path = extra / "tfcodec.json"
    path.write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
    card = codec.preset and codec.preset.directory / "MODEL_CARD.md"
    if card and card.is_file():
        shutil.copyfile(card, extra / card.name)
