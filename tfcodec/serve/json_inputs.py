"""Input tensors from JSON, as TensorFlow Serving's REST API has them.

A string is UTF-8, or `{"b64": "..."}` for bytes; `NaN`, `Infinity` and
`-Infinity` are numbers. Messages are those of its `json_tensor.cc`.
https://www.tensorflow.org/tfx/serving/api_rest#predict_api
"""

import base64
import json
import math

import numpy as np

from tfcodec.serve.status import StatusError
from tfcodec.serve.status import invalid

_MAX_RANK = 32


def parse(body):
    """The JSON object in the body of a request.

    Args:
        body: bytes.

    Returns:
        dict.

    Raises:
        StatusError: `INVALID_ARGUMENT`.
    """
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise invalid(f"JSON Parse error: {error}") from error
    if not isinstance(request, dict):
        raise invalid(f"JSON Value: {_shown(request)} Is not object")
    name = request.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid("'signature_name' key must be a string value.")
    return request


def read_inputs(request, infos):
    """The input tensors of a request.

    Args:
        request: dict, with either `instances` (rows) or `inputs` (columns).
        infos: mapping from the inputs' names to `TensorInfo`.

    Returns:
        `(inputs, is_row)`: a dict from name to array, and whether they came
        as rows.

    Raises:
        StatusError: `INVALID_ARGUMENT`, or `UNIMPLEMENTED` for dtypes that
            JSON has no form for.
    """
    is_row = "instances" in request
    if is_row and "inputs" in request:
        raise invalid(
            "Not formatted correctly expecting only one of 'inputs' or "
            "'instances' keys to exist"
        )
    if not is_row and "inputs" not in request:
        raise invalid("Missing 'inputs' or 'instances' key")
    columns = (
        _columns_of_rows(request["instances"], infos)
        if is_row
        else _columns(request["inputs"], infos)
    )
    return {
        name: _to_array(name, value, infos[name].dtype)
        for name, value in columns.items()
    }, is_row


def _columns_of_rows(rows, infos):
    if not isinstance(rows, list):
        raise invalid("Expecting 'instances' to be an list/array")
    if not rows:
        raise invalid("No values in 'instances' array")
    if not _is_named(rows[0]):
        if len(infos) > 1:
            raise invalid(
                "instances is a plain list, but expecting list of objects as "
                f"multiple input tensors required: {', '.join(sorted(infos))}"
            )
        for i, row in enumerate(rows):
            if _is_named(row):
                raise invalid(
                    f"Expecting value/list but got object at item {i} of "
                    "input list"
                )
        return {name: rows for name in infos}
    for i, row in enumerate(rows):
        if not _is_named(row):
            raise invalid(
                f"Expecting object but got list at item {i} of input list"
            )
        if set(row) != set(infos):
            raise invalid(
                f"Failed to process element: {i} of 'instances' list. JSON "
                f"object: {_shown(row)} keys must be equal to: "
                f"{','.join(sorted(infos))}"
            )
    return {name: [row[name] for row in rows] for name in infos}


def _columns(columns, infos):
    if not _is_named(columns):
        if len(infos) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as "
                f"multiple input tensors required: {', '.join(sorted(infos))}"
            )
        return {name: columns for name in infos}
    for name in infos:
        if name not in columns:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
    return {name: columns[name] for name in infos}


def _is_named(value):
    """Whether it is an object of named tensors, and not one of bytes."""
    return isinstance(value, dict) and set(value) != {"b64"}


def _to_array(name, value, data_type):
    import tensorflow as tf

    dtype = tf.as_dtype(data_type)
    convert = _converter(dtype)
    shape = []
    leaf = value
    while isinstance(leaf, list):
        shape.append(len(leaf))
        if len(shape) > _MAX_RANK:
            raise invalid(f"{name}: lists are nested too deeply")
        if not leaf:
            break
        leaf = leaf[0]
    leaves = []

    def visit(part, level):
        if level == len(shape):
            if isinstance(part, list):
                raise invalid(
                    f"{name}: Encountered list at unexpected level: {level} "
                    f"expected < {len(shape)}"
                )
            leaves.append(convert(part))
            return
        if not isinstance(part, list):
            raise invalid(
                f"{name}: JSON Value: {_shown(part)} found at incorrect "
                f"level: {level + 1} in the JSON DOM. Expected at level: "
                f"{len(shape)}"
            )
        if len(part) != shape[level]:
            raise invalid(
                f"{name}: Encountered list at unexpected size: {len(part)} at "
                f"level: {level} expected size: {shape[level]}"
            )
        for item in part:
            visit(item, level + 1)

    visit(value, 0)
    array = np.empty(len(leaves), dtype.as_numpy_dtype)
    array[:] = leaves
    return array.reshape(shape)


def _converter(dtype):
    """Function from a JSON value to one of a `tf.DType`."""
    if dtype.name == "string":
        return _to_bytes
    if dtype.name == "bool":
        return lambda value: _typed(value, isinstance(value, bool), dtype)
    if dtype.is_integer and not dtype.is_quantized:
        return lambda value: _typed(
            value,
            type(value) is int and int(dtype.min) <= value <= int(dtype.max),
            dtype,
        )
    if dtype.name in ("float32", "float64"):
        return lambda value: _to_float(value, dtype)
    raise StatusError("UNIMPLEMENTED", f"No conversion of JSON to {dtype.name}")


def _typed(value, is_right, dtype):
    if not is_right:
        raise invalid(
            f"JSON Value: {_shown(value)} is not of expected type: {dtype.name}"
        )
    return value


def _to_float(value, dtype):
    _typed(value, type(value) in (int, float), dtype)
    digits = 24 if dtype.name == "float32" else 53
    limit = 2**digits - 1 if type(value) is int else float(dtype.max)
    if limit < abs(value) < math.inf:
        raise invalid(
            f"Cannot convert JSON value: {_shown(value)} to {dtype.name} "
            "without loss of precision."
        )
    return float(value)


def _to_bytes(value):
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise invalid(f"JSON string is not UTF-8: {error}") from error
    if not isinstance(value, dict):
        raise invalid(
            f"JSON Value: {_shown(value)} is not of expected type: string"
        )
    text = value.get("b64")
    if not isinstance(text, str) or len(value) != 1:
        raise invalid(
            f"JSON Value: {_shown(value)} not formatted correctly for base64 "
            "data"
        )
    text = "".join(text.split()).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise invalid("Unable to base64 decode") from error


def _shown(value):
    try:
        text = json.dumps(value)
    except RecursionError:
        return "[..."
    return text if len(text) <= 80 else text[:80] + "..."
