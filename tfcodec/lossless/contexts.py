"""What a predictor sees of a pixel: its neighbours, in integers.

All arithmetic is on integers below 2**24 in float32 arrays, so that it is
exact, and the same on every machine. `docs/format.md`, "The lossless preset",
has it in words.
"""

from typing import NamedTuple

import numpy as np

NUM_PLANES = 3  # in the order of coding: G, R - G, B - G
RADIUS = 3  # how far neighbours are, in pixels of the level
# Activity is the mean difference from the anchor, in half octaves.
ACTIVITIES = 0.25 * 2.0 ** (np.arange(20) / 2)
UNIT = 16  # a difference as large as the activity, to the networks
LIMIT = 127  # largest magnitude of an input
_FACTOR_BITS = 8
_TO_UNITS = np.rint((UNIT << _FACTOR_BITS) / ACTIVITIES).astype(np.float32)

# Of a pass: the row and the column where it begins, in steps of two.
STARTS = ((1, 1), (0, 1), (1, 0))
NUM_PASSES = len(STARTS)

Offsets = tuple[tuple[int, int], ...]
NEAR: Offsets = ((-1, 0), (1, 0), (0, -1), (0, 1))
CORNERS: Offsets = ((-1, -1), (-1, 1), (1, -1), (1, 1))
RING = NEAR + CORNERS


def _at(*distances: int) -> Offsets:
    """Offsets of a squared length in `distances`, row by row."""
    reach = range(-RADIUS, RADIUS + 1)
    return tuple(
        (i, j) for i in reach for j in reach if i * i + j * j in distances
    )


# Neighbours that are known in a pass: four, of which the anchor is the mean,
# eight more, of which with them the activity is, and others.
_FIRST = (CORNERS, NEAR, NEAR)
_SECOND = (_at(10), _at(5), CORNERS + _at(5)[:4])
_OTHERS = ((), _at(9), _at(5)[4:])
_OTHERS_ALONE = (_at(18), _at(9, 13), _at(5)[4:] + _at(9))


class Contexts(NamedTuple):
    """What is known of `n` pixels before they are coded."""

    inputs: np.ndarray  # float32 (n, channels), integers in -127..127
    anchor: np.ndarray  # float32 (n,), integers: a first prediction
    activity: np.ndarray  # intp (n,), an index of `ACTIVITIES`


def num_inputs(plane: int, number: int) -> int:
    """Channels of `Contexts.inputs` in a plane and a pass, each 0 to 2."""
    if plane == 0:
        return 12 + len(_OTHERS_ALONE[number]) + 6
    return 12 + len(_OTHERS[number]) + 7 + plane * len(RING)


def reflect(begin: int, end: int, size: int) -> np.ndarray:
    """Where the rows (or columns) `begin` to `end - 1` of `size` are.

    Mirrored at the ends: even ones to even ones, odd ones to odd ones, unless
    there is only one.
    """
    period = max(2 * (size - 1), 1)
    indexes = np.abs(np.arange(begin, end)) % period
    folded: np.ndarray = np.minimum(indexes, period - indexes) % size
    return folded


def contexts(
    windows: list[np.ndarray],
    plane: int,
    level: int,
    number: int,
    max_error: int,
) -> Contexts:
    """Contexts of the pixels of one pass.

    Args:
        windows: float32 integers, each `(2 * rows + 5, 2 * columns + 5)`,
            values and their neighbours up to `RADIUS` away: of the plane
            (planes 1 and 2: less that of plane 0), of the lossy layer
            likewise, then of the planes that came before.
        plane: 0 to 2, in the order of coding.
        level: 0 for the finest, 1 for every second pixel, and so on.
        number: of the pass, 0 to 2.
        max_error: 0..8.

    Returns:
        `Contexts` of `rows * columns` pixels.
    """
    rows, columns = ((side - 5) // 2 for side in windows[0].shape)

    def at(window: np.ndarray, offset: tuple[int, int]) -> np.ndarray:
        i, j = RADIUS + offset[0], RADIUS + offset[1]
        return window[
            i : i + 2 * rows - 1 : 2, j : j + 2 * columns - 1 : 2
        ].ravel()

    count = num_inputs(plane, number)
    inputs = np.empty((count, rows * columns), np.float32)
    own, layer, *before = windows
    others = (_OTHERS if plane else _OTHERS_ALONE)[number]
    known = _FIRST[number] + _SECOND[number] + others
    for i, offset in enumerate(known):
        inputs[i] = at(own, offset)
    filled = len(known)
    anchor = np.floor((inputs[:4].sum(0) + 2) / 4)
    inputs[:filled] -= anchor
    here = at(layer, (0, 0))
    inputs[filled] = here - anchor
    around = sum(at(layer, offset) for offset in _FIRST[number])
    inputs[filled + 1] = here - np.floor((around + 2) / 4)
    filled += 2
    for window in before:
        centre = at(window, (0, 0))
        for offset in RING:
            np.subtract(at(window, offset), centre, inputs[filled])
            filled += 1
    activity = _activity(inputs, filled, plane)
    scaled = inputs[:filled]
    scaled *= _TO_UNITS[activity]
    scaled += 1 << (_FACTOR_BITS - 1)
    scaled *= np.float32(2.0**-_FACTOR_BITS)
    np.floor(scaled, scaled)
    np.clip(scaled, -LIMIT, LIMIT, scaled)
    inputs[filled] = 12 * (activity - 10)
    inputs[filled + 1] = (at(before[0], (0, 0)) if plane else anchor) - 128
    inputs[filled + 2] = 25 * level
    inputs[filled + 3] = 15 * max_error
    if plane:
        np.clip(anchor, -LIMIT, LIMIT, inputs[filled + 4])
    inputs[filled + 1].clip(-LIMIT, LIMIT, inputs[filled + 1])
    return Contexts(inputs.T, anchor, activity)


def _index_of_activity() -> np.ndarray:
    """uint8, the nearest of `ACTIVITIES` by the sum that `_activity` makes."""
    middles = WEIGHT * ACTIVITIES[:-1] * 2**0.25
    limit = int(middles[-1]) + 2
    return np.searchsorted(middles, np.arange(limit)).astype(np.uint8)


def _activity(inputs: np.ndarray, filled: int, plane: int) -> np.ndarray:
    """Index of the activity; `inputs` are differences yet."""
    total: np.ndarray = np.abs(inputs[:4]).sum(0) * 2
    total += np.abs(inputs[4:12]).sum(0)
    total *= 2
    if plane:
        begin = filled - plane * len(RING)
        total += np.abs(inputs[begin:filled]).sum(0)
    return _INDEX.take(total.astype(np.intp), mode="clip").astype(np.intp)


WEIGHT = 32  # of the twelve neighbours in that sum
_INDEX = _index_of_activity()
