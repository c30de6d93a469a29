"""gRPC, over a real socket, with the stubs of tensorflow-serving-api."""

import contextlib

import numpy as np
import pytest


@contextlib.contextmanager
def stubs_of(client):
    import grpc
    from tensorflow_serving.apis import model_service_pb2_grpc
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    options = [("grpc.max_send_message_length", -1)]
    address = f"127.0.0.1:{client.server.grpc_port}"
    with grpc.insecure_channel(address, options) as channel:
        yield (
            prediction_service_pb2_grpc.PredictionServiceStub(channel),
            model_service_pb2_grpc.ModelServiceStub(channel),
        )


@pytest.fixture(scope="module")
def stubs(client):
    with stubs_of(client) as stubs:
        yield stubs


def make_request(signature="", name="png", version=None, label=None, **inputs):
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    for alias, value in inputs.items():
        request.inputs[alias].CopyFrom(tf.make_tensor_proto(value))
    return request


def failure(call, request):
    """The code's name and the message of a call that fails."""
    import grpc

    with pytest.raises(grpc.RpcError) as info:
        call(request, timeout=60)
    return info.value.code().name, info.value.details()


def test_predict(stubs, png, photograph):
    import tensorflow as tf

    predict = stubs[0].Predict
    quality = np.array([50], np.float32)
    request = make_request(
        "compress_quality", image_bytes=[png], quality=quality
    )
    response = predict(request, timeout=60)
    assert list(response.outputs) == ["compressed_bytes"]
    assert response.model_spec.version.value == 3
    assert response.model_spec.signature_name == "compress_quality"
    data = list(response.outputs["compressed_bytes"].string_val)
    request = make_request("decompress_pixels", compressed_bytes=data)
    outputs = predict(request, timeout=60).outputs
    assert sorted(outputs) == ["height", "pixels", "width"]
    pixels = tf.make_ndarray(outputs["pixels"])
    assert (pixels[0] == photograph[100:106, 200:208]).all()
    request.output_filter.append("width")
    outputs = predict(request, timeout=60).outputs
    assert list(outputs) == ["width"]
    request.output_filter.append("depths")
    assert "depths" in failure(predict, request)[1]


def test_default_signature_and_versions(stubs, png):
    predict = stubs[0].Predict
    for choice, number in (({"version": 1}, 1), ({"label": "stable"}, 1)):
        request = make_request(**choice, image_bytes=[png])
        response = predict(request, timeout=60)
        assert response.model_spec.version.value == number
        assert response.model_spec.signature_name == "serving_default"


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        ({"name": "none"}, "NOT_FOUND", "Latest(none)"),
        ({"version": 2}, "NOT_FOUND", "Specific(png, 2)"),
        ({"label": "no"}, "INVALID_ARGUMENT", "version label: no"),
        ({"name": ""}, "INVALID_ARGUMENT", "no name"),
        ({"signature": "no"}, "FAILED_PRECONDITION", 'key "no" not found'),
        ({}, "INVALID_ARGUMENT", "Missing but required: {image_bytes}"),
        ({"other": ["x"]}, "INVALID_ARGUMENT", "Sent extra: {other}"),
        ({"image_bytes": [1.0]}, "INVALID_ARGUMENT", "string is expected"),
        ({"image_bytes": "x"}, "INVALID_ARGUMENT", "has shape []"),
        ({"image_bytes": ["no picture"]}, "INVALID_ARGUMENT", ""),
    ],
)
def test_bad_requests(stubs, arguments, code, part):
    found, message = failure(stubs[0].Predict, make_request(**arguments))
    assert found == code
    assert part in message


def test_hostile_tensors(stubs):
    """A few bytes must not become an array of gigabytes."""
    request = make_request("total", x=np.zeros(1, np.float32))
    shape = request.inputs["x"].tensor_shape
    shape.dim[0].size = 1 << 40
    code, message = failure(stubs[0].Predict, request)
    assert (code, "1048576 bytes" in message) == ("RESOURCE_EXHAUSTED", True)
    shape.dim[0].size = -1
    assert failure(stubs[0].Predict, request)[0] == "INVALID_ARGUMENT"
    shape.dim[0].size = 3
    request.inputs["x"].tensor_content = b"\0" * 5
    assert failure(stubs[0].Predict, request)[0] == "INVALID_ARGUMENT"
    request.inputs["x"].dtype = 99
    assert failure(stubs[0].Predict, request)[0] == "INVALID_ARGUMENT"


def test_too_large(stubs):
    request = make_request(image_bytes=[b"x" * (1 << 20)])
    code, message = failure(stubs[0].Predict, request)
    assert code == "RESOURCE_EXHAUSTED"
    assert "1048576" in message


def test_status(stubs):
    from tensorflow_serving.apis import get_model_status_pb2

    request = get_model_status_pb2.GetModelStatusRequest()
    get = stubs[1].GetModelStatus
    assert failure(get, request) == ("INVALID_ARGUMENT", "Missing ModelSpec")
    request.model_spec.name = "png"
    response = get(request, timeout=60)
    assert [s.version for s in response.model_version_status] == [3, 1]
    assert response.model_version_status[0].state == 30  # AVAILABLE
    request.model_spec.version.value = 2
    assert failure(get, request) == (
        "NOT_FOUND",
        "Could not find version 2 of model png",
    )


def test_metadata(stubs):
    from tensorflow_serving.apis import get_model_metadata_pb2

    request = get_model_metadata_pb2.GetModelMetadataRequest()
    get = stubs[0].GetModelMetadata
    request.model_spec.name = "png"
    assert failure(get, request)[0] == "INVALID_ARGUMENT"
    request.metadata_field.append("signature_def")
    response = get(request, timeout=60)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert set(signatures.signature_def["compress_quality"].inputs) == {
        "image_bytes",
        "quality",
    }
    request.metadata_field.append("other")
    assert "other" in failure(get, request)[1]


def test_what_is_not_there(stubs):
    from tensorflow_serving.apis import classification_pb2

    request = classification_pb2.ClassificationRequest()
    assert failure(stubs[0].Classify, request)[0] == "UNIMPLEMENTED"
