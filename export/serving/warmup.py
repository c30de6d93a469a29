"""Warm-up requests, which a server runs before it takes any.

`assets.extra/tf_serving_warmup_requests` is a TFRecord file of `PredictionLog`
messages of TensorFlow Serving. Four of their fields are needed here, so they
are written by hand: tensorflow-serving-api is no dependency. The numbers are
those of `prediction_log.proto`, `predict.proto` and `model.proto`.
"""

import pathlib

import tensorflow as tf

_PREDICT_LOG = 6  # of PredictionLog
_REQUEST = 1  # of PredictLog
_MODEL_SPEC, _INPUTS = 1, 2  # of PredictRequest
_NAME, _SIGNATURE = 1, 3  # of ModelSpec
_KEY, _VALUE = 1, 2  # of an entry of a map


def write_warmup(folder, name, requests):
    """Writes the requests of a SavedModel.

    Args:
        folder: path of the SavedModel.
        name: str, the model's.
        requests: pairs of a signature's name and a dict from the names of its
            inputs to values.
    """
    path = pathlib.Path(folder, "assets.extra", "tf_serving_warmup_requests")
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, inputs in requests:
            writer.write(_prediction_log(name, signature, inputs))


def _prediction_log(name, signature, inputs):
    spec = _field(_NAME, name.encode()) + _field(_SIGNATURE, signature.encode())
    request = _field(_MODEL_SPEC, spec)
    for key, value in sorted(inputs.items()):
        tensor = tf.make_tensor_proto(value).SerializeToString()
        entry = _field(_KEY, key.encode()) + _field(_VALUE, tensor)
        request += _field(_INPUTS, entry)
    return _field(_PREDICT_LOG, _field(_REQUEST, request))


def _field(number, data):
    """A field of a message that holds bytes, a string or a message."""
    size, length = bytearray(), len(data)
    while length > 127:
        size.append(length % 128 + 128)
        length //= 128
    return bytes([number << 3 | 2, *size, length]) + data
