"""SSIMULACRA 2 of decoded 8-bit images, as libjxl's program computes it.

The colour space, the maps and the weights are those of the package
`ssimulacra2`. Its blur is not used: it mirrors two of the four borders, where
libjxl takes zeros outside the image, and truncates a Gaussian, where libjxl
has a sum of three cosines. Nor is its loop over scales, which gives the wrong
weights to images with fewer than six. With those below, scores agree with the
program `ssimulacra2` of libjxl 0.11.1 (tests/evaluation/test_ssimulacra2.py).
"""

import numpy as np

SCALES = 6
MIN_SIDE = 128  # pixels; below, implementations differ by several points
_MIN_SCALE = 8  # pixels; smaller scales count as equal
SIGMA = 1.5


def ssimulacra2(original, decoded):
    """Score of a decoded image: 90 visually lossless, 70 high quality, 50
    medium, 30 low; may be negative.

    Args:
        original, decoded: uint8 `(height, width, 3)`, sRGB.

    Returns:
        float, at most 100; None if a side is below 128 pixels.

    Reference: J. Sneyers, https://github.com/cloudinary/ssimulacra2
    """
    from ssimulacra2 import ssimulacra2 as library

    if min(original.shape[:2]) < MIN_SIDE:
        return None
    linear = [library.srgb_to_linear(x) for x in (original, decoded)]
    result = library.Msssim()
    for _ in range(SCALES):
        a, b = (
            library.make_positive_xyb(library.linear_rgb_to_xyb(x))
            for x in linear
        )
        scale = library.MsssimScale()
        result.scales.append(scale)
        if min(a.shape[:2]) < _MIN_SCALE:
            continue
        mean_a, mean_b = blur(a), blur(b)
        scale.avg_ssim = library.ssim_map(
            mean_a, mean_b, blur(a * a), blur(b * b), blur(a * b)
        )
        scale.avg_edgediff = library.edge_diff_map(a, mean_a, b, mean_b)
        linear = [library.downsample(x, 2, 2) for x in linear]
    return float(result.score())


def blur(image):
    """`image` `(height, width, channels)` smoothed, zeros outside."""
    from scipy import ndimage

    kernel = recursive_gaussian(SIGMA)
    for axis in (0, 1):
        image = ndimage.correlate1d(image, kernel, axis, mode="constant")
    return image


def recursive_gaussian(sigma):
    """Impulse response of libjxl's recursive Gaussian, odd length, sum 1.

    Reference: Charalampidis 2016, "Recursive implementation of the Gaussian
    filter using truncated cosine functions", section III.
    """
    radius = round(3.2795 * sigma + 0.2546)
    omega = np.array([1, 3, 5]) * np.pi / (2 * radius)
    sign = np.array([1, -1, 1])
    p = sign / np.tan(omega / 2)
    r = sign * p * p / np.sin(omega)
    rho = np.exp(-0.5 * np.square(sigma * omega)) / radius
    d13 = p[0] * r[1] - r[0] * p[1]
    zeta_15 = (p[1] * r[2] - r[1] * p[2]) / d13
    zeta_35 = (p[2] * r[0] - r[2] * p[0]) / d13
    gamma = (
        1,
        radius**2 - sigma**2,
        zeta_15 * rho[0] + zeta_35 * rho[1] + rho[2],
    )
    beta = np.linalg.solve([p, r, [zeta_15, zeta_35, 1]], gamma)
    return np.cos(np.outer(np.arange(-radius, radius + 1), omega)) @ beta
