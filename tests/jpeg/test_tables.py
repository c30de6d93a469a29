"""The network, and the tables that it gives."""

import pathlib

import numpy as np
import pytest

import tfcodec.jpeg
from tfcodec.jpeg import blocks
from tfcodec.jpeg.tables import TableNetwork
from tfcodec.jpeg.tables import picture_tiles


@pytest.fixture(scope="module")
def packaged():
    return TableNetwork.packaged()


def test_tiles_of_all_sizes(small):
    for height, width, count in ((1, 1, 1), (32, 33, 2), (90, 125, 12)):
        tiles = picture_tiles(small[:height, :width])
        assert tiles.shape == (count, 4, 4, 192)
    grey = picture_tiles(small[..., :1])
    assert grey.shape == (12, 4, 4, 192) and not grey[..., 64:].any()
    assert grey[..., :64].any()


def test_tiles_see_the_blocks_of_the_picture(small):
    tiles = picture_tiles(small[:64, :96])
    plane = blocks.components(small[:64, :96])[0]
    cells = blocks.to_blocks(plane, 1)  # (8, 12, 64)
    expected = np.log2(1 + np.abs(cells[4:8, 4:8])) / 4
    np.testing.assert_allclose(tiles[4][..., :64], expected, atol=1e-4)


def test_large_pictures_give_a_limited_number_of_tiles(small):
    large = np.tile(small, (15, 12, 1))
    assert len(picture_tiles(large)) == 1024


def test_tables_without_a_say_follow_the_weights(flat):
    luma, chroma = flat.tables(None, 5.0, False)
    assert (luma == round(32 / np.sqrt(3))).all()
    assert (chroma == chroma[0]).all() and 0.9 < chroma[0] / luma[0] < 1.1
    _, half = flat.tables(None, 5.0, True)
    # What the decoder smooths away needs less precision.
    assert half[0] < chroma[0] < half[63]
    luma, _ = flat.tables(None, -3.0, False)
    assert (luma == 1).all()
    luma, _ = flat.tables(None, 12.0, False)
    assert (luma == 255).all()


def test_packaged_network_tells_pictures_apart(packaged, small):
    plain = np.full_like(small, 90)
    tables = [
        packaged.tables(packaged.features(picture_tiles(image)), 4.5, False)
        for image in (small, plain)
    ]
    assert any((a != b).any() for a, b in zip(*tables, strict=True))
    for table in tables[0] + tables[1]:
        assert table.shape == (64,) and 1 <= table.min() <= table.max() <= 255


def test_packaged_weights_are_small(packaged):
    folder = pathlib.Path(tfcodec.jpeg.__file__).parent
    assert (folder / "tables.npz").stat().st_size < 200_000


def test_quality_falls_with_the_step(packaged):
    steps = [packaged.log_step(quality) for quality in np.arange(1, 100.5, 0.5)]
    assert (np.diff(steps) < 0).all()
