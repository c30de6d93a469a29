"""Warm times of an exported SavedModel, beside the codec and Pillow's AVIF.

    python benchmarks/saved_model.py [--preset photo] [--threads 2]

One 768x512 image (the bundled photograph, resized), quality 50. Wall and CPU
milliseconds, medians, and ratios to AVIF's CPU time in the same run: on a busy
machine only those say something. `analysis` and `synthesis` are the model's
transforms without coder and image files.
"""

import argparse
import io
import tempfile

import numpy as np
import tensorflow as tf
from common import milliseconds
from common import read_picture
from PIL import Image

import tfcodec
from tfcodec.evaluation.machine import processor
from tfcodec.export.serving.saved_model import export_saved_model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--model", help="SavedModel; exported if not given")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    picture = read_picture()
    codec = tfcodec.load(options.preset)
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or export_saved_model(codec, folder)
        signatures = tf.saved_model.load(str(model)).signatures
    print(
        f"{processor()}, {options.threads} threads; TensorFlow "
        f"{tf.__version__}; 768x512, median of {options.repeats}\n"
    )
    rows = {
        name: milliseconds(function, options.repeats)
        for name, function in calls(signatures, codec, picture)
    }
    print("| call | ms | CPU ms | CPU / AVIF's |\n|--|--:|--:|--:|")
    for name, (wall, cpu) in rows.items():
        forth = name.split()[-1] in ("compress", "encode", "`analysis`")
        avif = rows["AVIF encode" if forth else "AVIF decode"][1]
        print(f"| {name} | {wall:.0f} | {cpu:.0f} | {cpu / avif:.1f} |")


def calls(signatures, codec, picture):
    """Names, and functions to be timed."""
    pixels = np.asarray(picture)
    png, avif = io.BytesIO(), io.BytesIO()
    picture.save(png, "PNG", compress_level=1)
    picture.save(avif, "AVIF", quality=60, speed=6, subsampling="4:4:4")
    images = tf.constant([png.getvalue()])
    data = codec.compress(pixels)
    files, quality = tf.constant([data]), tf.constant([50.0])
    found = signatures["compress"](image_bytes=images)["compressed_bytes"]
    print(f"bytes equal to the codec's: {found.numpy()[0] == data}\n")
    batch = tf.constant(pixels[None])
    coded = signatures["analysis"](pixels=batch, quality=quality)
    coded.pop("indexes", None)

    def run(name, **inputs):
        return lambda: [x.numpy() for x in signatures[name](**inputs).values()]

    def encode():
        file = io.BytesIO()
        picture.save(file, "AVIF", quality=60, speed=6, subsampling="4:4:4")

    yield "signature compress", run("compress", image_bytes=images)
    yield "signature `analysis`", run("analysis", pixels=batch, quality=quality)
    yield "Python compress", lambda: codec.compress(pixels)
    yield "AVIF encode", encode
    for name in ("decompress", "decompress_jpeg", "decompress_pixels"):
        yield f"signature `{name}`", run(name, compressed_bytes=files)
    yield "signature `synthesis`", run("synthesis", quality=quality, **coded)
    yield "Python decompress", lambda: codec.decompress(data)
    yield "AVIF decode", lambda: np.asarray(Image.open(avif))


if __name__ == "__main__":
    main()
