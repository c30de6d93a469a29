"""Compresses a picture and decompresses it again, through a server's gRPC API.

`python examples/client_grpc.py photo.png [--address localhost:8500]`

Works with `tfcodec serve` and with TensorFlow Serving. Needs `pip install
tensorflow-serving-api`. Writes photo.tfc and photo.decoded.png beside the
picture.
"""

import argparse
import pathlib
import sys

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

# gRPC refuses answers of more than 4 MiB unless the client allows them.
OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
]


def predict(stub, model, signature, **inputs):
    """Sends a batch of one to a signature; returns its outputs.

    Raises:
        grpc.RpcError: The server says what is wrong.
    """
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto([value]))
    return stub.Predict(request, timeout=60).outputs


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=pathlib.Path)
    parser.add_argument("--address", default="localhost:8500")
    parser.add_argument("--model", default="photo")
    parser.add_argument("--quality", type=float, default=50.0)
    options = parser.parse_args(arguments)

    original = options.picture.read_bytes()
    with grpc.insecure_channel(options.address, OPTIONS) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        outputs = predict(
            stub,
            options.model,
            "compress_quality",
            image_bytes=original,
            quality=options.quality,
        )
        compressed = outputs["compressed_bytes"].string_val[0]
        outputs = predict(
            stub, options.model, "decompress", compressed_bytes=compressed
        )
        decoded = outputs["image_bytes"].string_val[0]

    options.picture.with_suffix(".tfc").write_bytes(compressed)
    options.picture.with_suffix(".decoded.png").write_bytes(decoded)
    print(f"{len(original)} -> {len(compressed)} -> {len(decoded)} bytes")


if __name__ == "__main__":
    try:
        main()
    except (OSError, grpc.RpcError) as error:
        is_rpc = isinstance(error, grpc.RpcError)
        sys.exit(f"error: {error.details() if is_rpc else error}")
