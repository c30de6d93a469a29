"""Tiles cover a grid once, within their area, and know their margins."""

import numpy as np
import pytest

from tfcodec import tiles


@pytest.mark.parametrize("align", [1, 4])
@pytest.mark.parametrize("size, reach", [(28, 5), (64, 13), (16, 0), (10, 6)])
@pytest.mark.parametrize("length", [*range(1, 130), 1000, 1023])
def test_spans_cover_an_axis_once(length, size, reach, align):
    count = np.zeros(length, int)
    spans = tiles.spans(length, size, reach, align)
    for span in spans:
        assert span.start % align == span.first % align == 0
        assert 0 <= span.start <= span.first < span.last <= span.stop <= length
        assert span.first - span.start >= reach or span.start == 0
        assert span.stop - span.last >= reach or span.stop == length
        assert span.stop % align == 0 or span.stop == length
        count[span.first : span.last] += 1
    assert (count == 1).all()
    assert len({span.stop - span.start for span in spans[:-1]}) <= 1
    if size > 2 * (reach + align):
        assert all(span.stop - span.start <= size for span in spans)
    assert len(spans) == 1 or length > size


@pytest.mark.parametrize("grid", [(1, 1), (100, 163), (40, 2000), (765, 510)])
def test_tiles_stay_within_their_area(grid):
    found = tiles.plan(grid, 128 * 128, 13, 4)
    areas = [(r.stop - r.start) * (c.stop - c.start) for r, c in found]
    assert max(areas) <= 128 * 128
    assert (len(found) == 1) == (grid[0] * grid[1] <= 128 * 128)
    assert max(areas) > 64 * 64 or len(found) == 1
    assert len(found) == len(tiles.plan(grid[::-1], 128 * 128, 13, 4))


@pytest.mark.parametrize("scale", [16, 1, 0.25])
def test_cut_and_put(scale):
    grid = (37, 50)
    size = [-(-int(n * 4 * scale) // 4) for n in grid]
    array = np.arange(np.prod(size)).reshape(1, *size, 1)
    again = np.zeros_like(array)
    found = tiles.plan(grid, 400, 3, 4)
    assert len(found) > 8
    for tile in found:
        part = tiles.cut(array, tile, scale).copy()
        assert part.size < array.size
        tiles.put(again, part, tile, scale)
    np.testing.assert_array_equal(again, array)


def test_pixels_are_extended_at_the_edge_of_the_picture_only():
    image = np.arange(40 * 30).reshape(1, 40, 30, 1)
    whole = np.pad(image, ((0, 0), (0, 8), (0, 2), (0, 0)), mode="edge")
    again = np.zeros_like(image)
    found = tiles.plan((3, 2), 2, 0, 1)
    assert len(found) == 4
    for tile in found:
        part = tiles.cut_blocks(image, tile, 16)
        np.testing.assert_array_equal(part, tiles.cut(whole, tile, 16))
        tiles.put(again, part, tile, 16)
    np.testing.assert_array_equal(again, image)
