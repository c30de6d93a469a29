"""LiteRT files by form of the weights: size, PSNR lost, time.

    python benchmarks/tflite.py [--images DIR] [--limit N] [--size 768x512]

Each form is measured with any size of image and with one size only. Files come
from `Codec.compress` at quality 50; the PSNR lost is that of `Codec.decompress`
less the model's. Times are medians of the first picture, as they pass and (in
brackets) of all threads together, which other work on the machine changes
less; Pillow's AVIF is measured beside each. A second table has the parts of
both directions, with 2 threads.
"""

import argparse
import io
import os
import statistics

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from common import Signatures
from common import milliseconds
from common import paths
from common import read_picture
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
HUNDREDTHS = np.int32(100 * QUALITY)
PARTS = ("analysis", "entropy_encode", "entropy_decode", "synthesis")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--images", help="default: the demo's photograph")
    parser.add_argument("--limit", type=int, help="only the first images")
    parser.add_argument("--size", default="768x512")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    height, width = Size().convert(options.size, None, None)
    codec = tfcodec.load(options.preset)
    pictures = [
        np.asarray(fitted(read_picture(path), (width, height)))
        for path in paths(options.images)[: options.limit]
    ]
    files = [codec.compress(picture, QUALITY) for picture in pictures]
    quality = [
        psnr(picture, codec.decompress(file))
        for picture, file in zip(pictures, files, strict=True)
    ]
    print(
        f"{processor()}, load {os.getloadavg()[0]:.1f}; {len(pictures)} "
        f"pictures of {width}x{height}, quality {QUALITY:g}; median of "
        f"{options.repeats}, wall (CPU) ms\n",
        flush=True,
    )
    print(
        "| weights | size | MB | PSNR lost dB | compress 1 thread | 2 threads "
        "| decompress 1 thread | 2 threads | of AVIF |"
    )
    print("|--|--|" + "--:|" * 7)
    rows = []
    for size in (None, (height, width)):
        data = convert(codec, size, EXPORT_MAX_PIXELS, lambda text: None)
        for mode in MODES:
            model = finish(codec, data, mode, size, EXPORT_MAX_PIXELS)
            lite = opened(model, 2)
            lost = [
                before - psnr(picture, decompress(lite, file))
                for picture, file, before in zip(
                    pictures, files, quality, strict=True
                )
            ]
            name = f"| {mode} | {'one' if size else 'any'} |"
            row = times(model, pictures[0], files[0], options.repeats)
            print(
                f"{name} {len(model) / 1e6:.1f} | "
                f"{statistics.mean(lost):.3f} | {row} |",
                flush=True,
            )
            cells = parts(lite, pictures[0], options.repeats)
            rows.append(f"{name} {' | '.join(cells)} |")
    names = " | ".join(f"`{name}`" for name in PARTS)
    print(f"\n| weights | size | {names} |\n|--|--|" + "--:|" * len(PARTS))
    print("\n".join(rows))


def opened(model, threads):
    """`Signatures` of a file's bytes."""
    return Signatures(Interpreter(model_content=model, num_threads=threads))


def decompress(lite, file):
    octets = np.frombuffer(file, np.uint8)
    return lite("decompress", compressed=octets)["pixels"]


def times(model, picture, file, repeats):
    """Cells of a row: compress and decompress by threads, ratio to AVIF."""
    cells = []
    calls = (
        lambda lite: lite("compress", pixels=picture, quality=HUNDREDTHS),
        lambda lite: decompress(lite, file),
    )
    for call in calls:
        for threads in (1, 2):
            lite = opened(model, threads)
            wall, cpu = milliseconds(lambda c=call, m=lite: c(m), repeats)
            cells.append(f"{wall:.0f} ({cpu:.0f})")
    return " | ".join([*cells, f"{wall / avif(picture, repeats):.0f} x"])


def parts(lite, picture, repeats):
    """Cells of a row: the times of `PARTS`."""
    quality = {"quality": HUNDREDTHS}
    height, width = (np.int32(side) for side in picture.shape[:2])
    coded = lite("analysis", pixels=picture, **quality)
    sized = {**coded, **quality, "height": height, "width": width}
    inputs = {
        "analysis": {"pixels": picture, **quality},
        "entropy_encode": sized,
        "entropy_decode": lite("entropy_encode", **sized),
        "synthesis": {**coded, **quality},
    }
    for name in PARTS:
        wall, cpu = milliseconds(lambda n=name: lite(n, **inputs[n]), repeats)
        yield f"{wall:.0f} ({cpu:.0f})"


def avif(picture, repeats):
    """Milliseconds in which Pillow decodes an AVIF file of the picture."""
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "AVIF", quality=60, speed=8)
    return milliseconds(lambda: np.asarray(Image.open(data)), repeats)[0]


def fitted(picture, size):
    """The picture cropped to `size`, enlarged before if need be."""
    if picture.width >= size[0] and picture.height >= size[1]:
        return picture.crop((0, 0, *size))
    return picture.resize(size, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
