"""What each effort of the encoder gains, and how long it takes.

`python benchmarks/effort.py --images kodak/ [--limit 4] [--efforts 1,2,3]`

BD-rates against effort 1 from real files and decoded 8-bit pixels, over the
means of the images at each quality; the largest and the mean change of the
cost `bpp + lmbda * MSE` of a file, which no effort may raise; and seconds per
image, without those of the first, which compiles.
"""

import argparse
import sys
import time

import numpy as np

import tfcodec
from tfcodec.metrics import bpp
from tfcodec.metrics import mse
from tfcodec.metrics import psnr

QUALITIES = "5,25,50,75,95"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", required=True, help="folder of images")
    parser.add_argument("--limit", type=int, help="only the first N images")
    parser.add_argument("--crop", type=int, help="only N x N pixels of each")
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--qualities", default=QUALITIES)
    parser.add_argument("--efforts", default="1,2,3,4,5")
    options = parser.parse_args()
    qualities = [float(q) for q in options.qualities.split(",")]
    efforts = [int(e) for e in options.efforts.split(",")]
    if efforts[0] != 1 or len(efforts) < 2:
        parser.error("--efforts begins with 1, the anchor, and has another")
    images = read(options)
    codec = tfcodec.load(options.preset)
    for effort in efforts:  # compiles
        codec.compress(images[0][:64, :64], qualities[0], effort)
    # (effort, quality, image) of bpp, PSNR, cost, seconds
    values = np.zeros((len(efforts), len(qualities), len(images), 4))
    for k, image in enumerate(images):
        for i, quality in enumerate(qualities):
            for j, effort in enumerate(efforts):
                values[j, i, k] = measure(codec, image, quality, effort)
        print(f"{k + 1}/{len(images)} images", file=sys.stderr, flush=True)
    print("| effort | BD-rate | cost, mean | cost, worst | s per image |")
    print("|---:|---:|---:|---:|---:|")
    for effort, line in zip(efforts, rows(values, qualities), strict=True):
        print(f"| {effort} | {line} |")


def read(options):
    """The images as uint8 arrays, cropped in the middle."""
    from tfcodec.evaluation.pictures import read_images

    _, images = read_images(options.images)
    images = images[: options.limit]
    if options.crop is None:
        return images
    return [middle(image, options.crop) for image in images]


def middle(image, size):
    top, left = (max(n - size, 0) // 2 for n in image.shape[:2])
    return np.ascontiguousarray(image[top : top + size, left : left + size])


def measure(codec, image, quality, effort):
    """`(bpp, psnr, cost, seconds)` of one file."""
    begun = time.perf_counter()
    data = codec.compress(image, quality, effort)
    seconds = time.perf_counter() - begun
    decoded = codec.decompress(data)
    rate = bpp(len(data), *image.shape[:2])
    lmbda = float(codec.model.lmbda(quality))
    cost = rate + lmbda * mse(decoded, image)
    return rate, psnr(decoded, image), cost, seconds


def rows(values, qualities):
    """The cells of each effort."""
    from tfcodec.evaluation.curves import bd_rate

    curves = [
        [
            {"quality": quality, "bpp": rate, "psnr": distortion}
            for quality, (rate, distortion) in zip(
                qualities, one.mean(axis=1)[:, :2].tolist(), strict=True
            )
        ]
        for one in values
    ]
    for one, curve in zip(values, curves, strict=True):
        rate = bd_rate(curves[0], curve)
        change = 100 * (one[..., 2] / values[0, ..., 2] - 1)
        seconds = one[..., 3].mean()
        yield (
            f"{'-' if rate is None else f'{rate:+.2f} %'} | "
            f"{change.mean():+.2f} % | {change.max():+.2f} % | {seconds:.2f}"
        )


if __name__ == "__main__":
    main()
