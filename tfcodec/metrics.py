"""What is measured on real files and decoded 8-bit images."""

import math

import numpy as np


def bpp(num_bytes, height, width):
    """Bits per pixel of a whole file, header included."""
    return 8.0 * num_bytes / (height * width)


def mse(a, b):
    """Mean squared error of two images in the same range and shape."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape:
        raise ValueError(
            "The images must have the same shape. "
            f"Received: {a.shape} and {b.shape}"
        )
    return float(np.mean(np.square(a - b)))


def psnr(a, b):
    """Peak signal-to-noise ratio in dB of two 8-bit images.

    Args:
        a, b: uint8 arrays of the same shape, 0..255; over RGB if there are
            three channels.

    Returns:
        float; infinity if the images are equal.
    """
    error = mse(a, b)
    return math.inf if error == 0 else 10 * math.log10(255.0**2 / error)
