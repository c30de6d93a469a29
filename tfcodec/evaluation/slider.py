"""Pictures of two codecs at one size, for the report's sliders."""

import base64
import dataclasses
import io
import json
import os
import pathlib

from PIL import Image

from tfcodec.evaluation.distortions import decibels
from tfcodec.evaluation.distortions import distortions
from tfcodec.evaluation.own import Own
from tfcodec.evaluation.peers import KINDS
from tfcodec.evaluation.peers import Peer
from tfcodec.evaluation.pictures import Picture
from tfcodec.evaluation.pictures import read_pixels
from tfcodec.metrics import bpp

LARGEST = 768  # pixels a side; of larger images the middle is shown
_JPEG = {"format": "JPEG", "quality": 95, "subsampling": 0, "optimize": True}


@dataclasses.dataclass(frozen=True)
class Pair:
    """What to match.

    Args:
        picture: `Picture`.
        own, peer: the codecs.
        bpp: float, bits per pixel that tfcodec's file may have.
        known: tuple of `(quality, bytes)` of the peer, where to begin.
        path: str, file in which the outcome is kept.
        threads: int.
    """

    picture: Picture
    own: Own
    peer: Peer
    bpp: float
    known: tuple
    path: str
    threads: int


def match(pair):
    """The best of tfcodec within the rate, and the peer's file of the nearest
    size.

    Returns:
        Dict of "image", "height", "width", "crop" (whether a part is shown),
        "original" (data URI), and "own" and "peer": dicts of "codec",
        "quality", "bytes", "bpp", the distortions, and "uri".
    """
    path = pathlib.Path(pair.path)
    if path.exists():
        return json.loads(path.read_text("utf-8"))
    image = read_pixels(pair.picture.path)
    data, quality = pair.own.encode_within(image, pair.bpp)
    theirs = nearest(pair.peer, image, len(data), pair.known, pair.threads)
    result = {
        "image": pair.picture.name,
        "height": image.shape[0],
        "width": image.shape[1],
        "crop": max(image.shape[:2]) > LARGEST,
        "original": data_uri(image),
        "own": _described(pair.own, image, data, quality),
        "peer": _described(pair.peer, image, *theirs),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(result), "utf-8")
    os.replace(temporary, path)
    return result


def nearest(peer, image, num_bytes, known=(), threads=None):
    """The file of a peer whose size is nearest to a number of bytes.

    A bisection over the peer's settings, whose sizes are taken to rise.

    Args:
        peer: `Peer`.
        image: uint8 `(height, width, 3)`.
        num_bytes: int.
        known: sequence of `(quality, bytes)` measured before.
        threads: int or None.

    Returns:
        `(data, quality)`.
    """
    about = KINDS[peer.kind]
    first, last, step = about.scale
    count = round((last - first) / step)

    def quality_of(index):
        position = index if about.rising else count - index
        return round(first + position * step, 4)

    def index_of(quality):
        position = round((quality - first) / step)
        return position if about.rising else count - position

    sizes = {index_of(quality): size for quality, size in known}
    files = {}

    def size_of(index):
        if index not in files:
            files[index] = peer.encode(image, quality_of(index), threads)
        return len(files[index])

    low = max((i for i, s in sizes.items() if s <= num_bytes), default=0)
    high = min(
        (i for i, s in sizes.items() if s > num_bytes and i > low),
        default=count,
    )
    while high - low > 1:
        middle = (low + high) // 2
        if size_of(middle) <= num_bytes:
            low = middle
        else:
            high = middle
    best = min(low, high, key=lambda i: abs(size_of(i) - num_bytes))
    return files[best], quality_of(best)


def data_uri(image):
    """uint8 `(height, width, 3)`, its middle if it is large, as a JPEG of
    quality 95, 4:4:4, in a `data:` URI."""
    height, width = image.shape[:2]
    top = max(height - LARGEST, 0) // 2
    left = max(width - LARGEST, 0) // 2
    part = image[top : top + LARGEST, left : left + LARGEST]
    file = io.BytesIO()
    Image.fromarray(part).save(file, **_JPEG)
    text = base64.b64encode(file.getvalue()).decode("ascii")
    return f"data:image/jpeg;base64,{text}"


def _described(candidate, image, data, quality):
    decoded = candidate.decode(data)
    values = distortions(image, decoded)
    return {
        "codec": candidate.name,
        "quality": quality,
        "bytes": len(data),
        "bpp": bpp(len(data), *image.shape[:2]),
        **values,
        "ms_ssim_db": decibels(values["ms_ssim"]),
        "uri": data_uri(decoded),
    }
