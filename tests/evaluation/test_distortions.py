"""Distortions against figures worked out by hand."""

import math

import numpy as np
import pytest

from tfcodec.evaluation.distortions import decibels
from tfcodec.evaluation.distortions import distortions
from tfcodec.evaluation.distortions import psnr_y


@pytest.mark.parametrize(
    ("channel", "weight"), [(0, 0.299), (1, 0.587), (2, 0.114)]
)
def test_psnr_y(channel, weight):
    a = np.full((9, 7, 3), 100, np.uint8)
    b = a.copy()
    b[..., channel] += 10
    expected = 20 * math.log10(255 / (10 * weight))
    assert psnr_y(a, b) == pytest.approx(expected)
    assert psnr_y(a, a) == math.inf


def test_decibels():
    assert decibels(0.99) == pytest.approx(20)
    assert decibels(1.0) is None and decibels(None) is None


def test_equal_images_have_no_infinity(photograph):
    image = photograph[:40, :40]
    assert distortions(image, image) == {
        "psnr": None,
        "psnr_y": None,
        "ms_ssim": None,
        "ssimulacra2": None,
    }
