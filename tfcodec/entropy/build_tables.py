"""From trained priors to integer tables: done once, when training has ended."""

import math

import keras
import numpy as np

from tfcodec.coding import CdfTables
from tfcodec.coding import quantize_pmf
from tfcodec.coding.integer_network import IntegerLayer
from tfcodec.coding.integer_network import IntegerNetwork
from tfcodec.entropy.conditional import scale_table
from tfcodec.layers.integer_dense import WEIGHT_BITS
from tfcodec.limits import LATENT_MAX
from tfcodec.limits import LATENT_MIN

# A channel whose prior puts less than this outside one value is not coded.
_CERTAIN = 1e-4
_SKIP = np.array([0, 4096])
# Observations of the most probable value that a density counts as.
_PRIOR_COUNT = 50.0
# What lies outside a row costs about its 12 bits and 16 raw ones.
_ESCAPE_COST = 28.0


def build_tables(bottleneck, conditional=None, counts=None):
    """Rows for each channel of the bottleneck, then one for each scale.

    Args:
        bottleneck: built `EntropyBottleneck`.
        conditional: `GaussianConditional` or None, without the 64 scale rows.
        counts: `SymbolCounts` or None. The rows follow them where they are
            many, those of the scales symmetrically, and the trained
            densities elsewhere.

    Returns:
        `CdfTables`; the rows of the bottleneck come first. The first rows of
        the scales, those that the conditional skips, are skip rows for 0.
    """
    cdfs, offsets = [], []
    values = np.arange(LATENT_MIN, LATENT_MAX + 1)
    grid = np.tile(values[:, None], (1, bottleneck.channels))
    masses = _masses(bottleneck.prior.bits(grid.astype(np.float32)))
    for channel, mass in enumerate(masses.T):
        mass = mass / max(mass.sum(), 1e-9)
        if counts is not None and counts.latents is not None:
            mass = _updated(mass, counts.latents[channel])
        best = int(mass.argmax())
        if 1 - mass[best] < _CERTAIN:
            cdf, first = _SKIP, best
        else:
            cdf, first = _row(mass)
        cdfs.append(cdf)
        offsets.append(LATENT_MIN + first)
    if conditional is not None:
        skipped = conditional.skipped
        cdfs.extend([_SKIP] * skipped)
        offsets.extend([0] * skipped)
        for index, scale in enumerate(scale_table()[skipped:], start=skipped):
            reach = math.ceil(10 * scale) + 1
            values = np.arange(-reach, reach + 1, dtype=np.float32)
            mass = _masses(conditional.prior_bits(values, scale))
            mass = mass / mass.sum()
            if counts is not None:
                seen = counts.residuals[index]
                mass = _updated(mass, _within(seen + seen[::-1], reach) / 2)
            cdf, first = _row(mass)
            cdfs.append(cdf)
            offsets.append(first - reach)
    return CdfTables.from_rows(cdfs, offsets)


def build_network(scale_network):
    """The `IntegerNetwork` of a built `IntegerScaleNetwork` layer."""
    layers = []
    for stage, input_max in zip(
        scale_network.stages, (250, 255, 255, 255), strict=True
    ):
        kernel = keras.ops.convert_to_numpy(stage.quantized_kernel())
        bias = keras.ops.convert_to_numpy(stage.quantized_bias())
        layers.append(
            IntegerLayer(
                kernel.astype(np.int8),
                bias.astype(np.int32),
                WEIGHT_BITS + stage.extra_shift,
                stage.high,
                input_max,
            )
        )
    return IntegerNetwork(tuple(layers))


def _masses(bits):
    return 2.0 ** -np.asarray(keras.ops.convert_to_numpy(bits), np.float64)


def _updated(mass, counts):
    """`mass` as a prior, and counts of the same values, in one distribution."""
    weight = _PRIOR_COUNT / max(mass.max(), 1e-9)
    return (counts + weight * mass) / (counts.sum() + weight * mass.sum())


def _within(counts, reach):
    """Of counts of -n..n those of -reach..reach."""
    beyond = len(counts) // 2 - reach
    if beyond >= 0:
        return counts[beyond : len(counts) - beyond]
    return np.pad(counts, -beyond)


def _row(mass):
    """The cheapest row for a distribution: `(cdf, index of symbol 0)`.

    A wide row spends frequency on rare symbols, a narrow one escapes more;
    the widths between are tried.
    """
    best = int(mass.argmax())
    chosen = None
    for outside in (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2):
        low = int(np.searchsorted(np.cumsum(mass), outside / 2))
        high = len(mass) - int(
            np.searchsorted(np.cumsum(mass[::-1]), outside / 2)
        )
        low, high = min(low, best), max(high, best + 1)
        inside = mass[low:high]
        escape = max(1 - inside.sum(), 1e-9)
        pmf = np.append(inside, escape)
        if pmf.size > 2048:
            continue
        cdf = quantize_pmf(pmf / pmf.sum())
        bits = 12 - np.log2(np.diff(cdf))
        cost = float((inside * bits[:-1]).sum())
        cost += escape * (bits[-1] + _ESCAPE_COST - 12)
        if chosen is None or cost < chosen[0]:
            chosen = (cost, cdf, low)
    return chosen[1], chosen[2]
