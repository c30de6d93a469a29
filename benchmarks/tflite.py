"""LiteRT files by form of the weights: size, PSNR lost, time.

    python benchmarks/tflite.py [--images DIR] [--size 768x512]

Each form is measured with any size of image and with one size only. Files come
from `Codec.compress` at quality 50; the PSNR lost is that of `Codec.decompress`
less the model's. Times are medians of the first picture, as they pass and (in
brackets) of all threads together, which other work on the machine changes
less; Pillow's AVIF is measured beside each.
"""

import argparse
import importlib.resources
import io
import pathlib
import statistics
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

import tfcodec
from tfcodec.cli.parameters import Size
from tfcodec.evaluation.machine import processor
from tfcodec.export.lite.tflite import convert
from tfcodec.export.lite.tflite import finish
from tfcodec.export.lite.tflite_quantize import MODES
from tfcodec.limits import EXPORT_MAX_PIXELS
from tfcodec.metrics import psnr

QUALITY = 50.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--images", help="default: the demo's photograph")
    parser.add_argument("--size", default="768x512")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    height, width = Size().convert(options.size, None, None)
    codec = tfcodec.load(options.preset)
    pictures = [
        np.asarray(fitted(path, (width, height)))
        for path in paths(options.images)
    ]
    files = [codec.compress(picture, QUALITY) for picture in pictures]
    quality = [
        psnr(picture, codec.decompress(file))
        for picture, file in zip(pictures, files, strict=True)
    ]
    print(
        f"{processor()}; {len(pictures)} pictures of {width}x{height}, quality "
        f"{QUALITY:g}; median of {options.repeats}, wall (CPU) ms\n"
    )
    print(
        "| weights | size | MB | PSNR lost dB | compress 1 thread | 2 threads "
        "| decompress 1 thread | 2 threads | of AVIF |"
    )
    print("|--|--|" + "--:|" * 7)
    for size in (None, (height, width)):
        data = convert(codec, size, EXPORT_MAX_PIXELS, lambda text: None)
        for mode in MODES:
            model = finish(codec, data, mode, size, EXPORT_MAX_PIXELS)
            lost = [
                before - psnr(picture, decompress(open_model(model, 2), file))
                for picture, file, before in zip(
                    pictures, files, quality, strict=True
                )
            ]
            row = times(model, pictures[0], files[0], options.repeats)
            print(
                f"| {mode} | {'one' if size else 'any'} "
                f"| {len(model) / 1e6:.1f} | {statistics.mean(lost):.3f} "
                f"| {row} |",
                flush=True,
            )


def times(model, picture, file, repeats):
    """Cells of a row: compress and decompress by threads, ratio to AVIF."""
    cells, walls = [], []
    for name in ("compress", "decompress"):
        for threads in (1, 2):
            runner = open_model(model, threads).get_signature_runner(name)
            arguments = {"compressed": np.frombuffer(file, np.uint8)}
            if name == "compress":
                hundredths = np.int32(100 * QUALITY)
                arguments = {"pixels": picture, "quality": hundredths}
            wall, cpu = milliseconds(
                lambda r=runner, a=arguments: r(**a), repeats
            )
            cells.append(f"{wall:.0f} ({cpu:.0f})")
            walls.append(wall)
    return " | ".join([*cells, f"{walls[-1] / avif(picture, repeats):.0f} x"])


def avif(picture, repeats):
    """Milliseconds in which Pillow decodes an AVIF file of the picture."""
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "AVIF", quality=60, speed=8)
    return milliseconds(lambda: np.asarray(Image.open(data)), repeats)[0]


def milliseconds(function, repeats):
    """Median wall and CPU time of a call, after one to warm up."""
    function()
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        function()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return 1e3 * statistics.median(walls), 1e3 * statistics.median(cpus)


def open_model(model, threads):
    return Interpreter(model_content=model, num_threads=threads)


def decompress(interpreter, file):
    runner = interpreter.get_signature_runner("decompress")
    found = runner(compressed=np.frombuffer(file, np.uint8))
    if found["status"] != 0:
        raise RuntimeError(f"status {found['status']}")
    return found["pixels"]


def paths(folder):
    """The pictures in a folder, or the demo's photograph."""
    if folder:
        return sorted(
            path
            for path in pathlib.Path(folder).iterdir()
            if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp")
        )
    files = importlib.resources.files("tfcodec.demo_data").iterdir()
    return [path for path in files if path.name.endswith(".webp")]


def fitted(path, size):
    """The picture in RGB, cropped to `size`, enlarged before if need be."""
    picture = Image.open(path).convert("RGB")
    if picture.width >= size[0] and picture.height >= size[1]:
        return picture.crop((0, 0, *size))
    return picture.resize(size, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
