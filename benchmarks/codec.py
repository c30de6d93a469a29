"""Warm compress and decompress times from Python, and the coder's share.

`python benchmarks/codec.py [--preset photo] [--image PICTURE]`

Prints medians for a 768x512 image (the bundled photograph, resized, unless
another is named), next to Pillow's AVIF on the same pixels in the same run.
"""

import argparse
import io
import os
import platform

import numpy as np
from common import milliseconds
from common import read_picture
from PIL import Image

import tfcodec
from tfcodec.bitstream import unpack
from tfcodec.coding import RansDecoder
from tfcodec.coding import encode
from tfcodec.metrics import bpp


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--image")
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    picture = read_picture(options.image)
    image = np.asarray(picture)
    codec = tfcodec.load(options.preset)
    print(
        f"{platform.processor() or platform.machine()}, "
        f"{os.cpu_count()} cores, {image.shape[1]}x{image.shape[0]}, "
        f"median of {options.repeats}"
    )
    print(
        "| quality | bytes | bpp | compress ms | of it coder | decompress ms "
        "| of it coder | symbols | encode M/s | decode M/s |"
    )
    print("|" + "---:|" * 10)
    for quality in (10, 30, 50, 70, 90):
        row(codec, image, quality, options.repeats)
    for speed in (8, 6):
        file = io.BytesIO()

        def save(file=file, speed=speed):
            file.seek(0)
            file.truncate()
            picture.save(
                file, "AVIF", quality=60, speed=speed, subsampling="4:4:4"
            )

        encode_ms, _ = milliseconds(save, 3)
        decode_ms, _ = milliseconds(
            lambda file=file: np.asarray(Image.open(file)), 3
        )
        print(
            f"Pillow AVIF 4:4:4, quality 60, speed {speed}: "
            f"{file.tell()} bytes, encode {encode_ms:.0f} ms, "
            f"decode {decode_ms:.0f} ms"
        )


def row(codec, image, quality, repeats):
    data = codec.compress(image, quality)
    segments = codec.encoder(image).segments(quality)
    tables = codec.coding.tables
    payload = unpack(data).latents

    def decode():
        decoder = RansDecoder(payload, tables)
        for _, rows in segments:
            decoder.decode(rows)
        decoder.finish()

    coded = sum(int((tables.size[rows] > 1).sum()) for _, rows in segments)
    whole, _ = milliseconds(lambda: codec.compress(image, quality), repeats)
    back, _ = milliseconds(lambda: codec.decompress(data), repeats)
    forth_coder, _ = milliseconds(lambda: encode(segments, tables), repeats)
    back_coder, _ = milliseconds(decode, repeats)
    print(
        f"| {quality} | {len(data)} | "
        f"{bpp(len(data), *image.shape[:2]):.3f} | "
        f"{whole:.0f} | {100 * forth_coder / whole:.0f} % | "
        f"{back:.0f} | {100 * back_coder / back:.0f} % | {coded} | "
        f"{coded / forth_coder / 1e3:.1f} | {coded / back_coder / 1e3:.1f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
