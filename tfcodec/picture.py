"""Pictures of one to four channels, and the RGB that a model codes of them.

Transparency goes beside the RGB without loss; greyscale is coded with three
equal channels and comes back as one.
"""

import io
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tfcodec.bitstream.sections import ALPHA
from tfcodec.bitstream.sections import GREY
from tfcodec.bitstream.sections import Metadata
from tfcodec.bitstream.sections import write_sections
from tfcodec.errors import BitstreamError
from tfcodec.metrics import psnr

_ROWS = 512  # Handled at a time, where that saves memory.


class Picture(NamedTuple):
    """What is coded of an image."""

    rgb: np.ndarray  # uint8 (height, width, 3); may be a view.
    alpha: np.ndarray | None  # uint8 (height, width); None if opaque.
    grey: bool  # The three channels are equal, and one in the original.

    def sections(
        self, metadata: Metadata | None = None
    ) -> tuple[tuple[int, bytes], ...]:
        """The ancillary sections of this picture and its `Metadata`."""
        alpha = None if self.alpha is None else write_png(self.alpha)
        return write_sections(alpha, self.grey, metadata)


def split(image: npt.ArrayLike) -> Picture:
    """An image as a `Picture`.

    Args:
        image: uint8 `(height, width)`, grey, or `(height, width, channels)`
            with 1 channel (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha).

    Raises:
        ValueError: it is not.
    """
    image = np.asarray(image)
    shape = image.shape
    if image.ndim == 2:
        image = image[:, :, None]
    if (
        image.dtype != np.uint8
        or image.ndim != 3
        or not 1 <= image.shape[2] <= 4
        or min(image.shape) < 1
    ):
        raise ValueError(
            "`image` must be a uint8 array (height, width, 3), or with 1, 2 or "
            "4 channels or none, with at least one pixel. "
            f"Received: dtype={image.dtype}, shape={shape}"
        )
    colours, alpha = image, None
    if image.shape[2] in (2, 4):
        colours, alpha = image[:, :, :-1], image[:, :, -1]
        if alpha.min() == 255:
            alpha = None
        elif alpha.min() == 0:
            colours = fill_invisible(colours, alpha)
    grey = colours.shape[2] == 1
    rgb = np.broadcast_to(colours, (*colours.shape[:2], 3))
    return Picture(rgb, alpha, grey)


def join(rgb: np.ndarray, sections: Mapping[int, bytes]) -> np.ndarray:
    """The image that a file shows, of its decoded RGB.

    Args:
        rgb: uint8 `(height, width, 3)`.
        sections: dict that `known_sections` has returned.

    Returns:
        uint8 `(height, width, channels)`, as `split` takes it; `rgb` itself if
        the picture is opaque RGB.

    Raises:
        BitstreamError: the alpha section is damaged.
    """
    colours = rgb
    if GREY in sections:
        colours = np.empty((*rgb.shape[:2], 1), np.uint8)
        for row in range(0, len(rgb), _ROWS):
            rows = slice(row, row + _ROWS)
            total = rgb[rows].sum(axis=2, keepdims=True, dtype=np.uint16)
            colours[rows] = (total + 1) // 3  # The mean, rounded.
    if ALPHA not in sections:
        return colours
    channels = colours.shape[2] + 1
    image = np.empty((*rgb.shape[:2], channels), np.uint8)
    image[:, :, :-1] = colours
    image[:, :, -1] = read_png(sections[ALPHA], "alpha section")
    return image


def visible_psnr(decoded: np.ndarray, image: npt.ArrayLike) -> float:
    """PSNR of the colours of visible pixels in dB.

    Args:
        decoded, image: as `split` takes and `join` returns them.
    """
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[:, :, None]
    if image.shape[2] in (1, 3):
        return psnr(decoded, image)
    visible = image[:, :, -1] > 0
    colours = image.shape[2] - 1  # An alpha of 255 does not come back.
    if not visible.any():
        return float("inf")
    return psnr(decoded[:, :, :colours][visible], image[:, :, :-1][visible])


