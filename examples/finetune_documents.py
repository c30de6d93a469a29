"""Pages as a screen shows them: windows, text, code, tables, charts.

Drawn with the fonts that come with matplotlib, so that nothing needs to be
downloaded. Every page is a function of its seed.
"""

import pathlib

import matplotlib
import numpy as np
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFont

WORDS = (
    "the of a codec rate image file bits learned table layer page value and "
    "to in is on with for by from kernel latent prior scale network decode "
    "encode symbol stream quality version release report invoice total date "
    "account settings search edit view tools help open save print close"
).split()
FONTS = ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono", "STIXGeneral")


def page(seed, size=384):
    """A page.

    Args:
        seed: int.
        size: int, pixels each way.

    Returns:
        uint8 array `(size, size, 3)`.
    """
    rng = np.random.default_rng(seed)
    dark = rng.random() < 0.3
    paper = rng.integers(18, 48, 3) if dark else rng.integers(238, 256, 3)
    ink = 225 if dark else int(rng.integers(0, 60))
    image = Image.new("RGB", (size, size), tuple(int(v) for v in paper))
    draw = ImageDraw.Draw(image)
    top = 0
    if rng.random() < 0.6:
        top = _title_bar(draw, rng, size)
    while top < size - 20:
        part = rng.choice([_paragraph, _code, _table, _chart, _buttons])
        top = part(draw, rng, top + int(rng.integers(6, 16)), size, ink)
    return np.asarray(image)


def _font(rng, size, name=None):
    folder = pathlib.Path(matplotlib.get_data_path()) / "fonts/ttf"
    name = name or str(rng.choice(FONTS))
    return ImageFont.truetype(str(folder / f"{name}.ttf"), size)


def _text(rng, count):
    return " ".join(rng.choice(WORDS, count))


def _colour(rng):
    return tuple(int(v) for v in rng.integers(30, 220, 3))


def _title_bar(draw, rng, size):
    height = int(rng.integers(18, 30))
    draw.rectangle((0, 0, size, height), fill=_colour(rng))
    for place in range(3):
        left = 8 + 16 * place
        middle = height // 2
        draw.ellipse(
            (left, middle - 5, left + 10, middle + 5), fill=_colour(rng)
        )
    font = _font(rng, height - 9, "DejaVuSans")
    draw.text((70, 3), _text(rng, 3).title(), font=font, fill=(245, 245, 245))
    return height


def _paragraph(draw, rng, top, size, ink):
    points = int(rng.integers(9, 19))
    font = _font(rng, points)
    colour = (ink, ink, ink) if rng.random() < 0.8 else _colour(rng)
    left = int(rng.integers(6, 60))
    for _ in range(int(rng.integers(2, 8))):
        draw.text((left, top), _text(rng, 12), font=font, fill=colour)
        top += int(points * 1.35)
    return top


def _code(draw, rng, top, size, ink):
    points = int(rng.integers(9, 14))
    font = _font(rng, points, "DejaVuSansMono")
    colours = [_colour(rng) for _ in range(4)] + [(ink, ink, ink)]
    for _ in range(int(rng.integers(3, 10))):
        left = 10 + 4 * points * int(rng.integers(0, 3)) // 2
        for word in rng.choice(WORDS, int(rng.integers(1, 7))):
            text = word + str(rng.choice(["", "(", ").", " =", ":", ","])) + " "
            colour = colours[rng.integers(len(colours))]
            draw.text((left, top), text, font=font, fill=colour)
            left += int(draw.textlength(text, font=font))
        top += int(points * 1.3)
    return top


def _table(draw, rng, top, size, ink):
    columns, rows = int(rng.integers(3, 7)), int(rng.integers(3, 9))
    width, height = (size - 20) // columns, int(rng.integers(14, 24))
    font = _font(rng, height - 6)
    line = (128, 128, 128)
    for row in range(rows):
        for column in range(columns):
            left, upper = 10 + column * width, top + row * height
            box = (left, upper, left + width, upper + height)
            draw.rectangle(
                box, outline=line, fill=_colour(rng) if row == 0 else None
            )
            text = f"{rng.normal(0, 300):.2f}" if row else _text(rng, 1)
            fill = (255, 255, 255) if row == 0 else (ink, ink, ink)
            draw.text((left + 3, upper + 1), text, font=font, fill=fill)
    return top + rows * height


def _chart(draw, rng, top, size, ink):
    height = int(rng.integers(50, 110))
    bottom = top + height
    draw.line((20, top, 20, bottom, size - 20, bottom), fill=(ink, ink, ink))
    if rng.random() < 0.5:
        for left in range(30, size - 40, 24):
            up = bottom - int(rng.integers(5, height))
            draw.rectangle((left, up, left + 16, bottom), fill=_colour(rng))
    else:
        for _ in range(3):
            walk = np.cumsum(rng.normal(0, height / 12, 40)) + height / 2
            walk = bottom - np.clip(walk, 0, height)
            points = [(20 + 8 * i, float(y)) for i, y in enumerate(walk)]
            draw.line(points, fill=_colour(rng), width=2)
    return bottom


def _buttons(draw, rng, top, size, ink):
    left, height = 10, int(rng.integers(18, 30))
    font = _font(rng, height - 10, "DejaVuSans")
    while left < size - 90:
        width = int(rng.integers(50, 100))
        box = (left, top, left + width, top + height)
        fill = _colour(rng) if rng.random() < 0.6 else None
        draw.rounded_rectangle(box, 5, fill=fill, outline=(128, 128, 128))
        colour = (255, 255, 255) if fill else (ink, ink, ink)
        text = _text(rng, 1).title()
        draw.text((left + 8, top + 3), text, font=font, fill=colour)
        left += width + 8
    return top + height
