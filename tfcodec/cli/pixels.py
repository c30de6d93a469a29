"""Pillow's images of any mode to 8-bit arrays of one to four channels."""

import numpy as np
from PIL import Image

from tfcodec.errors import TfcodecError

_SAME = ("L", "LA", "RGB", "RGBA")
_CONVERTED = {"1": "L", "La": "LA", "PA": "RGBA", "RGBa": "RGBA"}
# What PNG's grey samples of a few bits are multiplied by.
_SCALES = {"L;2": 85, "L;4": 17}
# By EXIF orientation; after rows and columns are swapped for those above 4.
_FLIPS = {
    2: (1, -1),
    3: (-1, -1),
    4: (-1, 1),
    6: (1, -1),
    7: (-1, -1),
    8: (-1, 1),
}


def raw_mode(image):
    """How the samples are stored in the file; ask before `load`."""
    arguments = image.tile[0][3] if image.tile else ""
    if isinstance(arguments, tuple):
        if image.format == "PPM" and arguments[-1] > 255:
            return f"{arguments[0]};16"
        arguments = arguments[0]
    return str(arguments)


def to_array(image, raw, notes):
    """The pixels of a loaded `Image` that is neither CMYK nor Lab.

    Args:
        image: `PIL.Image.Image`.
        raw: its `raw_mode`.
        notes: list of str, to which is added what is lost.

    Returns:
        uint8 `(height, width, channels)`: 1 for grey, 3 for RGB, one more for
        alpha, if the file may have any.

    Raises:
        TfcodecError: samples without an 8-bit meaning.
    """
    transparent = image.info.get("transparency")
    if image.mode == "F":
        raise TfcodecError(
            "floating-point pixels have no 8-bit meaning: convert them first"
        )
    if image.mode.startswith("I"):
        samples = _sixteen_bits(image, raw)
        notes.append("reduced from 16 to 8 bits per sample")
        array = ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
        return _with_alpha(array, samples, transparent)
    if ";16" in raw:  # Pillow has taken the upper 8.
        notes.append("reduced from 16 to 8 bits per sample")
    if image.mode == "P":
        alpha = image.has_transparency_data
        return np.asarray(image.convert("RGBA" if alpha else "RGB"))
    if image.mode not in _SAME:
        image = image.convert(_CONVERTED.get(image.mode, "RGB"))
    array = np.asarray(image)
    array = array.reshape(*array.shape[:2], -1)
    if raw.startswith("LA;16"):  # Pillow makes it RGBA.
        return array[:, :, [0, 3]]
    if transparent is None or image.mode in ("LA", "RGBA"):
        return array
    key = np.array(transparent) * _SCALES.get(raw, 1)
    return _with_alpha(array, array, key >> 8 if ";16" in raw else key)


def to_image(array):
    """uint8 `(height, width, channels)`, 1 to 4 of them, as an `Image`."""
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def upright(array, orientation):
    """The pixels of an array turned as EXIF's orientation, 1 to 8, says."""
    if orientation > 4:
        array = array.swapaxes(0, 1)
    down, right = _FLIPS.get(orientation, (1, 1))
    return np.ascontiguousarray(array[::down, ::right])


def _sixteen_bits(image, raw):
    """uint16 `(height, width, 1)` of modes "I;16" and "I"."""
    samples = np.asarray(image)[:, :, None]
    if image.mode == "I":
        low, high = samples.min(), samples.max()
        if image.format == "TIFF" or low < 0 or high > 0xFFFF:
            raise TfcodecError(
                "32-bit pixels have no 8-bit meaning: convert them first"
            )
        samples = samples.astype(np.uint16)
    if raw.startswith("I;12"):
        samples = samples << 4 | samples >> 8
    return samples


def _with_alpha(array, samples, key):
    """`array` with alpha, 0 where the samples are `key`; None: without."""
    if key is None:
        return array
    transparent = (samples == key).all(axis=2, keepdims=True)
    alpha = np.where(transparent, np.uint8(0), np.uint8(255))
    return np.concatenate([array, alpha], axis=2)
