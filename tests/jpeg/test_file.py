"""Files that another decoder reads to the levels that went in."""

import io

import numpy as np
import pytest
from PIL import Image

from tfcodec.jpeg import scans
from tfcodec.jpeg.blocks import COSINES
from tfcodec.jpeg.blocks import ZIGZAG
from tfcodec.jpeg.file import jpeg_file
from tfcodec.jpeg.scans import Component


def random_levels(rng, rows, columns, share, largest=3):
    """Levels of which a share is not zero, within what pixels can show."""
    shape = rows, columns, 64
    levels = rng.integers(1, largest + 1, shape) * rng.choice([-1, 1], shape)
    levels = np.where(rng.random(shape) < share, levels, 0)
    levels[..., 0] = rng.integers(-9, 10, shape[:2])
    return levels


def decode(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def pixels_of(levels, steps):
    """The samples of one component, by T.81, A.3.3."""
    blocks = np.zeros(levels.shape)
    blocks[..., ZIGZAG] = levels * steps
    blocks = blocks.reshape(*levels.shape[:2], 8, 8)
    samples = COSINES.T @ blocks @ COSINES + 128
    rows, columns = levels.shape[:2]
    return samples.transpose(0, 2, 1, 3).reshape(8 * rows, 8 * columns)


@pytest.mark.parametrize("share", [0, 0.005, 0.05, 0.4])
@pytest.mark.parametrize("progressive", [False, True])
def test_grey_levels_arrive(progressive, share):
    rng = np.random.default_rng(5)
    levels = random_levels(rng, 6, 7, share)
    steps = rng.integers(3, 9, 64)
    part = Component(levels, (6, 7), 1)
    data = jpeg_file((48, 56), [part], [steps], progressive)
    expected = np.clip(pixels_of(levels, steps), 0, 255)
    assert np.abs(decode(data) - expected).max() <= 1


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_all_kinds_of_scans_say_the_same(monkeypatch, factor, seed):
    """Splits and refining scans by chance, beside a baseline file."""
    rng = np.random.default_rng(seed)
    size = 8 * 5 - 3, 8 * 9 - 1
    parts = []
    for index in range(3):
        fill = factor if index == 0 else 1
        coarse = 1 if index == 0 else factor
        used = tuple(-(-n // (8 * coarse)) for n in size)
        shape = [-(-n // fill) * fill for n in used]
        share = rng.choice([0.002, 0.05, 0.5])
        levels = random_levels(rng, *shape, share, rng.choice([2, 9]))
        parts.append(Component(levels, used, fill))
    steps = [rng.integers(1, 5, 64) for _ in range(2)]
    expected = decode(jpeg_file(size, parts, steps, False))
    assert expected.shape == (*size, 3)
    monkeypatch.setattr(scans, "_bits", lambda symbols: rng.random())
    kinds = {
        (scan.first, scan.last, scan.high, scan.low)
        for scan in scans.progressive_scans(parts)
    }
    assert len(kinds) > 1
    np.testing.assert_array_equal(
        decode(jpeg_file(size, parts, steps, True)), expected
    )


def test_more_empty_blocks_than_a_run_holds():
    levels = np.zeros((200, 200, 64), int)
    levels[-1, -1, 5] = 3
    part = Component(levels, (200, 200), 1)
    first, second = (
        decode(jpeg_file((1600, 1600), [part], [np.full(64, 9)], progressive))
        for progressive in (False, True)
    )
    np.testing.assert_array_equal(first, second)
    assert np.ptp(first[:1592]) == 0 and np.ptp(first[-8:, -8:]) > 0
