"""What is measured on real files and decoded 8-bit images."""

import math

import numpy as np
import numpy.typing as npt

_ROWS = 64  # Handled at a time, so that few floats are held.


def bpp(num_bytes: int, height: int, width: int) -> float:
    """Bits per pixel of a whole file, header included."""
    return 8.0 * num_bytes / (height * width)


def mse(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Mean squared error of two images in the same range and shape."""
    first, second = np.asarray(a), np.asarray(b)
    if first.shape != second.shape:
        raise ValueError(
            "The images must have the same shape. "
            f"Received: {first.shape} and {second.shape}"
        )
    total = 0.0
    for row in range(0, len(first), _ROWS):
        rows = slice(row, row + _ROWS)
        error = np.subtract(first[rows], second[rows], dtype=np.float64)
        total += float(np.square(error).sum())
    return total / first.size


def psnr(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Peak signal-to-noise ratio in dB of two 8-bit images.

    Args:
        a, b: uint8 arrays of the same shape, 0..255; over RGB if there are
            three channels.

    Returns:
        float; infinity if the images are equal.
    """
    error = mse(a, b)
    return math.inf if error == 0 else 10 * math.log10(255.0**2 / error)
