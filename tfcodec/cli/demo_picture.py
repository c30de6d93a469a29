"""The picture of `tfcodec demo`: three columns, captions, an enlarged row."""

import numpy as np
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFont

CROP = (290, 20, 450, 126)  # The whale's head: left, top, right, bottom.
ZOOM = 3
_MARGIN = 12
_CAPTION = 46  # Height, two lines.


def draw(original, coded):
    """Original and codings in columns, over an enlarged part of each.

    Args:
        original: uint8 `(height, width, 3)`.
        coded: sequence of objects with `name`, `quality`, `data`, `pixels`,
            `bpp` and `psnr`.

    Returns:
        uint8 `(height, width, 3)`.
    """
    height, width = original.shape[:2]
    captions = [("original", f"{width} x {height}, {original.size:,} bytes")]
    captions += [
        (
            f"{one.name}, quality {one.quality:g}",
            f"{len(one.data):,} bytes, {one.bpp:.2f} bpp, {one.psnr:.2f} dB",
        )
        for one in coded
    ]
    columns = [original, *(one.pixels for one in coded)]
    crop_size = tuple(
        ZOOM * (CROP[i + 2] - CROP[i]) for i in range(2)
    )  # width, height
    cell = max(width, crop_size[0])
    below = _MARGIN + _CAPTION + height + _MARGIN
    canvas = Image.new(
        "RGB",
        (
            _MARGIN + len(columns) * (cell + _MARGIN),
            below + crop_size[1] + _MARGIN,
        ),
        "white",
    )
    pen = ImageDraw.Draw(canvas)
    fonts = ImageFont.load_default(19), ImageFont.load_default(16)
    for i, (pixels, lines) in enumerate(zip(columns, captions, strict=True)):
        left = _MARGIN + i * (cell + _MARGIN)
        for line, font, down in zip(lines, fonts, (0, 24), strict=True):
            pen.text((left, _MARGIN + down), line, fill="black", font=font)
        picture = Image.fromarray(pixels)
        canvas.paste(picture, (left, _MARGIN + _CAPTION))
        enlarged = picture.crop(CROP).resize(
            crop_size, Image.Resampling.NEAREST
        )
        canvas.paste(enlarged, (left, below))
    return np.array(canvas)
