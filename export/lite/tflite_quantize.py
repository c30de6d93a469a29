"""Smaller weights for TFLite files, and which must stay as they are.

The converter's own quantization takes every matrix it finds. Here the tables
and the integer network, which parsing depends on, are never touched: only
weights of convolutions and dense layers are, the integer network's are left
out by their values, and `require_exact` looks for them in the result.
"""

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from tfcodec.export.lite import tflite_file

MODES = ("none", "float16", "dynamic")
_LAYERS = ("CONV_2D", "FULLY_CONNECTED")
_MIN_SIZE = 1024  # of weights; fewer are not worth it
_INT8_MAX = 127


def quantize(model, mode, exact, precise=()):
    """Changes the weights of a file's object.

    Args:
        model: from `tflite_file.read`, with shared buffers.
        mode: "none"; "float16": halves; "dynamic": int8 with a scale for each
            output channel, activations quantized as they come.
        exact: from `exact_weights`; these must stay as they are.
        precise: float arrays `(inputs, outputs)` or `(rows, columns, inputs,
            outputs)` that become float16 under "dynamic" too.

    Raises:
        ValueError: one of `exact` is not in the result.
    """
    if mode != "none":
        skip = set().union(*exact)
        half = {_key(array) for array in precise}
        for number, users in _weights(model).items():
            data = np.asarray(model.buffers[number].data, np.uint8).tobytes()
            if data in skip:
                continue
            values = np.frombuffer(data, np.float32)
            if mode == "float16" or data in half:
                _to_float16(model, number, users, values)
            else:
                _to_int8(model, number, users, values)
    require_exact(model, exact)


def exact_weights(network):
    """What TFLite files hold for the weights of an `IntegerNetwork`.

    Returns:
        For each layer the bytes that its weights may be: as they are or times
        the power of two that the converter may have moved into them, and
        either way round. Each is exact.
    """
    layers = network.layers if network else ()
    return [
        {
            np.ascontiguousarray(array).tobytes()
            for scale in (1.0, 2.0**-layer.shift)
            for kernel in [np.float32(layer.kernel) * np.float32(scale)]
            for array in (kernel, kernel.T)
        }
        for layer in layers
    ]


def require_exact(model, exact):
    """Raises ValueError unless all of these weights are there, bit by bit."""
    there = {
        bytes(bytearray(buffer.data))
        for buffer in model.buffers
        if buffer.data is not None
    }
    if any(there.isdisjoint(forms) for forms in exact):
        raise ValueError(
            "The integer network's weights have been changed on the way."
        )


def _key(array):
    """The bytes of a layer's weights, as TFLite stores them."""
    array = np.moveaxis(np.asarray(array, np.float32), -1, 0)
    return np.ascontiguousarray(array).tobytes()


def _weights(model):
    """Buffers that are float32 weights of layers and nothing else.

    Returns:
        Dict from the buffer's number to its `(subgraph, tensor number)`s.
    """
    users, others = {}, {0}
    for graph in model.subgraphs:
        weights = set()
        for operator in graph.operators:
            for place, i in enumerate(operator.inputs):
                name = tflite_file.op_name(model, operator)
                if place == 1 and name in _LAYERS:
                    weights.add(i)
                elif i >= 0:
                    others.add(graph.tensors[i].buffer)
        for i in weights:
            tensor = graph.tensors[i]
            size = np.prod(tensor.shape)
            data = tflite_file.constant(model, tensor)
            if tensor.type != schema.TensorType.FLOAT32 or size < _MIN_SIZE:
                others.add(tensor.buffer)
            elif data is not None:
                users.setdefault(tensor.buffer, []).append((graph, i))
    return {k: v for k, v in users.items() if k not in others}


def _to_float16(model, number, users, values):
    """Halves, and an op in each subgraph that makes floats of them.

    Delegates keep the halves; other kernels do this once.
    """
    halves = values.astype(np.float16)
    model.buffers[number].data = np.frombuffer(halves.tobytes(), np.uint8)
    code = _dequantize_code(model)
    for graph, i in users:
        tensor = graph.tensors[i]
        half = schema.TensorT()
        half.name = (tensor.name or b"") + b"_float16"
        half.shape, half.buffer = tensor.shape, number
        half.type = schema.TensorType.FLOAT16
        tensor.buffer = 0
        operator = schema.OperatorT()
        operator.opcodeIndex = code
        operator.inputs, operator.outputs = [len(graph.tensors)], [i]
        graph.tensors.append(half)
        graph.operators.insert(0, operator)


def _dequantize_code(model):
    wanted = schema.BuiltinOperator.DEQUANTIZE
    for i, code in enumerate(model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == wanted:
            code.version = max(code.version, 3)  # the first with float16
            return i
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = wanted
    code.version = 3
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _to_int8(model, number, users, values):
    """Integers and a scale for each output channel, the first axis."""
    channels = users[0][0].tensors[users[0][1]].shape[0]
    rows = values.reshape(channels, -1)
    scale = np.maximum(np.abs(rows).max(axis=1) / _INT8_MAX, 1e-30)
    integers = np.rint(rows / scale[:, None]).astype(np.int8)
    model.buffers[number].data = np.frombuffer(integers.tobytes(), np.uint8)
    for graph, i in users:
        tensor = graph.tensors[i]
        tensor.type = schema.TensorType.INT8
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = scale.astype(np.float32)
        tensor.quantization.zeroPoint = np.zeros(channels, np.int64)
        tensor.quantization.quantizedDimension = 0
