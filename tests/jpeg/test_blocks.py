"""Components and their blocks."""

import io

import numpy as np
import pytest
from PIL import Image

from tfcodec.jpeg import blocks


def test_zigzag_is_that_of_the_standard():
    expected = [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5]
    assert blocks.ZIGZAG[:16].tolist() == expected
    assert blocks.ZIGZAG[-3:].tolist() == [55, 62, 63]
    assert sorted(blocks.ZIGZAG) == list(range(64))


def test_transform_keeps_energy_and_has_known_values():
    plane = np.random.default_rng(0).normal(0, 50, (24, 16)).astype("f4")
    found = blocks.to_blocks(plane, 1)
    assert found.shape == (3, 2, 64)
    np.testing.assert_allclose(
        np.square(found).sum(), np.square(plane).sum(), rtol=1e-5
    )
    flat = blocks.to_blocks(np.full((5, 9), 7, "f4"), 2)
    assert flat.shape == (2, 2, 64)
    np.testing.assert_allclose(flat[..., 0], 56, rtol=1e-6)
    assert np.abs(flat[..., 1:]).max() < 1e-4


def test_components_are_those_of_pillow(small):
    ours = blocks.components(small)
    theirs = np.asarray(Image.fromarray(small).convert("YCbCr"), float) - 128
    for i in range(3):
        assert np.abs(ours[i] - theirs[..., i]).max() < 1.01
    assert len(blocks.components(small[..., :1])) == 1


def test_half_the_size_is_better_than_the_mean(small):
    """After the filter of Pillow's decoder."""
    plane = blocks.components(small)[0][:88, :124] / 2
    best, error = blocks.halved(plane)
    assert best.shape == (44, 62)
    mean = plane.reshape(44, 2, 62, 2).mean((1, 3))
    left = {}
    for name, chroma in (("best", best), ("mean", mean)):
        left[name] = np.square(plane - grown_by_pillow(chroma)).sum()
    assert left["best"] < 0.99 * left["mean"]
    assert error == pytest.approx(left["best"], rel=0.05)


def grown_by_pillow(chroma):
    """A plane twice as large, as a decoder makes it: blue says what Cb is."""
    from tfcodec.jpeg.file import jpeg_file
    from tfcodec.jpeg.scans import Component

    height, width = 2 * chroma.shape[0], 2 * chroma.shape[1]
    parts = []
    for index, plane in enumerate(
        [np.zeros((height, width)), chroma, 0 * chroma]
    ):
        cells = blocks.to_blocks(plane.astype("f4"), 2 if index == 0 else 1)
        used = tuple(-(-n // 8) for n in plane.shape)
        factor = 2 if index == 0 else 1
        parts.append(Component(np.rint(cells).astype(int), used, factor))
    data = jpeg_file((height, width), parts, [np.ones(64)] * 2)
    with Image.open(io.BytesIO(data)) as image:
        image.draft("YCbCr", image.size)
        return np.asarray(image, float)[..., 1] - 128
