"""A SavedModel of the tiny preset, and image files."""

import fcntl
import io
import pickle

import pytest

# Small, for tests of the limit.
MAX_PIXELS = 20_000


@pytest.fixture(scope="session")
def to_file():
    """Function of pixels or a `PIL.Image` to the bytes of an image file."""
    from PIL import Image

    def to_file(picture, kind="PNG", **options):
        if not isinstance(picture, Image.Image):
            picture = Image.fromarray(picture)
        file = io.BytesIO()
        picture.save(file, kind, **options)
        return file.getvalue()

    return to_file


@pytest.fixture(scope="session")
def to_pixels():
    """Function of the bytes of an image file to an array."""
    import numpy as np
    from PIL import Image

    return lambda data: np.array(Image.open(io.BytesIO(data)))


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory, tiny_codec):
    """Folder of the tiny codec's SavedModel."""
    from tfcodec.export.serving.saved_model import export_saved_model

    return export_saved_model(
        tiny_codec, tmp_path_factory.mktemp("models"), max_pixels=MAX_PIXELS
    )


@pytest.fixture(scope="session")
def signatures(saved_model):
    """The signatures of `saved_model`, loaded."""
    import tensorflow as tf

    model = tf.saved_model.load(str(saved_model))
    yield model.signatures  # The model owns their variables.


@pytest.fixture(scope="session")
def serve(signatures):
    """Function of a signature's name and its inputs; returns arrays."""
    import tensorflow as tf

    def serve(signature, **inputs):
        function = signatures[signature]
        _, specs = function.structured_input_signature
        inputs = {
            name: tf.constant(value, specs[name].dtype)
            for name, value in inputs.items()
        }
        return {k: v.numpy() for k, v in function(**inputs).items()}

    return serve


@pytest.fixture(scope="session")
def to_tflite():
    """Function of a codec, a size and `max_pixels` to files by form."""
    from tfcodec.export.graph import lanes
    from tfcodec.export.lite import tflite
    from tfcodec.export.lite.tflite_quantize import MODES

    def to_tflite(codec, size, max_pixels, modes=MODES):
        unroll, lanes.UNROLL = lanes.UNROLL, 1  # Converts much faster.
        try:
            data = tflite.convert(codec, size, max_pixels, lambda text: None)
        finally:
            lanes.UNROLL = unroll
        return {
            mode: tflite.finish(codec, data, mode, size, max_pixels)
            for mode in modes
        }

    return to_tflite


@pytest.fixture(scope="session")
def photo_codec(make_model):
    """A tiny `photo` with random weights."""
    from tfcodec.codec import Codec

    return Codec(make_model("photo")).freeze()


@pytest.fixture(scope="session")
def photo_files(photo_codec, to_tflite, once):
    """Its LiteRT files for any size up to 200,000 pixels, by form."""
    # Of the weights too: another process has the same codec.
    name = f"photo-{photo_codec.coding.model_hash.hex()}"
    return once(name, lambda: to_tflite(photo_codec, None, 200_000))


@pytest.fixture(scope="session")
def once(request, tmp_path_factory):
    """`once(name, make)`: what `make` returns, in one process of the run.

    The others wait for it and read what it has pickled.
    """

    def once(name, make):
        if not hasattr(request.config, "workerinput"):
            return make()
        # The workers' folders are in one.
        path = tmp_path_factory.getbasetemp().parent / name
        with open(f"{path}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                path.write_bytes(pickle.dumps(make()))
        return pickle.loads(path.read_bytes())

    return once


@pytest.fixture(scope="session")
def open_tflite():
    """Function of a model's bytes to one that calls its signatures."""
    from ai_edge_litert.interpreter import Interpreter

    def open_tflite(data):
        interpreter = Interpreter(model_content=data, num_threads=1)
        runners = {}

        def call(signature, **arguments):
            if signature not in runners:
                runner = interpreter.get_signature_runner(signature)
                runners[signature] = runner
            return runners[signature](**arguments)

        return call

    return open_tflite
