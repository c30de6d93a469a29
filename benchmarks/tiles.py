"""What tiles change: integers of the file, pixels, and time.

    python benchmarks/tiles.py [--runtime litert] [--size 2000x1500]
        [--megapixels 0.5,1]

Against one run of the networks for the whole picture, which is the bundled
photograph, mirrored to fill the size.
"""

import argparse
import time

import numpy as np
from memory import picture

from tfcodec.bitstream import unpack

QUALITY = 50.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--runtime", default="litert", choices=["litert", "tf"])
    parser.add_argument("--size", default="2000x1500", help="WIDTHxHEIGHT")
    parser.add_argument("--megapixels", default="0.5,1", help="of tiles")
    options = parser.parse_args()
    codec = load(options.runtime, options.preset)
    image = picture(*(int(n) for n in options.size.split("x")))
    data, z, residual, _ = coded(codec, image, image.size)
    pixels, _ = decoded(codec, data, image.size)
    print(
        f"{options.runtime}, {options.size}, {z.size + residual.size:,} "
        "integers in the file\n\n"
        "| tiles, MP | integers that differ | pixel values that differ | most "
        "| compress s | decompress s |\n|" + "--:|" * 6
    )
    for megapixels in options.megapixels.split(","):
        area = int(1e6 * float(megapixels))
        _, *found, there = coded(codec, image, area)
        other, back = decoded(codec, data, area)
        integers = sum(
            int((a != b).sum())
            for a, b in zip(found, (z, residual), strict=True)
        )
        error = np.abs(other.astype(np.int16) - pixels)
        print(
            f"| {megapixels} | {integers} | {(error > 0).sum()} "
            f"| {error.max()} | {there:.1f} | {back:.1f} |",
            flush=True,
        )


def load(runtime, preset):
    if runtime == "litert":
        from tfcodec.litert.codec import load
    else:
        from tfcodec import load
    return load(preset)


def coded(codec, image, area):
    """The file, its hyper-latents and residuals, and the seconds it took."""
    codec.tile_pixels = area
    begun = time.perf_counter()
    data = codec.compress(image, QUALITY)
    seconds = time.perf_counter() - begun
    return data, *codec.decode_symbols(unpack(data)), seconds


def decoded(codec, data, area):
    """Pixels, and the seconds they took."""
    codec.tile_pixels = area
    begun = time.perf_counter()
    pixels = codec.decompress(data)
    return pixels, time.perf_counter() - begun


if __name__ == "__main__":
    main()
