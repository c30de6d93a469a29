"""TFLite files as objects: their ops, shared buffers, metadata."""

import hashlib
import json
import zlib

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

METADATA = "tfcodec"  # the name of our entry in the file's metadata
_OPERATORS = {
    number: name
    for name, number in vars(schema.BuiltinOperator).items()
    if not name.startswith("_")
}


def read(data):
    """The object of a file's bytes."""
    return flatbuffer_utils.read_model_from_bytearray(bytearray(data))


def read_checked(data):
    """The object of what the converter made, with shared buffers.

    Raises:
        ValueError: an op is not a builtin one.
    """
    model = read(data)
    check_ops(model)
    share_buffers(model)
    return model


def write(model):
    """The bytes of a file's object."""
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def op_name(model, operator):
    """Name of an operator's op, as `"CONV_2D"`."""
    code = model.operatorCodes[operator.opcodeIndex]
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    return _OPERATORS.get(number, f"op {number}")


def check_ops(model):
    """Sees to it that all ops are builtin ones.

    Raises:
        ValueError: some are not.
    """
    custom = sorted(
        (code.customCode or b"without a name").decode()
        for code in model.operatorCodes
        if max(code.builtinCode, code.deprecatedBuiltinCode)
        == schema.BuiltinOperator.CUSTOM
    )
    if custom:
        raise ValueError(
            f"The model needs ops that TFLite does not have: {custom}"
        )


def constant(model, tensor):
    """The bytes of a constant tensor, uint8 array; None for others."""
    data = model.buffers[tensor.buffer].data
    return None if data is None or len(data) == 0 else np.asarray(data)


def share_buffers(model):
    """Leaves one buffer of those with equal contents.

    Each signature comes with its own copies of weights and tables.
    """
    first, new, kept = {}, [], []
    for i, buffer in enumerate(model.buffers):
        data = b"" if buffer.data is None else bytes(bytearray(buffer.data))
        # The first buffer is the empty one, by the format.
        key = (i == 0, hashlib.sha256(data).digest())
        if key not in first or not data:
            first[key] = len(kept)
            kept.append(buffer)
        new.append(first[key])
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.buffer = new[tensor.buffer]
    for entry in model.metadata or ():
        entry.buffer = new[entry.buffer]
    model.buffers = kept


def add_metadata(model, facts):
    """Stores a JSON-able dict in the file.

    With it goes `crc32`, the CRC-32 of all buffers there were before, one
    after the other.
    """
    crc = 0
    for buffer in model.buffers:
        if buffer.data is not None:
            crc = zlib.crc32(np.asarray(buffer.data, np.uint8), crc)
    buffer = schema.BufferT()
    data = json.dumps({**facts, "crc32": crc}, sort_keys=True).encode()
    buffer.data = np.frombuffer(data, np.uint8)
    entry = schema.MetadataT()
    entry.name = METADATA
    entry.buffer = len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or ()), entry]


def read_metadata(data):
    """What `add_metadata` stored, from a file's bytes.

    Raises:
        ValueError: not a TFLite file of tfcodec.
    """
    if bytes(data[4:8]) != b"TFL3":
        raise ValueError("This is not a TFLite file.")
    model = read(data)
    for entry in model.metadata or ():
        if entry.name in (METADATA, METADATA.encode()):
            return json.loads(
                bytes(bytearray(model.buffers[entry.buffer].data))
            )
    raise ValueError("This TFLite file does not come from tfcodec.")
