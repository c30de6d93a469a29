"""Tiles cover an axis once, aligned to the hyper-latents."""

import numpy as np
import pytest

from tfcodec.refine.tiles import ALIGN
from tfcodec.refine.tiles import MARGIN
from tfcodec.refine.tiles import TILE
from tfcodec.refine.tiles import spans


@pytest.mark.parametrize("length", [*range(1, 300), 1000, 1023, 4097])
def test_spans(length):
    count = np.zeros(length, int)
    for span in spans(length):
        assert span.start % ALIGN == span.first % ALIGN == 0
        assert 0 <= span.start <= span.first < span.last <= span.stop <= length
        assert span.stop - span.start <= 1.5 * TILE + 2 * MARGIN + ALIGN
        assert span.first - span.start in (0, MARGIN)
        assert span.stop - span.last in (0, MARGIN) or span.stop == length
        count[span.first : span.last] += 1
    assert (count == 1).all()


def test_an_image_of_common_size_is_one_tile():
    assert len(spans(48)) == len(spans(95)) == 1
    assert len(spans(250)) == 4
