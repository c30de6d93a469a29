"""SSIMULACRA 2 against libjxl's own program.

The scores below were printed by `ssimulacra2` of libjxl 0.11.1 (Debian 13,
package libjxl-devtools) for PNG files of the same pixels.
"""

import numpy as np
import pytest

from tfcodec.evaluation.ssimulacra2 import MIN_SIDE
from tfcodec.evaluation.ssimulacra2 import recursive_gaussian
from tfcodec.evaluation.ssimulacra2 import ssimulacra2


def coarse(image):
    return (image // 32 * 32 + 16).astype(np.uint8)


def fine(image):
    return (image // 8 * 8 + 4).astype(np.uint8)


def shifted(image):
    return np.roll(image, 1, axis=1)


def soft(image):
    shifts = (0, 0), (1, 0), (0, 1), (1, 1)
    total = sum(np.roll(image, s, (0, 1)).astype(int) for s in shifts)
    return (total // 4).astype(np.uint8)


@pytest.mark.parametrize(
    ("change", "score"),
    [
        (coarse, 30.20962731),
        (shifted, 17.72944144),
        (soft, 23.83143922),
        (fine, 86.35887925),
    ],
)
def test_scores_of_libjxl(photograph, change, score):
    found = ssimulacra2(photograph, change(photograph))
    assert found == pytest.approx(score, abs=0.2)


def test_fewer_scales_and_odd_sides(photograph):
    part = slice(161), slice(163)
    found = ssimulacra2(photograph[part], coarse(photograph)[part])
    assert found == pytest.approx(37.21759285, abs=0.2)


def test_ends(photograph):
    assert ssimulacra2(photograph, photograph) == pytest.approx(100)
    part = photograph[:MIN_SIDE, :MIN_SIDE]
    assert ssimulacra2(part, part) == pytest.approx(100)
    assert ssimulacra2(part[:-1], part[:-1]) is None
    assert ssimulacra2(part[:, 1:], part[:, 1:]) is None


def test_kernel():
    kernel = recursive_gaussian(1.5)
    assert len(kernel) == 11
    assert kernel.sum() == pytest.approx(1)
    variance = kernel @ np.square(np.arange(-5, 6))
    assert variance == pytest.approx(1.5**2)
