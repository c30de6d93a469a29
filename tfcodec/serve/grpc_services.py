"""The gRPC API: `PredictionService` and `ModelService`.

`Classify`, `Regress`, `MultiInference` and `HandleReloadConfigRequest` answer
UNIMPLEMENTED.
"""

import math
import time

import grpc
from tensorflow_serving.apis import model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from tfcodec.serve.models import DEFAULT_SIGNATURE
from tfcodec.serve.models import check_inputs
from tfcodec.serve.protos import metadata_response
from tfcodec.serve.protos import status_response
from tfcodec.serve.status import StatusError
from tfcodec.serve.status import as_status
from tfcodec.serve.status import invalid


def add_services(server, models, predict, max_bytes, log):
    """Adds both services to a server.

    Args:
        server: `grpc.Server`.
        models: `Models`.
        predict: function of `(servable, signature_name, inputs)`.
        max_bytes: int, the largest tensor of a request.
        log: function of `(line, error)`; called once per request.
    """
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        _Prediction(models, predict, max_bytes, log), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(
        _Status(models, log), server
    )


class _Prediction(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, models, predict, max_bytes, log):
        self._models = models
        self._predict = predict
        self._max_bytes = max_bytes
        self._log = log

    def Predict(self, request, context):
        return _answer("Predict", self._run, request, context, self._log)

    def GetModelMetadata(self, request, context):
        return _answer(
            "GetModelMetadata", self._metadata, request, context, self._log
        )

    def _run(self, request):
        import tensorflow as tf

        servable = self._models.find(**_which(request))
        name = request.model_spec.signature_name or DEFAULT_SIGNATURE
        if name not in servable.signatures:
            raise StatusError(
                "FAILED_PRECONDITION",
                f'Serving signature key "{name}" not found.',
            )
        signature = servable.signatures[name]
        wanted = _wanted_outputs(request.output_filter, signature)
        inputs = {
            alias: self._to_array(alias, tensor)
            for alias, tensor in request.inputs.items()
        }
        check_inputs(signature, inputs)
        outputs = self._predict(servable, name, inputs)
        response = predict_pb2.PredictResponse()
        response.model_spec.name = servable.name
        response.model_spec.version.value = servable.version
        response.model_spec.signature_name = name
        for alias in wanted:
            response.outputs[alias].CopyFrom(
                tf.make_tensor_proto(outputs[alias])
            )
        return response

    def _to_array(self, alias, tensor):
        """Array of a `TensorProto`; a short one may declare a huge shape."""
        import tensorflow as tf

        sizes = [dim.size for dim in tensor.tensor_shape.dim]
        if tensor.tensor_shape.unknown_rank or min(sizes, default=0) < 0:
            raise invalid(f"{alias}: the shape of the tensor is not known")
        try:
            itemsize = max(tf.as_dtype(tensor.dtype).size or 0, 1)
            if math.prod(sizes) * itemsize > self._max_bytes:
                raise StatusError(
                    "RESOURCE_EXHAUSTED",
                    f"{alias}: a tensor of shape {sizes} exceeds "
                    f"{self._max_bytes} bytes",
                )
            return tf.make_ndarray(tensor)
        except (TypeError, ValueError, IndexError) as error:
            raise invalid(f"{alias}: not a tensor: {error}") from error

    def _metadata(self, request):
        if not request.metadata_field:
            raise invalid(
                "GetModelMetadataRequest must specify at least one "
                "metadata_field"
            )
        for field in request.metadata_field:
            if field != "signature_def":
                raise invalid(f"Metadata field {field} is not supported")
        return metadata_response(self._models.find(**_which(request)))


class _Status(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, models, log):
        self._models = models
        self._log = log

    def GetModelStatus(self, request, context):
        return _answer(
            "GetModelStatus", self._status, request, context, self._log
        )

    def _status(self, request):
        return status_response(self._models.versions(**_which(request)))


def _which(request):
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    spec = request.model_spec
    if not spec.name:
        raise invalid("ModelSpec has no name specified.")
    choice = spec.WhichOneof("version_choice")
    return {
        "name": spec.name,
        "version": spec.version.value if choice == "version" else None,
        "label": spec.version_label if choice == "version_label" else None,
    }


def _wanted_outputs(output_filter, signature):
    for alias in output_filter:
        if alias not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {alias} Outputs "
                "expected to be in the set "
                f"{{{','.join(sorted(signature.outputs))}}}."
            )
    if len(set(output_filter)) < len(output_filter):
        raise invalid("duplicate output tensor alias")
    return list(output_filter) or sorted(signature.outputs)


def _answer(method, function, request, context, log):
    begun = time.perf_counter()
    code, response, failure = "OK", None, None
    try:
        response = function(request)
    except Exception as error:
        failure = error
        status = as_status(error)
        code = status.code
    milliseconds = 1e3 * (time.perf_counter() - begun)
    log(
        f"{method} {request.model_spec.name} {code} {milliseconds:.0f} ms",
        failure,
    )
    if failure is not None:
        context.abort(grpc.StatusCode[code], str(status))
    return response
