"""Weights trained for one range of rates, read as weights for another.

A model knows the quality 1..100; what it stands for is the model's range of
lmbda. With another range every part that reads the quality is stretched, and
continued beyond its ends: the model then begins about as good as it was.
"""

import math

import numpy as np

from tfcodec.layers import QualityGain
from tfcodec.limits import MAX_QUALITY
from tfcodec.limits import MIN_QUALITY


def stretch_qualities(model, lmbda_min, lmbda_max):
    """Turns weights of another range of lmbda into such of the model's own.

    Args:
        model: built `Photo` or other model with gains; changed in place.
        lmbda_min, lmbda_max: floats, the range that its weights come from.
    """
    old = math.log(lmbda_max / lmbda_min)
    slope = math.log(model.lmbda_max / model.lmbda_min) / old
    first = math.log(model.lmbda_min / lmbda_min) / old
    # The old place in 0..1 of the new place p is `first + slope * p`.
    for layer in _gains(model):
        layer.log_gain.assign(_resampled(layer.log_gain, first, slope))
    network = getattr(model, "scale_network", None)
    if network is not None:
        span = MAX_QUALITY - MIN_QUALITY
        offset = MIN_QUALITY + span * first - slope * MIN_QUALITY
        network.remap_quality(offset, slope)


def _gains(model):
    parts = [model, getattr(model, "synthesis", None)]
    values = [value for part in parts if part for value in vars(part).values()]
    return [value for value in values if isinstance(value, QualityGain)]


def _resampled(log_gain, first, slope):
    """Rows at other places, linear between and beyond the old ones."""
    rows = np.asarray(log_gain)
    last = len(rows) - 1
    place = (first + slope * np.linspace(0, 1, last + 1)) * last
    low = np.clip(np.floor(place).astype(int), 0, last - 1)
    weight = (place - low)[:, None]
    return rows[low] * (1 - weight) + rows[low + 1] * weight
