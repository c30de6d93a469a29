"""What `interop.py` encodes: the pictures of a folder, and many odd ones."""

import dataclasses

import numpy as np
from PIL import Image

from tfcodec.evaluation import read_images

PRIMES = (2, 3, 5, 7, 11, 13, 17, 31, 61, 67, 97, 127, 131, 151, 193, 199)


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture and the qualities it is encoded with."""

    name: str
    pixels: np.ndarray  # uint8 (height, width, 3)
    qualities: tuple  # of floats, 1..100
    is_odd: bool  # one of `odd_pictures`


def all_pictures(folder, limit, qualities, count, largest, seed):
    """Pictures of a folder at all qualities, then `count` odd ones.

    Args:
        folder: path.
        limit: int or None; only so many pictures of the folder.
        qualities: tuple of floats.
        count, largest, seed: see `odd_pictures`.

    Returns:
        List of `Picture`.

    Raises:
        TfcodecError: there is no picture, or one cannot be read.
    """
    names, images = read_images(folder)
    pictures = [
        Picture(name, image, qualities, is_odd=False)
        for name, image in zip(names[:limit], images[:limit], strict=True)
    ]
    odd = odd_pictures(images, count, largest, seed)
    return pictures + [
        Picture(f"odd-{i}", pixels, (qualities[i % len(qualities)],), True)
        for i, pixels in enumerate(odd)
    ]


def write_pictures(pictures, folder):
    """Writes them as `NAME.png`, what every runtime reads."""
    for picture in pictures:
        path = folder / f"{picture.name}.png"
        Image.fromarray(picture.pixels).save(path, compress_level=1)


def odd_pictures(images, count, largest, seed):
    """Pictures of awkward sizes and contents; a seed gives the same ones.

    Sizes: any; one row; one column; two primes. Contents: a piece of an
    image; a few of its pixels enlarged; noise; stripes; one colour.

    Args:
        images: list of uint8 `(height, width, 3)`.
        count: int.
        largest: int, the longest side.
        seed: int.

    Returns:
        List of uint8 `(height, width, 3)`.
    """
    rng = np.random.default_rng(seed)
    primes = [prime for prime in PRIMES if prime <= largest]
    pictures = []
    for i in range(count):
        height, width = rng.integers(1, largest + 1, 2)
        if i % 4 == 1:
            height = 1
        elif i % 4 == 2:
            width = 1
        elif i % 4 == 3:
            height, width = rng.choice(primes, 2)
        content = CONTENTS[i % len(CONTENTS)]
        image = images[rng.integers(len(images))]
        pictures.append(content(rng, image, int(height), int(width)))
    return pictures


def _piece(rng, image, height, width):
    top, left = (
        int(rng.integers(max(1, whole - side + 1)))
        for whole, side in zip(image.shape, (height, width), strict=False)
    )
    piece = image[top : top + height, left : left + width]
    missing = [(0, height - piece.shape[0]), (0, width - piece.shape[1])]
    return np.pad(piece, [*missing, (0, 0)], mode="reflect")


def _enlarged(rng, image, height, width):
    few = _piece(rng, image, 1 + height // 8, 1 + width // 8)
    size, cubic = (width, height), Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(few).resize(size, cubic))


def _noise(rng, image, height, width):
    return rng.integers(0, 256, (height, width, 3), np.uint8)


def _stripes(rng, image, height, width):
    period = int(rng.integers(1, 9))
    row, column = np.arange(height)[:, None], np.arange(width)
    on = (row * int(rng.integers(2)) + column) // period % 2 == 0
    return np.where(on[..., None], *rng.integers(0, 256, (2, 3), np.uint8))


def _flat(rng, image, height, width):
    colour = rng.choice(np.array([0, 128, 255], np.uint8), 3)
    return np.broadcast_to(colour, (height, width, 3)).copy()


CONTENTS = (_piece, _enlarged, _noise, _stripes, _flat)
