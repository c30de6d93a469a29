"""JPEG files of `tfcodec jpeg` beside Pillow's and mozjpeg's.

`python benchmarks/jpeg.py DIR [--mozjpeg PACKAGE]` makes real files of all
pictures in a folder, decodes them with Pillow and prints BD-rates: means over
pictures, by PSNR over RGB and by MS-SSIM, over what both curves reach between
0.2 and 2.5 bits per pixel. PACKAGE is where npm has put @jsquash/jpeg.
"""

import argparse
import functools
import io
import json
import math
import os
import pathlib
import subprocess
import tempfile

import numpy as np
from PIL import Image

from tfcodec.cli.images import READ_SUFFIXES
from tfcodec.evaluation.curves import bd_rate
from tfcodec.evaluation.ms_ssim import ms_ssim
from tfcodec.jpeg import JpegEncoder
from tfcodec.metrics import bpp
from tfcodec.metrics import psnr

QUALITIES = (10, 25, 50, 75, 90)
BPP_RANGE = 0.2, 2.5
# Each part left out, or said otherwise, of what `tfcodec jpeg` does.
PARTS = {
    "one sequential scan": {"progressive": False},
    "the same tables for all": {"per_picture": False},
    "no trellis": {"trellis": False},
    "Y as it is": {"compensate": False},
    "none of these": {
        "progressive": False,
        "per_picture": False,
        "trellis": False,
        "compensate": False,
    },
    "4:4:4": {"subsampled": False},
    "4:2:0": {"subsampled": True},
}
# Subsampling and kind of table, as the encoder counts them.
MOZJPEG = {
    "mozjpeg 4:4:4": (1, 3),
    "mozjpeg 4:2:0": (2, 3),
    "mozjpeg 4:4:4, flat tables": (1, 1),
    "mozjpeg 4:2:0, flat tables": (2, 1),
}
PSNR_ONLY = (*PARTS, "mozjpeg 4:4:4, flat tables")
ANCHORS = ("Pillow 4:4:4", "Pillow 4:2:0")


def pillow(image, qualities, **options):
    for quality in qualities:
        file = io.BytesIO()
        Image.fromarray(image).save(
            file, "JPEG", quality=quality, optimize=True, **options
        )
        yield file.getvalue()


def ours(image, qualities, **options):
    encoder = JpegEncoder(image, **options)
    for quality in qualities:
        yield encoder.encode(quality)


def mozjpeg(image, qualities, package, subsampling, table):
    script = pathlib.Path(__file__).with_name("jpeg_mozjpeg.mjs")
    with tempfile.NamedTemporaryFile() as raw:
        raw.write(Image.fromarray(image).convert("RGBA").tobytes())
        raw.flush()
        height, width = image.shape[:2]
        values = [script, package, raw.name, width, height]
        values += [subsampling, table, *qualities]
        output = subprocess.run(
            ["node", *map(str, values)],
            check=True,
            capture_output=True,
        ).stdout
    while output:
        end = 4 + int.from_bytes(output[:4], "little")
        yield output[4:end]
        output = output[end:]


def codecs(package, parts):
    """Dict of name to a function of an image and qualities."""
    found = {
        "Pillow 4:4:4": functools.partial(pillow, subsampling=0),
        "Pillow 4:2:0": functools.partial(pillow, subsampling=2),
        "tfcodec jpeg": ours,
    }
    if package:
        for name, (subsampling, table) in MOZJPEG.items():
            found[name] = functools.partial(
                mozjpeg, package=package, subsampling=subsampling, table=table
            )
    if parts:
        for name, options in PARTS.items():
            found[name] = functools.partial(ours, **options)
    return found


