"""Image files and bytes to uint8 RGB arrays, with Pillow.

Pillow is the only decoder, for all sources: TensorFlow has none for WebP and
AVIF, and its JPEG decoder gives other pixels than Pillow's, so the same picture
would depend on how it was stored. Pillow decodes outside the interpreter lock.
"""

import io
import os

import numpy as np
from PIL import Image


def image_suffixes():
    """The file name endings, lower case with dot, that Pillow can open."""
    suffixes = Image.registered_extensions()
    return {end for end, kind in suffixes.items() if kind in Image.OPEN}


def read_size(source, name=None):
    """`(height, width)` of an image from its header, without decoding it.

    Args:
        source: Path, or the bytes of the file.
        name: How errors call the image; a path is its own name.
    Raises:
        OSError: Not a readable image; the message names it.
    """
    return _guarded(source, name, lambda image: (image.height, image.width))


def decode_image(source, name=None):
    """Decodes the first frame of an image to uint8 `(height, width, 3)`.

    Transparent images are laid on white, 16-bit grey is reduced to 8 bits. EXIF
    rotation is not applied: a crop teaches as much lying on its side.

    Args:
        source: Path, or the bytes of the file.
        name: How errors call the image; a path is its own name.
    Raises:
        OSError: Not a readable image; the message names it.
    """
    return _guarded(source, name, _to_rgb)


def _to_rgb(image):
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.array(image) >> 8).astype(np.uint8))
    elif image.has_transparency_data:
        front = image.convert("RGBA")
        white = Image.new("RGBA", front.size, "white")
        image = Image.alpha_composite(white, front)
    return np.array(image.convert("RGB"))


def _guarded(source, name, function):
    if isinstance(source, bytes):
        file, name = io.BytesIO(source), name or "without a name"
    else:
        file, name = source, name or os.fspath(source)
    try:
        with Image.open(file) as image:
            return function(image)
    except MemoryError:
        raise
    except Exception as error:  # Pillow's plugins raise many kinds on bad data.
        reason = f"{type(error).__name__}: {error}"
        raise OSError(f"Cannot read the image {name} ({reason}).") from error
