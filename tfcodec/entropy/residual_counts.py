"""Residuals counted by scale index, so that tables follow what is coded."""

import numpy as np

from tfcodec.entropy.conditional import NUM_SCALES

QUALITIES = (2.0, 12.0, 25.0, 40.0, 55.0, 70.0, 85.0, 98.0)
REACH = 255


def count_residuals(codec, images, qualities=QUALITIES):
    """How often each residual occurs at each scale index.

    Args:
        codec: `Codec` with tables, of a model with a scale network.
        images: iterable of uint8 `(height, width, 3)`, not those that the
            tables will be judged on.
        qualities: floats, 1..100; every image is coded at each.

    Returns:
        int64 `(64, 511)`: counts of -255..255 under each index.
    """
    counts = np.zeros((NUM_SCALES, 2 * REACH + 1), np.int64)
    for image in images:
        encoder = codec.encoder(image)
        for quality in qualities:
            _, residual, indexes = encoder.symbols(quality)
            inside = (-REACH <= residual) & (residual <= REACH)
            place = (indexes[inside], residual[inside] + REACH)
            np.add.at(counts, place, 1)
    return counts
