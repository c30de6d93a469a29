"""Pixels of photographs with what a decoder knows of them, to train on."""

from typing import NamedTuple

import numpy as np

from tfcodec.lossless import walk
from tfcodec.lossless.contexts import NUM_PASSES
from tfcodec.lossless.contexts import NUM_PLANES

MAX_ERROR = 8
SHARE = 0.25  # of the pictures that are near-lossless


class Samples(NamedTuple):
    """Pixels of one pass, of one group of levels."""

    inputs: np.ndarray  # int8 (n, channels), of the predictor
    target: np.ndarray  # float32 (n,), the value less anchor and base
    activity: np.ndarray  # uint8 (n,), an index of `ACTIVITIES`
    step: np.ndarray  # uint8 (n,), 2 * max_error + 1


def collect(pictures, layer, per_picture, seed=0):
    """Samples of pictures for every predictor.

    Of near-lossless files the decoder knows neighbours with errors; uniform
    noise stands for them.

    Args:
        pictures: iterable of uint8 `(3, height, width)`, planes in the order
            of coding.
        layer: function of such a picture to that of the lossy layer.
        per_picture: int, samples at most of a picture for each predictor.
        seed: int.

    Returns:
        dict of `Samples` by `(group, plane, number)`.
    """
    draw = np.random.default_rng(seed)
    found = {}
    for planes in pictures:
        smooth = layer(planes)
        max_error, canvas = 0, planes
        if draw.random() < SHARE:
            max_error = int(draw.integers(1, MAX_ERROR + 1))
            noise = draw.integers(-max_error, max_error + 1, planes.shape)
            canvas = np.clip(planes + noise, 0, 255).astype(np.uint8)
        for plane in range(NUM_PLANES):
            for where in walk.passes(plane):
                key = where.group, plane, where.number
                one = _one(
                    planes, canvas, smooth, where, max_error, per_picture, draw
                )
                if one is not None:
                    found.setdefault(key, []).append(one)
    return {
        key: Samples(
            *(np.concatenate(part) for part in zip(*parts, strict=True))
        )
        for key, parts in found.items()
    }


def _one(planes, canvas, smooth, where, max_error, count, draw):
    """`Samples` of a random tile of one pass; None if it has no pixels."""
    truth = planes[where.plane][where.slices]
    rows, columns = truth.shape
    if not truth.size:
        return None
    height = min(rows, -(-count // columns))
    begin = int(draw.integers(0, rows - height + 1))
    tile = slice(begin, begin + height), slice(0, columns)
    known, base = walk.look(canvas, smooth, where, tile, max_error)
    target = truth[tile].ravel() - base - known.anchor
    return Samples(
        known.inputs.astype(np.int8),
        target.astype(np.float32),
        known.activity.astype(np.uint8),
        np.full(target.size, 2 * max_error + 1, np.uint8),
    )


KEYS = tuple(
    (group, plane, number)
    for group in range(walk.GROUPS)
    for plane in range(NUM_PLANES)
    for number in range(NUM_PASSES)
)