def measure(image, encode, similarity):
    """List of a point for each quality."""
    begun = sum(os.times()[:4])  # Of processors, other processes included.
    files = list(encode(image, QUALITIES))
    seconds = (sum(os.times()[:4]) - begun) / len(QUALITIES)
    points = []
    for data in files:
        with Image.open(io.BytesIO(data)) as decoded:
            pixels = np.asarray(decoded.convert("RGB"))
        point = {
            "bpp": bpp(len(data), *image.shape[:2]),
            "psnr": psnr(pixels, image),
            "seconds": seconds,
        }
        if similarity:
            # In dB, so that curves are as straight as those of PSNR.
            value = 1 - ms_ssim(pixels, image)
            point["ms_ssim"] = -10 * math.log10(value)
        points.append(point)
    return points


def mean_bd_rate(results, anchor, name, key):
    """Mean over pictures, in percent."""
    rates = [
        bd_rate(curves[anchor], curves[name], key, BPP_RANGE)
        for curves in results.values()
    ]
    rates = [rate for rate in rates if rate is not None]
    return float(np.mean(rates)) if rates else math.nan


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--mozjpeg", metavar="PACKAGE")
    parser.add_argument("--parts", action="store_true", help="each part's gain")
    parser.add_argument(
        "--psnr-only", action="store_true", help="no MS-SSIM, which takes long"
    )
    parser.add_argument("--limit", type=int, help="so many pictures")
    parser.add_argument(
        "--results", metavar="FILE", help="JSON; the same run again goes on"
    )
    parser.add_argument("--plot", metavar="FILE", help="PSNR over rate, SVG")
    options = parser.parse_args()
    paths = sorted(
        path
        for path in pathlib.Path(options.folder).iterdir()
        if path.suffix.lower() in READ_SUFFIXES
    )[: options.limit]
    store = pathlib.Path(options.results) if options.results else None
    results = {}
    if store is not None and store.exists():
        results = json.loads(store.read_text())
    chosen = codecs(options.mozjpeg, options.parts)
    for path in paths:
        curves = results.setdefault(path.name, {})
        with Image.open(path) as opened:
            image = np.asarray(opened.convert("RGB"))
        for name, encode in chosen.items():
            if name not in curves:
                similarity = not (options.psnr_only or name in PSNR_ONLY)
                curves[name] = measure(image, encode, similarity)
        if store is not None:
            store.write_text(json.dumps(results))
    results = {path.name: results[path.name] for path in paths}
    print_tables(results, chosen)
    if options.plot:
        plot(results, chosen, options.plot)


def print_tables(results, chosen):
    heads = [
        f"{key} against {a}" for key in ("PSNR", "MS-SSIM") for a in ANCHORS
    ]
    print(f"| {len(results)} pictures | " + " | ".join(heads) + " | ms |")
    print("|---|" + "---:|" * (len(heads) + 1))
    for name in chosen:
        cells = [
            f"{mean_bd_rate(results, anchor, name, key):+.1f} %"
            for key in ("psnr", "ms_ssim")
            for anchor in ANCHORS
        ]
        seconds = [c[name][0]["seconds"] for c in results.values()]
        cells.append(f"{1000 * np.mean(seconds):.0f}")
        print(f"| {name} | {' | '.join(cells)} |".replace("+nan %", ""))
    print("\n| quality | Pillow 4:2:0: dB | bpp | tfcodec jpeg: dB | bpp |")
    print("|---:|---:|---:|---:|---:|")
    for i, quality in enumerate(QUALITIES):
        cells = [
            np.mean([curves[name][i][key] for curves in results.values()])
            for name in ("Pillow 4:2:0", "tfcodec jpeg")
            for key in ("psnr", "bpp")
        ]
        print(f"| {quality} | " + " | ".join(f"{c:.2f}" for c in cells) + " |")


def plot(results, chosen, path):
    from matplotlib.figure import Figure

    figure = Figure((6, 4), layout="constrained")
    axes = figure.subplots()
    for name in chosen:
        if name in PARTS:
            continue
        rates, values = (
            np.mean(
                [[p[key] for p in c[name]] for c in results.values()], axis=0
            )
            for key in ("bpp", "psnr")
        )
        axes.plot(rates, values, ".-", label=name)
    axes.set_xlabel("bits per pixel")
    axes.set_ylabel("PSNR, dB, mean")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path)


if __name__ == "__main__":
    main()
