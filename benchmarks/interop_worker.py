"""One runtime in a process of its own; `interop.py` starts these.

`python interop_worker.py KIND OPTIONS`: KIND is a name in `KINDS`, OPTIONS a
JSON object of its arguments. The first line on stdout tells versions. Then each
line on stdin, a JSON object, is a request, and is answered by a line: see
`encode` and `decode`. What goes wrong is an answer with `error`.
"""

import hashlib
import io
import json
import os
import pathlib
import platform
import sys

import numpy as np
from common import Signatures

from tfcodec.evaluation.machine import versions

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ("tensorflow", "keras", "jax", "ai-edge-litert", "numpy")


class FileCodecRuntime:
    """A `FileCodec`: Keras, or `tfcodec.litert`."""

    def __init__(self, codec):
        self._codec = codec
        self._decode_symbols = codec.decode_symbols
        # So that what is reported is what `decompress` went on with.
        codec.decode_symbols = self._noting_symbols

    def _noting_symbols(self, container):
        self._symbols = self._decode_symbols(container)
        return self._symbols

    def encode(self, picture, qualities):
        encoder = self._codec.encoder(read_pixels(picture))
        return [encoder.encode(quality) for quality in qualities]

    def decode(self, data):
        pixels = self._codec.decompress(data)
        names = ("z", "residual")
        if self._codec.coding.network is None:
            names = ("z",)
        found = (np.asarray(x)[0].astype(np.int32) for x in self._symbols)
        return pixels, dict(zip(names, found, strict=False))


def keras_runtime(preset, policy="float32", xla=False):
    """The package in Keras, on the backend that `KERAS_BACKEND` names."""
    import keras

    keras.config.set_dtype_policy(policy)
    import tfcodec

    codec = tfcodec.load(preset)
    if xla:
        import tensorflow as tf

        for name, traced in list(vars(codec).items()):
            if name.startswith("run_"):
                compiled = tf.function(
                    traced, jit_compile=True, autograph=False
                )
                setattr(codec, name, compiled)
    return FileCodecRuntime(codec)


def litert_runtime(preset, threads=1):
    """The package in LiteRT."""
    from tfcodec.litert.codec import load

    return FileCodecRuntime(load(preset, threads))


class TfliteRuntime:
    """An exported `.tflite` file, without tfcodec."""

    def __init__(self, model, xnnpack=True, threads=1):
        from ai_edge_litert.interpreter import Interpreter
        from ai_edge_litert.interpreter import OpResolverType

        resolver = OpResolverType.AUTO
        if not xnnpack:
            resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self._run = Signatures(
            Interpreter(
                model,
                num_threads=threads,
                experimental_op_resolver_type=resolver,
            )
        )

    def encode(self, picture, qualities):
        pixels = read_pixels(picture)
        files = []
        for quality in qualities:
            hundredths = np.int32(round(100 * quality))
            found = self._run("compress", pixels=pixels, quality=hundredths)
            files.append(found["compressed"].tobytes())
        return files

    def decode(self, data):
        octets = np.frombuffer(data, np.uint8)
        pixels = self._run("decompress", compressed=octets)["pixels"]
        found = self._run("entropy_decode", compressed=octets)
        names = ("z", "residual")
        return pixels, {name: found[name] for name in names if name in found}


class SavedModelRuntime:
    """A SavedModel, whose signatures show pixels but not symbols.

    Args:
        call: function of a signature's name and of its inputs, lists of bytes
            and arrays, to a dict of such.
    """

    def __init__(self, call):
        self._call = call

    def encode(self, picture, qualities):
        image = pathlib.Path(picture).read_bytes()
        return [
            self._call(
                "compress_quality",
                image_bytes=[image],
                quality=np.array([quality], np.float32),
            )["compressed_bytes"][0]
            for quality in qualities
        ]

    def decode(self, data):
        found = self._call("decompress_pixels", compressed_bytes=[data])
        return found["pixels"][0], None

    def synthesise(self, quality, **symbols):
        """Pixels of symbols, in whole blocks."""
        found = self._call(
            "synthesis",
            quality=np.array([quality], np.float32),
            **{name: x[None] for name, x in symbols.items()},
        )
        return found["pixels"][0]


def saved_model_runtime(model):
    """A SavedModel in Python's TensorFlow, without tfcodec."""
    import tensorflow as tf

    loaded = tf.saved_model.load(model)

    def call(signature, **inputs):
        inputs = {name: tf.constant(value) for name, value in inputs.items()}
        outputs = loaded.signatures[signature](**inputs)
        return {name: value.numpy() for name, value in outputs.items()}

    return SavedModelRuntime(call)


def c_api_runtime(model):
    """A SavedModel in TensorFlow's C API, `tensorflow` never imported."""
    sys.path.insert(0, str(ROOT / "examples"))
    import c_api

    return SavedModelRuntime(c_api.SavedModel(model).run)


KINDS = {
    "keras": keras_runtime,
    "litert": litert_runtime,
    "tflite": TfliteRuntime,
    "saved-model": saved_model_runtime,
    "c-api": c_api_runtime,
}


# Requests. ----------------------------------------------------------------


def encode(runtime, picture, qualities, folder):
    """Encodes a PNG file; `files`: names of the `.tfc` files in `folder`,
    their SHA-256, one for each quality."""
    names = []
    for data in runtime.encode(picture, qualities):
        names.append(hashlib.sha256(data).hexdigest())
        path = pathlib.Path(folder, f"{names[-1]}.tfc")
        if not path.exists():
            path.write_bytes(data)
    return {"files": names}


def decode(runtime, file, pixels, quality, symbols, is_reference):
    """Decodes `file` and writes the array `pixels`.

    `symbols` is the path of the symbols that the reference has read: it writes
    them, and other runtimes compare theirs.

    Answers `equal`, whether they are the same, and `seen`: false if the runtime
    does not show its symbols. Then they count as the same if its pixels are
    exactly those that it makes of the reference's symbols.
    """
    data = pathlib.Path(file).read_bytes()
    found, own = runtime.decode(data)
    np.save(pixels, found)
    if is_reference:
        np.savez(symbols, **own)
    with np.load(symbols) as stored:
        expected = dict(stored)
    if own is not None:
        return {"seen": True, "equal": same_symbols(own, expected)}
    again = runtime.synthesise(quality, **expected)
    height, width = found.shape[:2]
    equal = np.array_equal(again[:height, :width], found)
    return {"seen": False, "equal": equal}


def same_symbols(own, expected):
    """Whether two dicts hold equal arrays under the same names."""
    return own.keys() == expected.keys() and all(
        np.array_equal(own[name], expected[name]) for name in own
    )


def read_pixels(picture):
    """uint8 `(height, width, 3)` of a PNG file."""
    from PIL import Image

    with Image.open(io.BytesIO(pathlib.Path(picture).read_bytes())) as image:
        return np.array(image.convert("RGB"))


def main(kind, options):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What libraries print is no answer.

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    runtime = KINDS[kind](**json.loads(options))
    python = {"python": platform.python_version()}
    answer({"versions": {**python, **versions(PACKAGES)}})
    actions = {"encode": encode, "decode": decode}
    for line in sys.stdin:
        request = json.loads(line)
        action = actions[request.pop("do")]
        try:
            answer(action(runtime, **request))
        except Exception as error:  # Whatever it is, it is a result.
            text = " ".join(str(error).split())[:300]
            answer({"error": f"{type(error).__name__}: {text}"})


if __name__ == "__main__":
    main(*sys.argv[1:])