def fill_invisible(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Smooth colours for the pixels with alpha 0, from those around them.

    What is there is arbitrary, costs bits and bleeds into the visible pixels.

    Args:
        colours: uint8 `(height, width, channels)`; left as it is.
        alpha: uint8 `(height, width)`.

    Returns:
        uint8, like `colours`; equal to it where alpha is not 0.

    Reference: Gortler et al. 1996, The Lumigraph, section 3.4 (pull, push),
    with weights of 0 or 1 and without their filter on the finest level.
    """
    height, width, channels = colours.shape
    size = (-(-height // 2), -(-width // 2))
    coarse = np.empty((*size, channels), np.float32)
    known = np.empty(size, bool)
    for row in range(0, size[0], _ROWS):
        rows, finer = slice(row, row + _ROWS), slice(2 * row, 2 * (row + _ROWS))
        coarse[rows], known[rows] = _pull(colours[finer], alpha[finer] > 0)
    _push(coarse, known)
    out = colours.copy()
    for row in range(0, size[0], _ROWS):
        rows, finer = slice(row, row + _ROWS), slice(2 * row, 2 * (row + _ROWS))
        filled = np.rint(coarse[rows]).astype(np.uint8)
        filled = filled.repeat(2, axis=0).repeat(2, axis=1)
        gaps = alpha[finer] == 0
        out[finer][gaps] = filled[: len(gaps), :width][gaps]
    return out


def _pull(
    colours: np.ndarray, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Means of the known pixels of 2x2 blocks, and where there are any."""
    counts = _sum_2x2(known[:, :, None].astype(np.float32))
    sums = _sum_2x2(np.where(known[:, :, None], colours, np.float32(0)))
    return sums / np.maximum(counts, 1), counts[:, :, 0] > 0


def _push(colours: np.ndarray, known: np.ndarray) -> None:
    """Fills the unknown pixels of float32 colours in place."""
    if known.all() or not known.any():
        return
    coarse, coarse_known = _pull(colours, known)
    _push(coarse, coarse_known)
    for axis in (0, 1):
        coarse = _double(coarse, axis)
    height, width = known.shape
    np.copyto(colours, coarse[:height, :width], where=~known[:, :, None])


def _sum_2x2(array: np.ndarray) -> np.ndarray:
    for axis in (0, 1):
        array = np.moveaxis(array, axis, 0)
        total = array[0::2].copy()
        total[: len(array) // 2] += array[1::2]
        array = np.moveaxis(total, 0, axis)
    return array


def _double(array: np.ndarray, axis: int) -> np.ndarray:
    """Twice as many samples along an axis, linear between their centres."""
    array = np.moveaxis(array, axis, 0)
    padded = np.concatenate([array[:1], array, array[-1:]])
    out = np.repeat(array, 2, axis=0)
    out *= 0.75
    out[0::2] += 0.25 * padded[:-2]
    out[1::2] += 0.25 * padded[2:]
    return np.moveaxis(out, 0, axis)


def write_png(samples: np.ndarray) -> bytes:
    """A PNG file as `bitstream.png.check_png` wants it.

    Args:
        samples: uint8 `(height, width)` or `(height, width, 3)`.
    """
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(samples).save(file, "PNG", optimize=True)
    return file.getvalue()


def read_png(png: bytes, name: str) -> np.ndarray:
    """The samples of a PNG file that `bitstream.png.check_png` has accepted.

    Args:
        png: the whole file.
        name: what messages call it.

    Raises:
        BitstreamError: they cannot be decoded.
    """
    from PIL.PngImagePlugin import PngImageFile

    try:
        with PngImageFile(io.BytesIO(png)) as image:
            return np.asarray(image)
    except MemoryError:
        raise
    except Exception as error:
        raise BitstreamError(
            f"The {name} cannot be decoded: {error}"
        ) from error
