"""What a predictor sees is known to the decoder, and all pixels are coded."""

import numpy as np
import pytest

from tfcodec.lossless import contexts
from tfcodec.lossless import walk


def every_pass():
    return [where for plane in range(3) for where in walk.passes(plane)]


@pytest.mark.parametrize("height, width", [(40, 56), (33, 35), (7, 1), (1, 9)])
def test_every_pixel_is_coded_once(height, width):
    times = np.zeros((3, height, width), int)
    for plane in range(3):
        times[plane, :: walk.STRIDE, :: walk.STRIDE] += 1
    for where in every_pass():
        times[where.plane][where.slices] += 1
    assert (times == 1).all()


@pytest.mark.parametrize("where", every_pass(), ids=str)
def test_contexts_are_of_decoded_pixels(where):
    """Pixels that come later may be anything."""
    rng = np.random.default_rng(3)
    canvas, layer = rng.integers(0, 256, (2, 3, 70, 83), np.uint8)
    known = np.zeros(canvas.shape, bool)
    known[: where.plane] = True
    known[where.plane, :: walk.STRIDE, :: walk.STRIDE] = True
    for other in walk.passes(where.plane):
        if other == where:
            break
        known[other.plane][other.slices] = True
    later = np.where(known, canvas, 255 - canvas).astype(np.uint8)
    rows, columns = canvas[0][where.slices].shape
    tile = slice(0, rows), slice(0, columns)
    seen, base = walk.look(canvas, layer, where, tile, 2)
    again, same_base = walk.look(later, layer, where, tile, 2)
    np.testing.assert_array_equal(seen.inputs, again.inputs)
    np.testing.assert_array_equal(seen.anchor, again.anchor)
    np.testing.assert_array_equal(seen.activity, again.activity)
    np.testing.assert_array_equal(base, same_base)
    count = contexts.num_inputs(where.plane, where.number)
    assert seen.inputs.shape == (rows * columns, count)
    assert np.abs(seen.inputs).max() <= contexts.LIMIT
    assert (seen.inputs == np.rint(seen.inputs)).all()


@pytest.mark.parametrize("where", every_pass()[-3:], ids=str)
def test_tiles_do_not_matter(where):
    rng = np.random.default_rng(4)
    canvas, layer = rng.integers(0, 256, (2, 3, 30, 41), np.uint8)
    rows, columns = canvas[0][where.slices].shape
    whole, _ = walk.look(
        canvas, layer, where, (slice(0, rows), slice(0, columns)), 0
    )
    tile = slice(2, 7), slice(5, 11)
    part, _ = walk.look(canvas, layer, where, tile, 0)
    expected = whole.inputs.reshape(rows, columns, -1)[tile]
    np.testing.assert_array_equal(
        part.inputs, expected.reshape(part.inputs.shape)
    )


def test_tiles_cover_all():
    times = np.zeros((50, 9000), int)
    for tile in walk.tiles(*times.shape):
        times[tile] += 1
    assert (times == 1).all()


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_reflection_keeps_odd_and_even(size):
    found = contexts.reflect(-3, size + 3, size)
    assert found.min() >= 0 and found.max() < size
    np.testing.assert_array_equal(found[3 : 3 + size], np.arange(size))
    if size > 1:
        assert (found % 2 == np.arange(-3, size + 3) % 2).all()


def test_smooth_slopes_are_predicted():
    """The anchor of a plane that rises evenly is the pixel itself."""
    i, j = np.mgrid[:64, :64]
    canvas = np.stack([i + j, i + j, i + j]).astype(np.uint8)
    for number in range(3):
        where = walk.Pass(0, 0, number)
        tile = slice(2, 20), slice(2, 20)
        seen, _ = walk.look(canvas, canvas, where, tile, 0)
        expected = canvas[0][where.slices][tile].ravel()
        np.testing.assert_array_equal(seen.anchor, expected)
