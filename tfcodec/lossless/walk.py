"""The order in which pixels are coded, and what each is predicted from.

Plane after plane, from coarse to fine; within a level in three passes, each of
which sees all pixels of those before.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tfcodec.lossless.contexts import NUM_PASSES
from tfcodec.lossless.contexts import NUM_PLANES
from tfcodec.lossless.contexts import RADIUS
from tfcodec.lossless.contexts import STARTS
from tfcodec.lossless.contexts import Contexts
from tfcodec.lossless.contexts import contexts
from tfcodec.lossless.contexts import reflect
from tfcodec.lossless.predictor import Predictor

LEVELS = 5  # Level 0 is the finest; all is 0 to the coarsest.
STRIDE = 1 << LEVELS  # of the pixels that are coded first
GROUPS = 3  # predictors: of level 0, of level 1, of the others
_COLUMNS, _PIXELS = 1 << 12, 1 << 13  # of a tile

Slices = tuple[slice, slice]  # rows and columns of a plane
# From the tables and means of pixels, both int16 `(rows, columns)`, the plane
# and where they are in it, to what is coded of them, int16 `(rows, columns)`.
Code = Callable[[np.ndarray, np.ndarray, int, Slices], np.ndarray]
Report = Callable[[int, int], None]


class Pass(NamedTuple):
    """Pixels that are coded at once."""

    plane: int
    level: int
    number: int  # 0 to 2

    @property
    def slices(self) -> Slices:
        row, column = STARTS[self.number]
        step = 1 << self.level
        return (
            slice(row * step, None, 2 * step),
            slice(column * step, None, 2 * step),
        )

    @property
    def group(self) -> int:
        return min(self.level, GROUPS - 1)


def run(
    canvas: np.ndarray,
    layer: np.ndarray,
    predictors: Sequence[Sequence[Sequence[Predictor]]],
    num_planes: int,
    max_error: int,
    code: Code,
    report: Report | None = None,
) -> None:
    """Goes through all pixels of a picture, in the order of coding.

    Args:
        canvas: uint8 `(3, height, width)`, a copy of `layer`; at the end the
            decoded picture.
        layer: uint8 `(3, height, width)`, the lossy layer.
        predictors: by group, plane and number of the pass.
        num_planes: 1 or 3, how many are coded.
        max_error: 0..8.
        code: see `Code`. Tables are counted from the first of the pixels: one
            for the first pixels of each plane, then those of `Predictor`.
        report: function of two ints, pixels done and of how many, or None.
    """
    step = 2 * max_error + 1
    done, total = 0, num_planes * layer[0].size

    def settle(
        rows: np.ndarray, mean: np.ndarray, plane: int, slices: Slices
    ) -> None:
        nonlocal done
        values = code(rows, mean, plane, slices).astype(np.int32)
        canvas[plane][slices] = np.clip(mean + step * values, 0, 255)
        done += mean.size
        if report is not None:
            report(done, total)

    for plane in range(num_planes):
        slices = slice(None, None, STRIDE), slice(None, None, STRIDE)
        smooth = layer[:, ::STRIDE, ::STRIDE]
        mean = _first_means(canvas[0][slices], smooth, plane)
        settle(np.full(mean.shape, plane, np.int16), mean, plane, slices)
        for where in passes(plane):
            shape = canvas[plane][where.slices].shape
            if 0 in shape:
                continue
            predictor = predictors[where.group][plane][where.number]
            mean, rows = np.empty((2, *shape), np.int16)
            for tile in tiles(*shape):
                part = mean[tile]
                found = predictor(*look(canvas, layer, where, tile, max_error))
                part[...] = found[0].reshape(part.shape)
                rows[tile] = found[1].reshape(part.shape)
            rows += NUM_PLANES
            settle(rows, mean, plane, where.slices)


def passes(plane: int) -> Iterator[Pass]:
    """All passes of a plane but the very first pixels."""
    for level in reversed(range(LEVELS)):
        for number in range(NUM_PASSES):
            yield Pass(plane, level, number)


def tiles(rows: int, columns: int) -> Iterator[Slices]:
    """Parts of the pixels of a pass that are predicted at once."""
    for j in range(0, columns, _COLUMNS):
        width = min(_COLUMNS, columns - j)
        height = _PIXELS // width
        for i in range(0, rows, height):
            yield slice(i, min(i + height, rows)), slice(j, j + width)


def look(
    canvas: np.ndarray,
    layer: np.ndarray,
    where: Pass,
    tile: Slices,
    max_error: int,
) -> tuple[Contexts, np.ndarray]:
    """What is known of the pixels of a tile.

    Args:
        canvas: uint8 `(3, height, width)`, the pixels so far, those of the
            lossy layer elsewhere.
        layer: uint8 `(3, height, width)`, the lossy layer.
        where: the pass.
        tile: which of its pixels.
        max_error: 0..8.

    Returns:
        `(contexts, base)`: `Contexts`, and float32 `(n,)`, what they are
        differences to.
    """
    step = 1 << where.level
    parts = []
    for axis in range(2):
        size = -(-canvas.shape[1 + axis] // step)
        start = 2 * tile[axis].start + STARTS[where.number][axis]
        end = start + 2 * (tile[axis].stop - tile[axis].start - 1)
        parts.append(step * reflect(start - RADIUS, end + RADIUS + 1, size))
    rows, columns = parts

    def window(planes: np.ndarray, plane: int) -> np.ndarray:
        part: np.ndarray = planes[plane].take(rows, 0).take(columns, 1)
        return part.astype(np.float32)

    plane = where.plane
    own, smooth = window(canvas, plane), window(layer, plane)
    before = []
    base = np.zeros(1, np.float32)
    if plane:
        first = window(canvas, 0)
        before = [first]
        before += [window(canvas, k) - first for k in range(1, plane)]
        own -= first
        smooth -= window(layer, 0)
        base = first[RADIUS:-RADIUS:2, RADIUS:-RADIUS:2].ravel()
    windows = [own, smooth, *before]
    return contexts(windows, *where, max_error), base


def _first_means(
    coded: np.ndarray, smooth: np.ndarray, plane: int
) -> np.ndarray:
    """Means of the pixels that are coded first, int16 `(rows, columns)`.

    Args:
        coded: uint8 `(rows, columns)`, such pixels of plane 0.
        smooth: uint8 `(3, rows, columns)`, the lossy layer there.
        plane: 0 to 2.
    """
    mean: np.ndarray = smooth[plane].astype(np.int16)
    if plane:
        mean += coded
        mean -= smooth[0]
    return mean.clip(0, 255)
