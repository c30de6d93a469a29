"""LiteRT (TFLite) files for phones and everything small; docs/mobile.md."""

import os
import pathlib
import secrets

import keras

import tfcodec
from tfcodec.export.lite import conversion
from tfcodec.export.lite import tflite_file
from tfcodec.export.lite.tflite_graph import LiteGraph
from tfcodec.export.lite.tflite_quantize import MODES
from tfcodec.export.lite.tflite_quantize import exact_weights
from tfcodec.export.lite.tflite_quantize import quantize as quantize_weights
from tfcodec.limits import BLOCK
from tfcodec.limits import EXPORT_MAX_PIXELS
from tfcodec.transforms import ContextMean
from tfcodec.transforms import HyperMean


def export_tflite(
    codec,
    path,
    quantize="none",
    size=None,
    max_pixels=EXPORT_MAX_PIXELS,
    report=None,
):
    """Writes a codec as one TFLite file of builtin ops.

    Args:
        codec: `Codec` with tables that belong to its weights.
        path: of the file, which appears when it is complete.
        quantize: "none", "float16" or "dynamic", the form of the weights; what
            parsing depends on is exact in each.
        size: `(height, width)` of all images, multiples of 16; None for any.
        max_pixels: int, at least 1; larger images get a status.
        report: function of str, told what is being done; or None.

    Returns:
        Bytes of the file, int.

    Raises:
        ValueError: a wrong argument, a codec without tables or with stale
            ones, or an op that TFLite does not have.
        OSError: the file cannot be written.
    """
    path = pathlib.Path(path)
    data = build(codec, quantize, size, max_pixels, report)
    part = path.with_name(f".tfcodec-{secrets.token_hex(8)}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path.stat().st_size


def build(
    codec, quantize="none", size=None, max_pixels=EXPORT_MAX_PIXELS, report=None
):
    """The bytes of that file; arguments as for `export_tflite`."""
    report = report or (lambda text: None)
    _check(quantize, size, max_pixels)
    data = convert(codec, size, max_pixels, report)
    report("finishing the file")
    return finish(codec, data, quantize, size, max_pixels)


def convert(codec, size, max_pixels, report):
    """The bytes that the converter makes, each signature by itself."""
    report("tracing the model")
    module = LiteGraph(codec, max_pixels, size)
    signatures = module.signatures()
    report("converting the model")
    return conversion.convert(signatures)


def finish(codec, data, quantize, size, max_pixels):
    """What `convert` made, checked, quantized, with shared buffers and facts.

    Raises:
        ValueError: an op is not a builtin one, or exact weights are not there.
    """
    model = tflite_file.read_checked(data)
    quantize_weights(
        model,
        quantize,
        exact_weights(codec.coding.network),
        _precise_weights(codec.model),
    )
    tflite_file.add_metadata(model, _facts(codec, quantize, size, max_pixels))
    return tflite_file.write(model)


def _check(quantize, size, max_pixels):
    if quantize not in MODES:
        raise ValueError(
            f"`quantize` must be one of {', '.join(MODES)}. "
            f"Received: quantize={quantize!r}"
        )
    if size is not None and (
        len(size) != 2 or any(side < BLOCK or side % BLOCK for side in size)
    ):
        raise ValueError(
            "`size` must be a height and a width, multiples of 16. "
            f"Received: size={size!r}"
        )
    if max_pixels < 1:
        raise ValueError(
            f"`max_pixels` must be at least 1. Received: {max_pixels}"
        )


def _precise_weights(model):
    """Weights that become float16 where the others become int8.

    Those of the linear transforms beside the networks, since their inputs are
    latents of very different sizes, of which eight bits for all would leave
    little; and those of the mean networks, since what a mean is off is in the
    picture, and in the means after it.
    """
    kernels = [
        part.bypass.kernel
        for part in (model.analysis, model.synthesis)
        if hasattr(part, "bypass")
    ]
    for layer in model._flatten_layers():
        if isinstance(layer, HyperMean | ContextMean):
            kernels += [w for w in layer.weights if len(w.shape) == 4]
    return [keras.ops.convert_to_numpy(kernel) for kernel in kernels]


def _facts(codec, quantize, size, max_pixels):
    return {
        "tfcodec": tfcodec.__version__,
        "preset": codec.preset.name if codec.preset else None,
        "preset_identifier": codec.identifier,
        "model_hash": codec.coding.model_hash.hex(),
        "quantize": quantize,
        "size": list(size) if size else None,  # height, width
        "max_pixels": max_pixels,
        "license": "Apache-2.0",
    }
