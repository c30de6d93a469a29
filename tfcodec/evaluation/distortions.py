"""All distortions of a decoded image, and what they are called."""

import dataclasses
import math

import numpy as np

from tfcodec.evaluation.ms_ssim import ms_ssim
from tfcodec.evaluation.ssimulacra2 import ssimulacra2
from tfcodec.metrics import mse
from tfcodec.metrics import psnr

VERSION = 1  # Rises when a figure changes; older results are measured anew.
_LUMA = np.array([0.299, 0.587, 0.114])  # BT.601, full range


@dataclasses.dataclass(frozen=True)
class Metric:
    """A distortion that curves are drawn of; more is better."""

    key: str  # in averages
    label: str  # with unit
    file: str  # of the plot


METRICS = (
    Metric("psnr", "PSNR of RGB, dB", "rd-psnr"),
    Metric("psnr_y", "PSNR of Y, dB", "rd-psnr-y"),
    Metric("ms_ssim_db", "MS-SSIM, dB", "rd-ms-ssim"),
    Metric("ssimulacra2", "SSIMULACRA 2", "rd-ssimulacra2"),
)


def distortions(original, decoded):
    """All distortions of one image.

    Args:
        original, decoded: uint8 `(height, width, 3)`, RGB.

    Returns:
        Dict of floats: "psnr" (dB, RGB), "psnr_y" (dB), "ms_ssim" (0..1),
        "ssimulacra2" (at most 100). None instead of infinity, and where the
        image is too small: see the functions.
    """
    return {
        "psnr": _finite(psnr(original, decoded)),
        "psnr_y": _finite(psnr_y(original, decoded)),
        "ms_ssim": ms_ssim(original, decoded),
        "ssimulacra2": ssimulacra2(original, decoded),
    }


def psnr_y(a, b):
    """PSNR in dB of BT.601 full-range luma, not rounded to integers.

    Args:
        a, b: uint8 `(height, width, 3)`, RGB.
    """
    error = mse(np.asarray(a) @ _LUMA, np.asarray(b) @ _LUMA)
    return math.inf if error == 0 else 10 * math.log10(255.0**2 / error)


def decibels(similarity):
    """`-10 log10(1 - x)` of a similarity such as MS-SSIM; None for 1."""
    if similarity is None or similarity >= 1:
        return None
    return -10 * math.log10(1 - similarity)


def _finite(value):
    return value if math.isfinite(value) else None
