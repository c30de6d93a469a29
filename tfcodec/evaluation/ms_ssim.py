"""Multi-scale structural similarity in double precision.

`tf.image.ssim_multiscale` computes variances as differences of squares in
float32, which costs it 1e-4: 0.15 dB where the similarity is 0.9975. This is
the same in float64 (tests/evaluation/test_ms_ssim.py holds them together).
"""

import numpy as np

MIN_SIDE = 161  # Halved four times, rounded up: the 11 pixels of the window.
_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_RADIUS = 5
_SIGMA = 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ms_ssim(a, b):
    """Similarity over five scales, the mean over R, G and B.

    Args:
        a, b: uint8 `(height, width, 3)`.

    Returns:
        float, at most 1; None if a side is below 161 pixels, too few for
        five scales.

    Reference: Wang, Simoncelli & Bovik 2003, "Multi-scale structural
    similarity for image quality assessment", section 3.2 (weights). Windows
    that overlap a border are left out; scales are means of 2x2 pixels, an odd
    last row or column twice, as in TensorFlow.
    """
    if min(a.shape[:2]) < MIN_SIDE:
        return None
    a, b = (np.asarray(x, np.float64) for x in (a, b))
    result = np.ones(a.shape[2])
    for i, weight in enumerate(_WEIGHTS):
        if i:
            a, b = _halved(a), _halved(b)
        luminance, contrast = _terms(a, b)
        if i == len(_WEIGHTS) - 1:
            contrast = luminance * contrast
        mean = np.maximum(contrast.mean((0, 1)), 0)
        result *= mean**weight
    return float(result.mean())


def _terms(a, b):
    """Luminance, and contrast times structure, `(height, width, channels)`."""
    mean_a, mean_b = _smooth(a), _smooth(b)
    squares = mean_a**2 + mean_b**2
    products = mean_a * mean_b
    luminance = (2 * products + _C1) / (squares + _C1)
    covariance = _smooth(a * b) - products
    variances = _smooth(a * a + b * b) - squares
    return luminance, (2 * covariance + _C2) / (variances + _C2)


def _smooth(x):
    from scipy import ndimage

    window = np.exp(-np.square(np.arange(-_RADIUS, _RADIUS + 1) / _SIGMA) / 2)
    window /= window.sum()
    for axis in (0, 1):
        x = ndimage.correlate1d(x, window, axis)
    return x[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]


def _halved(x):
    x = np.pad(x, [(0, n % 2) for n in x.shape[:2]] + [(0, 0)], "edge")
    return (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4
