"""`tfcodec info FILE.tflite`: what an exported LiteRT file says about itself.

It is read with the schema that LiteRT's package has; TensorFlow is not needed.
"""

import json
import pathlib
import struct
import zlib

from tfcodec import presets
from tfcodec.cli.report import fact_lines
from tfcodec.errors import TfcodecError

SUFFIX = ".tflite"
_MAGIC = b"TFL3"
_METADATA = b"tfcodec"  # as in `tfcodec.export.lite.tflite_file`
_MOST = 100_000  # parts of any kind; a damaged file may declare billions
# What reading a damaged file may come to.
_DAMAGE = (
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    TypeError,
    ValueError,
    struct.error,
)


def is_tflite(path):
    """Whether a file claims to be a LiteRT file.

    Raises:
        OSError: it cannot be read.
    """
    if pathlib.Path(path).suffix.lower() == SUFFIX:
        return True
    with open(path, "rb") as file:
        return file.read(8)[4:] == _MAGIC


def describe(path):
    """The facts of a file as a JSON-able dict.

    Raises:
        TfcodecError: the file is damaged, or not one of tfcodec's.
        OSError: it cannot be read.
    """
    data = pathlib.Path(path).read_bytes()
    if data[4:8] != _MAGIC:
        raise TfcodecError("this is not a LiteRT (TFLite) file")
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise TfcodecError(
            "reading LiteRT files needs ai-edge-litert: "
            "pip install ai-edge-litert"
        ) from error
    try:
        model = schema.Model.GetRootAs(data, 0)
        number = _metadata(model)
        if number is not None:
            facts = json.loads(_content(model.Buffers(number)))
            crc = facts.pop("crc32")
            signatures = _signatures(model)
            is_sound = crc == _crc32(model, number)
            preset = facts["preset_identifier"]
            matches = _matches(preset, facts["model_hash"])
    except _DAMAGE as error:
        raise TfcodecError("this LiteRT file is damaged") from error
    if number is None:
        raise TfcodecError("this LiteRT file does not come from tfcodec")
    if not is_sound:
        raise TfcodecError("this LiteRT file is damaged: wrong checksum")
    return {
        "file": str(path),
        "bytes": len(data),
        **facts,
        "model_hash_matches": matches,
        "signatures": signatures,
        "checksum": "ok",
    }


def lines(facts):
    """What a person reads of `describe`'s dict."""
    matches = {True: ", as installed", False: ", NOT as installed", None: ""}
    preset = facts["preset"]
    if facts["preset_identifier"] == presets.UNREGISTERED:
        preset = f"{preset} (not part of tfcodec)"
    images = f"any size up to {facts['max_pixels']:,} pixels"
    if facts["size"]:
        height, width = facts["size"]
        images = f"{width} x {height} pixels"
    rows = {
        "size": f"{facts['bytes']:,} bytes",
        "preset": f"{preset}, identifier {facts['preset_identifier']}",
        "model hash": (
            facts["model_hash"] + matches[facts["model_hash_matches"]]
        ),
        "weights": facts["quantize"],
        "images": images,
        "licence": facts["license"],
        "tfcodec": facts["tfcodec"],
        "signatures": ", ".join(facts["signatures"]),
        "checksum": facts["checksum"],
    }
    return fact_lines(facts["file"], rows)


def _matches(identifier, model_hash):
    """Whether the installed preset has that hash; None if there is none."""
    try:
        settings = presets.by_identifier(identifier).settings
    except TfcodecError:
        return None
    return settings.get("model_hash") == model_hash


def _parts(count, get):
    if count > _MOST:
        raise ValueError(f"{count} parts")
    return (get(i) for i in range(count))


def _metadata(model):
    """Number of the buffer that holds the facts, or None."""
    for entry in _parts(model.MetadataLength(), model.Metadata):
        if entry.Name() == _METADATA:
            return entry.Buffer()
    return None


def _content(buffer):
    if buffer.DataIsNone():
        return b""
    return bytes(memoryview(buffer.DataAsNumpy()))


def _crc32(model, without):
    crc = 0
    for i, buffer in enumerate(_parts(model.BuffersLength(), model.Buffers)):
        if i != without:
            crc = zlib.crc32(_content(buffer), crc)
    return crc


def _signatures(model):
    """Names of inputs and outputs by signature."""
    found = {}
    for entry in _parts(model.SignatureDefsLength(), model.SignatureDefs):
        found[entry.SignatureKey().decode()] = {
            "inputs": _names(entry.InputsLength(), entry.Inputs),
            "outputs": _names(entry.OutputsLength(), entry.Outputs),
        }
    return found


def _names(count, get):
    return [tensor.Name().decode() for tensor in _parts(count, get)]
