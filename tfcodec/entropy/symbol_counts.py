"""Symbols counted on pictures, so that tables follow what is coded."""

from typing import NamedTuple

import numpy as np

from tfcodec.entropy.conditional import NUM_SCALES
from tfcodec.limits import LATENT_MAX
from tfcodec.limits import LATENT_MIN

QUALITIES = (2.0, 12.0, 25.0, 40.0, 55.0, 70.0, 85.0, 98.0)
REACH = 255


class SymbolCounts(NamedTuple):
    """How often each symbol occurs.

    Attributes:
        latents: float64 `(channels, 256)`: counts of -128..127 in each
            channel, of models with one stream. One row serves all qualities;
            each counts by the reciprocal of its bits, so that all files get
            longer in the same proportion. None for models with residuals:
            the trained density of their hyper-latents is the better one, by
            0.4 % of a small file (docs/experiments.md).
        residuals: int64 `(64, 511)`: counts of -255..255 under each scale
            index; None for models with one stream.
    """

    latents: np.ndarray | None
    residuals: np.ndarray | None


def count_symbols(codec, images, qualities=QUALITIES):
    """`SymbolCounts` of pictures.

    Args:
        codec: `Codec` with tables.
        images: list of uint8 `(height, width, 3)`, at least one; not those
            that the tables will be judged on.
        qualities: floats, 1..100; every image is coded at each.
    """
    if codec.coding.network is None:
        return SymbolCounts(_count_latents(codec, images, qualities), None)
    return SymbolCounts(None, _count_residuals(codec, images, qualities))


def _count_latents(codec, images, qualities):
    channels = codec.model.bottleneck.channels
    values = LATENT_MAX - LATENT_MIN + 1
    counts = np.zeros((len(qualities), channels, values), np.int64)
    for image in images:
        encoder = codec.encoder(image)
        for place, quality in enumerate(qualities):
            z, _, _ = encoder.symbols(quality)
            value = z.astype(np.intp) - LATENT_MIN
            np.add.at(counts, (place, np.arange(channels), value), 1)
    bits = np.array([_bits(of_one) for of_one in counts])
    return np.tensordot(bits.mean() / bits, counts, 1)


def _count_residuals(codec, images, qualities):
    counts = np.zeros((NUM_SCALES, 2 * REACH + 1), np.int64)
    for image in images:
        encoder = codec.encoder(image)
        for quality in qualities:
            _, residual, indexes = encoder.symbols(quality)
            inside = (-REACH <= residual) & (residual <= REACH)
            place = (indexes[inside], residual[inside] + REACH)
            np.add.at(counts, place, 1)
    return counts


def _bits(counts):
    """Information of `(channels, values)` symbols under their own counts."""
    totals = counts.sum(1, keepdims=True)
    shares = np.maximum(counts, 1) / totals
    return max(-(counts * np.log2(shares)).sum(), 1.0)
