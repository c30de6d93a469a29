"""A SavedModel with an exported codec's signatures, which codes PNG."""

import contextlib
import http.client
import json
import threading
from typing import NamedTuple

import pytest


def save_model(folder):
    """Writes the SavedModel. It imports TensorFlow, so it is no method."""
    import tensorflow as tf

    strings = tf.TensorSpec([None], tf.string)
    floats = tf.TensorSpec([None], tf.float32)

    def decode(data):
        image = tf.io.decode_png(data, channels=3)
        size = tf.shape(image)
        return image, size[0], size[1]

    def recode(data):
        return tf.map_fn(lambda d: tf.io.encode_png(decode(d)[0]), data)

    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.step = tf.Variable(5.0)

        @tf.function(input_signature=[strings, floats])
        def compress_quality(self, image_bytes, quality):
            right = tf.reduce_all((quality >= 1) & (quality <= 100))
            check = tf.debugging.Assert(right, ["quality is 1 to 100"])
            with tf.control_dependencies([check]):
                return {"compressed_bytes": recode(image_bytes)}

        @tf.function(input_signature=[strings])
        def compress(self, image_bytes):
            return {"compressed_bytes": recode(image_bytes)}

        @tf.function(input_signature=[strings])
        def decompress(self, compressed_bytes):
            return {"image_bytes": recode(compressed_bytes)}

        @tf.function(input_signature=[strings])
        def decompress_pixels(self, compressed_bytes):
            pixels, heights, widths = tf.map_fn(
                decode,
                compressed_bytes,
                fn_output_signature=(tf.uint8, tf.int32, tf.int32),
            )
            return {"pixels": pixels, "height": heights, "width": widths}

        @tf.function(
            input_signature=[
                tf.TensorSpec([None, 2], tf.float32),
                tf.TensorSpec([None], tf.bool),
                tf.TensorSpec([None], tf.uint8),
            ]
        )
        def values(self, x, flag, count):
            name = tf.strings.as_string(count)
            return {
                "y": x / self.step,
                "flag": flag,
                "count": count,
                "name": name,
            }

        @tf.function(input_signature=[floats])
        def total(self, x):
            return {"total": tf.reduce_sum(x)}

        @tf.function(input_signature=[floats])
        def raw(self, x):
            return {"raw": tf.fill(tf.shape(x), b"\xff")}

    model = Model()
    names = "compress compress_quality decompress decompress_pixels values"
    names = f"{names} total raw".split()
    signatures = {name: getattr(model, name) for name in names}
    signatures["serving_default"] = model.compress
    tf.saved_model.save(model, str(folder), signatures=signatures)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A folder `models/png` with versions 1 and 3 of the model."""
    folder = tmp_path_factory.mktemp("serve") / "models"
    for version in (1, 3):
        save_model(folder / "png" / str(version))
    return folder


@pytest.fixture(scope="session")
def models(model_folder):
    """`Models` with the label `stable` for version 1."""
    from tfcodec.serve.models import Models
    from tfcodec.serve.models import Servable

    folder = model_folder / "png"
    return Models(
        [Servable("png", version, folder / str(version)) for version in (1, 3)],
        {("png", "stable"): 1},
    )


class Answer(NamedTuple):
    status: int
    value: object


class Client:
    """What the tests ask of a `Server` that runs in a thread."""

    def __init__(self, server, lines):
        self.server = server
        self.lines = lines

    def ask(self, method, path, body=None):
        """Sends a request (a JSON value or bytes); returns an `Answer`."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", self.server.rest_port)
        ) as connection:
            connection.request(method, path, body)
            response = connection.getresponse()
            data = response.read()
            kind = response.getheader("content-type")
            is_json = kind == "application/json"
            return Answer(
                response.status, json.loads(data) if is_json else data
            )

    def predict(self, body, path="png"):
        return self.ask("POST", f"/v1/models/{path}:predict", body)


@contextlib.contextmanager
def _running(models, **options):
    from tfcodec.serve.server import Server

    lines = []
    server = Server(
        models,
        rest_port=0,
        grpc_port=0,
        log=lambda line, error: lines.append(line),
        **options,
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield Client(server, lines)
    finally:
        server.stop()
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def running():
    """Context manager of models and options; gives a `Client`."""
    return _running


@pytest.fixture(scope="session")
def client(models):
    """A `Client` of a server with requests up to 1 MiB."""
    with _running(models, max_bytes=1 << 20) as client:
        yield client


@pytest.fixture(scope="session")
def png(photograph):
    """A PNG of 8 x 6 pixels, bytes."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(photograph[100:106, 200:208]).save(file, "PNG")
    return file.getvalue()
