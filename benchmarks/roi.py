"""What a region of interest gains inside of it, and costs outside.

`python benchmarks/roi.py kodak/ [--limit 4] [--gains 8,32] [--pictures DIR]`

The region is an ellipse in the middle, with half the picture's width and
height: a fifth of its area. For each picture: a file at `--quality` without a
mask; files of the same effort with it at the same quality, and such that have
no more bytes. PSNR over the pixels inside and outside, and means over the
pictures. `--pictures` writes the decoded files as PNG.
"""

import argparse
import pathlib
import time

import numpy as np
from effort import read
from PIL import Image

import tfcodec
from tfcodec.metrics import psnr
from tfcodec.rate_control import compress_to

SAME = ("same quality", "same bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", metavar="DIR", help="folder of images")
    parser.add_argument("--limit", type=int, help="only the first N images")
    parser.add_argument("--crop", type=int, help="only N x N pixels of each")
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--quality", type=float, default=30)
    parser.add_argument("--effort", type=int, default=4)
    parser.add_argument("--gains", default="8")
    parser.add_argument("--pictures", metavar="DIR", type=pathlib.Path)
    options = parser.parse_args()
    images = read(options)
    codec = tfcodec.load(options.preset)
    gains = [float(gain) for gain in options.gains.split(",")]
    names = ["none", *(f"{g:g}, {s}" for g in gains for s in SAME)]
    rows = np.zeros((len(images), len(names), 4))
    print("| picture | gain | quality | bytes | inside dB | outside dB |")
    print("|---:|---|---:|---:|---:|---:|")
    for number, image in enumerate(images):
        mask = ellipse(*image.shape[:2])
        files = encode(codec, image, mask, gains, options)
        for place, (data, quality, seconds) in enumerate(files):
            decoded = codec.decompress(data)
            inside, outside = (
                psnr(decoded[where], image[where])
                for where in (mask > 0, mask == 0)
            )
            rows[number, place] = len(data), inside, outside, seconds
            print(
                f"| {number + 1} | {names[place]} | {quality:g} | {len(data)} "
                f"| {inside:.2f} | {outside:.2f} |",
                flush=True,
            )
            if options.pictures:
                options.pictures.mkdir(parents=True, exist_ok=True)
                path = options.pictures / f"{number + 1} {names[place]}.png"
                Image.fromarray(decoded).save(path)
    print(summary(rows, names))


def encode(codec, image, mask, gains, options):
    """Yields `(data, quality, seconds)` of each file."""
    quality, effort = options.quality, options.effort
    begun = time.perf_counter()
    plain = codec.compress(image, quality, effort)
    yield plain, quality, time.perf_counter() - begun
    for gain in gains:
        region = {"effort": effort, "roi": mask, "roi_gain": gain}
        begun = time.perf_counter()
        data = codec.compress(image, quality, **region)
        yield data, quality, time.perf_counter() - begun
        begun = time.perf_counter()
        found = compress_to(codec, image, target_bytes=len(plain), **region)
        yield *found, time.perf_counter() - begun


def ellipse(height, width):
    """The mask, uint8 `(height, width)`: 255 inside, 0 outside."""
    y, x = np.ogrid[:height, :width]
    y = (y + 0.5) / height - 0.5
    x = (x + 0.5) / width - 0.5
    return np.where(x * x + y * y <= 1 / 16, np.uint8(255), np.uint8(0))


def summary(rows, names):
    """A table of means against the files without a mask."""
    lines = [
        "",
        "| gain | bytes | inside, dB | outside, dB | s per picture |",
        "|---|---:|---:|---:|---:|",
    ]
    for place, name in enumerate(names):
        size = 100 * (rows[:, place, 0] / rows[:, 0, 0] - 1).mean()
        inside, outside = (rows[:, place] - rows[:, 0]).mean(axis=0)[1:3]
        lines.append(
            f"| {name} | {size:+.1f} % | {inside:+.2f} | {outside:+.2f} "
            f"| {rows[:, place, 3].mean():.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
