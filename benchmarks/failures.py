"""What the codec is bad at, shown: rendered text, and a photograph at q 1.

`python benchmarks/failures.py --output failures.png`

Draws a page of text, codes it and JPEG at the size of that file, and puts
them side by side, enlarged; then the demo photograph at quality 1 the same
way. Prints bytes and PSNR.
"""

import argparse
import string

import numpy as np
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFont

import tfcodec
from tfcodec.cli.demo import by_jpeg_of_size
from tfcodec.cli.demo import by_tfcodec
from tfcodec.cli.demo import photograph

SIDE, ZOOM, CAPTION = 192, 2, 26


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--output", required=True, help="PNG file")
    options = parser.parse_args()
    codec = tfcodec.load(options.preset)
    rows = [
        row(codec, "text", text_page(), 20.0, (0, 0)),
        row(codec, "photograph", photograph(), 1.0, (40, 250)),
    ]
    Image.fromarray(np.concatenate(rows)).save(options.output, optimize=True)


def text_page():
    """Black and coloured words of several sizes, uint8 `(256, 256, 3)`."""
    page = Image.new("RGB", (256, 256), "white")
    pen = ImageDraw.Draw(page)
    top = 2
    for size, colour in zip(
        (9, 11, 14, 18, 24, 32),
        ("black", "navy", "black", "darkred") * 2,
        strict=False,
    ):
        font = ImageFont.load_default(size)
        pen.text((3, top), string.ascii_letters, fill=colour, font=font)
        pen.text((3, top + size + 2), "0123456789 += {}", colour, font)
        top += 2 * size + 6
    return np.array(page)


def row(codec, name, image, quality, corner):
    """Original, tfcodec and JPEG in three enlarged columns; prints a line."""
    ours = by_tfcodec(codec, image, quality)
    jpeg = by_jpeg_of_size(image, len(ours.data))
    cells = []
    for title, pixels in (
        (f"{name}, original", image),
        (label("tfcodec", ours), ours.pixels),
        (label("JPEG", jpeg), jpeg.pixels),
    ):
        top, left = corner
        part = pixels[top : top + SIDE, left : left + SIDE]
        part = part.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
        caption = Image.new("RGB", (part.shape[1], CAPTION), "white")
        ImageDraw.Draw(caption).text(
            (4, 4), title, "black", ImageFont.load_default(15)
        )
        cells.append(np.concatenate([np.array(caption), part]))
        print(title)
    return np.concatenate(cells, axis=1)


def label(name, coded):
    return (
        f"{name} q{coded.quality:g}: {len(coded.data):,} bytes, "
        f"{coded.psnr:.2f} dB"
    )


if __name__ == "__main__":
    main()
