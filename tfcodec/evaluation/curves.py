"""Curves of rate and distortion, cut to a range; Bjøntegaard delta rates."""

import math

import numpy as np

BPP_RANGE = (0.1, 1.2)


def bd_rate(anchor, test, key="psnr", bpp_range=None):
    """Bjøntegaard delta rate in percent; negative: `test` needs fewer bits.

    The mean difference of the logarithm of the rate, over the distortions
    that both curves reach, between curves interpolated by pchip. With
    `bpp_range`, both curves are cut first: points outside the range are left
    out, and where a curve crosses an end of the range it gets a point there,
    interpolated by pchip over the logarithm of the rate. So it does not
    matter how many points a curve has, nor how far beyond the range it goes.

    Args:
        anchor, test: lists of dicts with "bpp" and `key`, in any order.
            Points where `key` is None are left out.
        key: str, the distortion; more is better.
        bpp_range: `(low, high)` in bits per pixel, or None for all of it.

    Returns:
        float; None if the curves have no distortion in common.

    Reference: Bjøntegaard 2001, VCEG-M33; pchip instead of the cubic as in
    JCTVC-E137.
    """
    import bjontegaard

    curves = []
    for rows in (anchor, test):
        rates, values = points(rows, key)
        if bpp_range is not None:
            rates, values = cut(rates, values, *bpp_range)
        if len(rates) < 2:
            return None
        curves += [rates, values]
    low = max(curves[1][0], curves[3][0])
    high = min(curves[1][-1], curves[3][-1])
    if low >= high:
        return None
    result = bjontegaard.bd_rate(
        *curves,
        method="pchip",
        require_matching_points=False,
        min_overlap=0,
    )
    return float(result) if math.isfinite(result) else None


def points(rows, key):
    """`(rates, distortions)`, float arrays that both rise.

    Points where the distortion does not rise with the rate are left out.
    """
    kept = []
    rows = [row for row in rows if row.get(key) is not None]
    for row in sorted(rows, key=lambda row: row["bpp"]):
        if not kept or (row[key] > kept[-1][1] and row["bpp"] > kept[-1][0]):
            kept.append((row["bpp"], row[key]))
    rates, values = np.array(kept, float).reshape(-1, 2).T
    return rates, values


def cut(rates, values, low, high):
    """The part of a curve between two rates, its ends interpolated.

    Args:
        rates, values: rising float arrays, as `points` returns them.
        low, high: floats, bits per pixel.

    Returns:
        `(rates, values)`; as far as the curve goes, where it ends inside the
        range.
    """
    from scipy.interpolate import PchipInterpolator

    inside = (rates > low) & (rates < high)
    new_rates = list(rates[inside])
    new_values = list(values[inside])
    if len(rates) > 1:
        curve = PchipInterpolator(np.log(rates), values)
        if rates[0] <= low <= rates[-1]:
            new_rates.insert(0, low)
            new_values.insert(0, float(curve(math.log(low))))
        if rates[0] <= high <= rates[-1]:
            new_rates.append(high)
            new_values.append(float(curve(math.log(high))))
    return np.array(new_rates), np.array(new_values)


def bd_matrix(curves, key, bpp_range):
    """BD-rates of every pair.

    Args:
        curves: dict of name to rows.

    Returns:
        Dict of anchor to dict of test to percent or None.
    """
    return {
        anchor: {
            test: bd_rate(curves[anchor], curves[test], key, bpp_range)
            for test in curves
            if test != anchor
        }
        for anchor in curves
    }
