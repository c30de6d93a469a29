"""Requests that a SavedModel brings along, run before clients ask.

The first run of a signature compiles its graph, which takes seconds.
https://www.tensorflow.org/tfx/serving/saved_model_warmup
"""

import pathlib

from tensorflow_serving.apis import prediction_log_pb2

from tfcodec.errors import TfcodecError
from tfcodec.serve.models import DEFAULT_SIGNATURE
from tfcodec.serve.models import check_inputs

_FILE = pathlib.Path("assets.extra", "tf_serving_warmup_requests")


def warm_up(servable, folder):
    """Runs the predictions of a model's warm-up file, if it has one.

    Args:
        servable: `Servable`.
        folder: path of its SavedModel.

    Raises:
        TfcodecError: The file cannot be read, or a prediction fails.
    """
    import tensorflow as tf

    path = pathlib.Path(folder) / _FILE
    if not path.is_file():
        return
    try:
        for record in tf.data.TFRecordDataset(str(path)):
            log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
            request = log.predict_log.request
            name = request.model_spec.signature_name or DEFAULT_SIGNATURE
            inputs = {
                alias: tf.make_ndarray(tensor)
                for alias, tensor in request.inputs.items()
            }
            check_inputs(servable.signatures[name], inputs)
            servable.predict(name, inputs)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise TfcodecError(f"{path}: warm-up fails: {reason}") from error
