"""Time and peak memory from 0.1 to 24 megapixels: do they grow linearly?

    python benchmarks/scaling.py [--output scaling.png] [--megapixels 0.1,12,24]

Each case is a process of its own: it loads one runtime, codes a picture of
64x64 to warm up, and then one of the size (the bundled photograph, mirrored to
fill it). Seconds are of the second call. The peak is `ru_maxrss` of the whole
process, so Python, the runtime and the picture are in it. Encoding includes
reading a PNG for the SavedModel; it and decoding are of raw pixels elsewhere.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from common import in_process
from common import peak_mib
from memory import picture

QUALITY = 50.0
ASPECT = 4 / 3
RUNTIMES = ("Keras", "SavedModel", "LiteRT")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--megapixels", default="0.1,0.4,1.6,6,12,24")
    parser.add_argument("--output", help="a plot, .png or .svg")
    options = parser.parse_args()
    sizes = [size_of(float(n)) for n in options.megapixels.split(",")]
    measured = {}
    print("| runtime | direction | size | MP | s | s / MP | peak MiB |")
    print("|---|---|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        export(options.preset, folder)
        for runtime in RUNTIMES:
            for width, height in sizes:
                for direction in ("compress", "decompress"):
                    case = (runtime, direction, str(width), str(height))
                    seconds, peak = in_process(
                        __file__, "--case", *case, folder, options.preset
                    )
                    megapixels = width * height / 1e6
                    row = (megapixels, seconds, peak)
                    measured.setdefault((runtime, direction), []).append(row)
                    print(
                        f"| {runtime} | {direction} | {width}x{height} "
                        f"| {megapixels:.1f} | {seconds:.2f} "
                        f"| {seconds / megapixels:.2f} | {peak:,.0f} |",
                        flush=True,
                    )
    if options.output:
        plot(measured, options.output)


def size_of(megapixels):
    """Width and height of 4:3 with about so many pixels."""
    height = round(math.sqrt(1e6 * megapixels / ASPECT))
    return round(ASPECT * height), height


def export(preset, folder):
    """The SavedModel, once for all processes."""
    command = ["tfcodec", "export", "saved-model", f"{folder}/model"]
    subprocess.run(
        [sys.executable, "-m", *command, "--preset", preset],
        stdout=subprocess.DEVNULL,
        check=True,
    )


def run_case(runtime, direction, width, height, folder, preset):
    """In a process of its own: prints seconds and peak MiB as JSON."""
    image = picture(int(width), int(height))
    small = picture(64, 64)
    functions = {
        "Keras": from_keras,
        "SavedModel": from_saved_model,
        "LiteRT": from_litert,
    }
    prepare, compress, decompress = functions[runtime](folder, preset)
    file = pathlib.Path(folder, f"{runtime}-{width}x{height}.tfc")
    if direction == "compress":
        function, inputs = compress, [prepare(small), prepare(image)]
    else:
        inputs = [compress(prepare(small)), file.read_bytes()]
        function = decompress
    function(inputs[0])
    begun = time.perf_counter()
    result = function(inputs[1])
    seconds = time.perf_counter() - begun
    if direction == "compress":
        file.write_bytes(result)
    else:
        assert np.shape(result) == image.shape
    print(json.dumps([seconds, peak_mib()]))


def from_keras(folder, preset):
    import tfcodec

    return _of_codec(tfcodec.load(preset))


def from_litert(folder, preset):
    from tfcodec.litert.codec import load

    return _of_codec(load(preset))


def _of_codec(codec):
    def compress(image):
        return codec.compress(image, QUALITY)

    return (lambda image: image), compress, codec.decompress


def from_saved_model(folder, preset):
    import tensorflow as tf

    path = next(pathlib.Path(folder, "model").glob("*/*/saved_model.pb")).parent
    signatures = tf.saved_model.load(str(path)).signatures

    def prepare(image):
        return tf.io.encode_png(image, compression=1)

    def compress(png):
        out = signatures["compress"](image_bytes=png[None])
        return out["compressed_bytes"].numpy()[0]

    def decompress(data):
        inputs = tf.constant([data])
        out = signatures["decompress_pixels"](compressed_bytes=inputs)
        return out["pixels"].numpy()[0]

    return prepare, compress, decompress


def plot(measured, path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    panels = figure.subplots(1, 2)
    for (runtime, direction), rows in measured.items():
        megapixels, seconds, peaks = zip(*rows, strict=True)
        style = {
            "color": f"C{RUNTIMES.index(runtime)}",
            "linestyle": "-" if direction == "compress" else "--",
            "marker": "o",
            "label": f"{runtime}, {direction}",
        }
        panels[0].plot(megapixels, seconds, **style)
        panels[1].plot(megapixels, [peak / 1024 for peak in peaks], **style)
    for panel, name in zip(
        panels, ("seconds", "peak memory, GiB"), strict=True
    ):
        panel.set(xlabel="megapixels", ylabel=name, xlim=0, ylim=0)
        panel.grid(alpha=0.3)
    panels[0].legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        run_case(*sys.argv[2:])
    else:
        main()
