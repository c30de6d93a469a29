"""Lossless and near-lossless files against PNG, WebP and JPEG XL.

`python benchmarks/lossless.py DIR`

Bits per pixel of each picture in a folder, then means over all of them, with
processor seconds (of all threads) to encode and to decode. All files are
decoded and compared. JPEG XL needs pillow-jxl-plugin, oxipng needs pyoxipng;
what is not installed is left out.
"""

import argparse
import functools
import importlib.util
import io
import pathlib
import sys
import time

import numpy as np
from PIL import Image

from tfcodec.lossless.codec import LosslessCodec
from tfcodec.lossless.codec import load
from tfcodec.lossless.model import Model
from tfcodec.metrics import bpp
from tfcodec.metrics import psnr

ERRORS = (0, 1, 2, 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument(
        "--pictures", type=int, help="only the first ones, by name"
    )
    parser.add_argument("--codecs", help="some of them: png,webp,lossless")
    parser.add_argument("--preset", help="folder of another lossless preset")
    options = parser.parse_args()
    paths = sorted(
        path
        for path in pathlib.Path(options.folder).iterdir()
        if path.suffix.lower() in (".png", ".webp", ".ppm", ".bmp")
    )[: options.pictures]
    if not paths:
        sys.exit(f"{options.folder} has no pictures")
    found = {}
    codecs = _codecs(options.preset)
    if options.codecs:
        codecs = {key: codecs[key] for key in options.codecs.split(",")}
    print("| picture | " + " | ".join(codecs) + " |")
    print("|---|" + "---:|" * len(codecs))
    for path in paths:
        image = np.asarray(Image.open(path).convert("RGB"))
        for name, (encode, decode) in codecs.items():
            row = _measure(image, encode, decode)
            found.setdefault(name, []).append(row)
        cells = [f"{rows[-1][1]:.3f}" for rows in found.values()]
        print(f"| {path.name} | " + " | ".join(cells) + " |", flush=True)
    print()
    print(
        "| codec | bytes | bpp | against the first | encode s | decode s "
        "| largest error | PSNR dB |"
    )
    print("|---|" + "---:|" * 7)
    means = {name: np.mean(rows, axis=0) for name, rows in found.items()}
    first = next(iter(means.values()))[0]
    for name, mean in means.items():
        largest = max(row[4] for row in found[name])
        print(
            f"| {name} | {mean[0]:,.0f} | {mean[1]:.3f} "
            f"| {100 * (mean[0] / first - 1):+.1f} % "
            f"| {mean[2]:.2f} | {mean[3]:.2f} | {largest:.0f} "
            f"| {mean[5]:.2f} |"
        )


def _measure(image, encode, decode):
    """Bytes, bpp, seconds to encode and to decode, largest error, PSNR."""
    begin = time.process_time()
    data = encode(image)
    middle = time.process_time()
    decoded = decode(data)
    end = time.process_time()
    off = np.abs(decoded.astype(np.int16) - image).max()
    return (
        len(data),
        bpp(len(data), *image.shape[:2]),
        middle - begin,
        end - middle,
        off,
        psnr(decoded, image),
    )


def _codecs(preset):
    """Pairs `(encode, decode)` by name."""
    own = load()
    if preset:
        own = LosslessCodec(Model.load(pathlib.Path(preset)))
    codecs = {"png": _pillow("PNG", optimize=True)}
    if importlib.util.find_spec("oxipng"):
        codecs["oxipng-4"] = _oxipng, _open
    codecs["webp"] = _pillow("WEBP", lossless=True, quality=100, method=6)
    if importlib.util.find_spec("pillow_jxl"):
        importlib.import_module("pillow_jxl")
        for effort in (7, 9):
            codecs[f"jxl-{effort}"] = _pillow(
                "JXL", lossless=True, effort=effort
            )
    for error in ERRORS:
        name = f"within-{error}" if error else "lossless"
        encode = functools.partial(own.compress, quality=100.0 - error)
        codecs[name] = encode, own.decompress
    return codecs


def _pillow(kind, **options):
    def encode(image):
        file = io.BytesIO()
        Image.fromarray(image).save(file, kind, **options)
        return file.getvalue()

    return encode, _open


def _open(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _oxipng(image):
    import oxipng

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return oxipng.optimize_from_memory(file.getvalue(), level=4)


if __name__ == "__main__":
    main()
