"""Lossless and near-lossless coding: a lossy layer, and what it leaves over.

`compress` and `decompress` are all that most need. Only NumPy is used, and all
that a decoder computes is integers. [docs/lossless.md] has the design, and
docs/format.md the bytes.
"""

import numpy as np
import numpy.typing as npt

from tfcodec.bitstream import Metadata
from tfcodec.limits import MAX_PIXELS
from tfcodec.lossless.codec import load
from tfcodec.lossless.model import MAX_ERROR

__all__ = ["MAX_ERROR", "compress", "decompress", "load"]


def compress(
    image: npt.ArrayLike, max_error: int = 0, metadata: Metadata | None = None
) -> bytes:
    """Encodes an image without loss, or with a bounded one.

    Args:
        image: uint8 `(height, width, 3)`, RGB; or with 4 channels (RGB and
            alpha), 2 (grey and alpha), 1 or none (grey).
        max_error: 0..8, by how much a sample may differ at most. Alpha is
            always exact.
        metadata: `tfcodec.Metadata` that goes along.

    Returns:
        bytes, a whole `.tfc` file.

    Raises:
        ValueError: not such an image or error.
    """
    if max_error not in range(MAX_ERROR + 1):
        raise ValueError(
            f"`max_error` must be an integer in 0..{MAX_ERROR}. "
            f"Received: max_error={max_error!r}"
        )
    return load().compress(image, 100.0 - max_error, metadata=metadata)


def decompress(data: bytes, max_pixels: int | None = MAX_PIXELS) -> np.ndarray:
    """Decodes a file that `compress` or `tfcodec compress --lossless` made.

    Args:
        data: bytes of the file.
        max_pixels: int or None. A file that declares more is refused.

    Returns:
        uint8 `(height, width, channels)`.

    Raises:
        BitstreamError: the bytes are damaged, or of another preset.
    """
    return load().decompress(data, max_pixels)
