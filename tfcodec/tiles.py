"""Tiles of a grid of latents, with margins: geometry, and cutting arrays.

All lengths are in latents, which have `BLOCK` pixels each way. A tile ends
where the picture does, so that networks see there what they see without tiles.
"""

import math
from typing import NamedTuple
from typing import TypeAlias

import numpy as np


class Span(NamedTuple):
    """A tile's part of one axis, in latents: `start <= first < last <= stop`.

    `start` to `stop` is computed, `first` to `last` of it is kept.
    """

    start: int
    first: int
    last: int
    stop: int


Tile: TypeAlias = tuple[Span, Span]  # Rows and columns.


def plan(
    grid: tuple[int, int], area: int, reach: int, align: int
) -> list[Tile]:
    """Tiles that cover a grid once.

    Args:
        grid: pair of ints, rows and columns of the picture, in latents.
        area: int, latents of a tile at most, margins included (more if there
            would be nothing left between the margins).
        reach: int, how many latents a step looks around itself.
        align: int, tiles begin at multiples of this.

    Returns:
        List of pairs of `Span`, row after row; one if all of it fits in.
    """
    sizes = grid
    if grid[0] * grid[1] > area:
        short = max(min(*grid, math.isqrt(area)), 1)
        sizes = (short, max(area // short, 1))
        if grid[0] > grid[1]:
            sizes = sizes[::-1]
    rows, columns = (
        spans(length, size, reach, align)
        for length, size in zip(grid, sizes, strict=True)
    )
    return [(row, column) for row in rows for column in columns]


def spans(length: int, size: int, reach: int, align: int) -> list[Span]:
    """Tiles of one axis, all of the same length but the last; see `plan`."""
    margin = _up(reach, align)
    if length <= size:
        return [Span(0, 0, length, length)]
    inner = max((size - 2 * margin) // align, 1) * align
    count = max(-(-(length - 2 * margin) // inner), 1)
    inner = _up(-(-(length - 2 * margin) // count), align)
    found = []
    for number in range(count):
        start = number * inner
        is_last = number == count - 1
        stop = length if is_last else start + inner + 2 * margin
        first = start + margin if number else 0
        found.append(
            Span(start, first, stop if is_last else stop - margin, stop)
        )
    return found


def cut(array: np.ndarray, tile: Tile, scale: float) -> np.ndarray:
    """What is computed of a tile, a view.

    Args:
        array: `(batch, rows, columns, ...)`.
        tile: pair of `Span`.
        scale: float, elements of the array per latent, each way.
    """
    rows, columns = (
        slice(int(s.start * scale), math.ceil(s.stop * scale)) for s in tile
    )
    return array[:, rows, columns]


def cut_blocks(image: np.ndarray, tile: Tile, block: int) -> np.ndarray:
    """`cut` of pixels, the last row and column repeated to whole blocks."""
    part = cut(image, tile, block)
    padding = [(0, -n % block) for n in part.shape[1:3]]
    return np.pad(part, [(0, 0), *padding, (0, 0)], mode="edge")


def put(array: np.ndarray, part: np.ndarray, tile: Tile, scale: float) -> None:
    """Writes what is kept of a tile, as far as the array reaches."""
    rows, columns = (
        slice(int(s.first * scale), math.ceil(s.last * scale)) for s in tile
    )
    top, left = (int((s.first - s.start) * scale) for s in tile)
    kept = array[:, rows, columns]
    height, width = kept.shape[1:3]
    kept[...] = part[:, top : top + height, left : left + width]


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
