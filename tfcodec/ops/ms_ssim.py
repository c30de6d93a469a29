"""Multi-scale structural similarity that gradients flow through."""

import keras
import numpy as np

MS_SSIM_MIN_SIDE = 176  # Halved four times: the 11 pixels of the window.
_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_WINDOW = np.exp(-np.square(np.arange(-5, 6) / 1.5) / 2)
_WINDOW = (_WINDOW / _WINDOW.sum()).astype(np.float32)
_POSITIVE = 1e-4  # bound of a scale's mean, whose powers need a gradient


def ms_ssim(a, b):
    """Similarity of batches of images over five scales, for training.

    float32 costs it 1e-4; `tfcodec.evaluation` measures in float64.

    Args:
        a, b: float32 `(batch, height, width, channels)`, 0..255, sides at
            least 176. Odd last rows and columns are left out at each halving.

    Returns:
        float32 `(batch,)`, at most 1, the mean over the channels.

    Reference: Wang, Simoncelli & Bovik 2003, "Multi-scale structural
    similarity for image quality assessment", section 3.2.
    """
    # Centred: the variances below are differences of squares.
    pair = keras.ops.concatenate([a - 127.5, b - 127.5], axis=-1)
    result = 1.0
    for i, weight in enumerate(_WEIGHTS):
        if i:
            pair = keras.ops.average_pool(pair, 2, 2, padding="valid")
        luminance, contrast = _terms(*keras.ops.split(pair, 2, axis=-1))
        if i == len(_WEIGHTS) - 1:
            contrast = luminance * contrast
        mean = keras.ops.mean(contrast, axis=(1, 2))
        result = result * keras.ops.maximum(mean, _POSITIVE) ** weight
    return keras.ops.mean(result, axis=-1)


def _terms(a, b):
    """Luminance, and contrast times structure."""
    moments = keras.ops.concatenate([a, b, a * b, a * a + b * b], axis=-1)
    mean_a, mean_b, product, square = keras.ops.split(
        _smooth(moments), 4, axis=-1
    )
    covariance = product - mean_a * mean_b
    variances = square - mean_a * mean_a - mean_b * mean_b
    mean_a, mean_b = mean_a + 127.5, mean_b + 127.5
    luminance = (2 * mean_a * mean_b + _C1) / (
        mean_a * mean_a + mean_b * mean_b + _C1
    )
    return luminance, (2 * covariance + _C2) / (variances + _C2)


def _smooth(x):
    """A Gaussian window of 11 pixels, deviation 1.5, without the borders."""
    channels = x.shape[-1]
    for shape in ((11, 1, 1, 1), (1, 11, 1, 1)):
        kernel = np.tile(_WINDOW.reshape(shape), (1, 1, channels, 1))
        x = keras.ops.depthwise_conv(x, kernel, padding="valid")
    return x
