"""Compress and decompress a picture with a LiteRT file, without tfcodec.

    tfcodec export tflite photo.tflite
    pip install ai-edge-litert pillow
    python litert.py photo.tflite picture.png [QUALITY]

Writes picture.tfc and picture.decoded.png beside the picture.
"""

import pathlib
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image


def main(model, picture, quality=50.0):
    interpreter = Interpreter(model, num_threads=2)
    compress = interpreter.get_signature_runner("compress")
    decompress = interpreter.get_signature_runner("decompress")
    pixels = np.asarray(Image.open(picture).convert("RGB"))

    hundredths = np.int32(round(100 * float(quality)))
    found = compress(pixels=pixels, quality=hundredths)
    if found["status"] != 0:
        raise SystemExit(f"{picture}: status {found['status']}")
    path = pathlib.Path(picture)
    path.with_suffix(".tfc").write_bytes(found["compressed"].tobytes())

    found = decompress(compressed=found["compressed"])
    if found["status"] != 0:
        raise SystemExit(f"{picture}: status {found['status']}")
    Image.fromarray(found["pixels"]).save(path.with_suffix(".decoded.png"))


if __name__ == "__main__":
    main(*sys.argv[1:])
