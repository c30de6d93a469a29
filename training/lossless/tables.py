"""Tables of the lossless preset, from counts of what is coded."""

import numpy as np

from tfcodec.coding import CdfTables
from tfcodec.coding import quantize_pmf
from tfcodec.lossless.codec import symbols
from tfcodec.lossless.contexts import NUM_PLANES
from tfcodec.lossless.predictor import PHASES
from tfcodec.lossless.predictor import SCALE_MIN
from tfcodec.lossless.predictor import SCALES

REACH = 255  # largest magnitude of a value
PRIOR = 200.0  # counts that the logistic is worth
_WIDTHS = (9.0, 12.0, 15.0)  # of a row in scales: the best one is taken
_ESCAPE_BITS = 16


def count(model, pictures):
    """How often each value comes in each row.

    Args:
        model: with the `layer` and the `predictors` of a `Model`.
        pictures: iterable of uint8 `(3, height, width)`, in coding order.

    Returns:
        int64 `(rows, 511)`, from -255 on.
    """
    rows = model.layer.channels + NUM_PLANES + SCALES * PHASES
    width = 2 * REACH + 1
    counts = np.zeros(rows * width, np.int64)
    for planes in pictures:
        segments, _ = symbols(model, planes, NUM_PLANES, 0)
        for values, indexes in segments:
            where = indexes.astype(np.int64) * width + values + REACH
            counts += np.bincount(where, minlength=counts.size)
    return counts.reshape(rows, width)


def fit(counts, channels):
    """`CdfTables` for counts; the first `channels` rows are of latents."""
    cdfs, offsets = [], []
    values = np.arange(-REACH, REACH + 1)
    for row, found in enumerate(counts):
        middle, scale = 0.0, None
        number = row - channels - NUM_PLANES
        if number < 0:  # No prior but a smooth one of the same width.
            mean = (found * values).sum() / max(found.sum(), 1)
            spread = (found * np.abs(values - mean)).sum()
            middle, scale = mean, max(spread / max(found.sum(), 1), 0.5)
        else:
            scale = SCALE_MIN * 2.0 ** (number // PHASES / 4)
            middle = (number % PHASES - PHASES // 2) / PHASES
        mass = found / max(found.sum(), 1) * (found.sum() / PRIOR)
        mass = mass + _logistic(values, middle, scale)
        best = None
        for width in _WIDTHS:
            reach = int(np.ceil(scale * width)) + 1
            low = max(int(np.round(middle)) - reach, -REACH)
            high = min(int(np.round(middle)) + reach, REACH)
            inside = mass[low + REACH : high + REACH + 1]
            escapes = max(mass.sum() - inside.sum(), 1e-9 * mass.sum())
            pmf = np.append(inside, escapes)
            cdf = quantize_pmf(pmf)
            cost = -(pmf * np.log2(np.diff(cdf) / 4096)).sum()
            cost += escapes * _ESCAPE_BITS
            if best is None or cost < best[0]:
                best = cost, cdf, low
        cdfs.append(best[1])
        offsets.append(best[2])
    return CdfTables.from_rows(cdfs, offsets)


def _logistic(values, middle, scale):
    """Masses of the bins of width 1 around `values`."""
    edges = np.append(values - 0.5, values[-1] + 0.5)
    cdf = 1 / (1 + np.exp(-np.clip((edges - middle) / scale, -500, 500)))
    return np.maximum(np.diff(cdf), 0)
