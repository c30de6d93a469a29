"""Output tensors to JSON, as TensorFlow Serving's REST API has them.

Bytes are `{"b64": "..."}` where the output's name ends in `_bytes`; other
strings are UTF-8. https://www.tensorflow.org/tfx/serving/api_rest#predict_api
"""

import base64
import json

import numpy as np

from tfcodec.serve.status import StatusError
from tfcodec.serve.status import invalid

_BYTES_SUFFIX = "_bytes"


def write_outputs(outputs, is_row):
    """The body of a response.

    Args:
        outputs: dict from name to array.
        is_row: bool, whether the request came as rows.

    Returns:
        bytes, JSON: `predictions` for rows, `outputs` for columns. One output
        stands for itself, several have their names.

    Raises:
        StatusError: Rows are asked for, and the outputs have none.
    """
    if is_row:
        return _dump({"predictions": _rows(outputs)})
    values = {name: _to_json(name, outputs[name]) for name in outputs}
    if len(values) == 1:
        (values,) = values.values()
    return _dump({"outputs": values})


def _rows(outputs):
    sizes = {}
    for name, array in outputs.items():
        if not array.ndim:
            raise invalid(f"Tensor name: {name} has no shape information")
        sizes[name] = len(array)
        first = next(iter(sizes.values()))
        if sizes[name] != first:
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: "
                f"{sizes[name]} expecting: {first}"
            )
    columns = [_to_json(name, array) for name, array in outputs.items()]
    if len(columns) == 1:
        return columns[0]
    return [
        dict(zip(outputs, row, strict=True))
        for row in zip(*columns, strict=True)
    ]


def _to_json(name, array):
    """An array's values, as nested lists or one value."""
    if array.dtype == object:
        values = [_string(name, value) for value in array.ravel()]
    elif array.dtype == np.float32:
        # The shortest digits that are the same float32: 0.2, not 0.20000000298.
        values = array.ravel().astype(str).astype(np.float64).tolist()
    elif array.dtype.kind in "biuf" and array.dtype != np.float16:
        return array.tolist()
    else:
        raise StatusError(
            "UNIMPLEMENTED", f"{name}: no conversion of {array.dtype} to JSON"
        )
    leaves = np.empty(len(values), object)
    leaves[:] = values
    return leaves.reshape(array.shape).tolist()


def _string(name, value):
    if name.endswith(_BYTES_SUFFIX):
        return {"b64": base64.b64encode(value).decode()}
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise StatusError(
            "INTERNAL",
            f"{name} is not UTF-8; names of outputs of bytes must end in "
            f"{_BYTES_SUFFIX}",
        ) from error


def _dump(value):
    return json.dumps(value).encode()
