"""MS-SSIM against TensorFlow, and against its definition window by window."""

import numpy as np
import pytest

from tfcodec.evaluation.ms_ssim import MIN_SIDE
from tfcodec.evaluation.ms_ssim import ms_ssim

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def by_definition(a, b):
    """One channel, even sides at all scales: every window by itself."""
    y, x = np.mgrid[-5:6, -5:6]
    window = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    window /= window.sum()
    c1, c2 = 2.55**2, 7.65**2
    result = 1.0
    for scale, weight in enumerate(WEIGHTS):
        views = [
            np.lib.stride_tricks.sliding_window_view(p, (11, 11))
            for p in (a, b)
        ]
        means = [(v * window).sum((2, 3)) for v in views]
        d = [v - m[..., None, None] for v, m in zip(views, means, strict=True)]
        covariance = (d[0] * d[1] * window).sum((2, 3))
        variances = ((d[0] ** 2 + d[1] ** 2) * window).sum((2, 3))
        term = (2 * covariance + c2) / (variances + c2)
        if scale == 4:
            term *= (2 * means[0] * means[1] + c1) / (
                means[0] ** 2 + means[1] ** 2 + c1
            )
        result *= max(term.mean(), 0) ** weight
        height, width = (n // 2 for n in a.shape)
        a, b = (
            p[: 2 * height, : 2 * width]
            .reshape(height, 2, width, 2)
            .mean((1, 3))
            for p in (a, b)
        )
    return result


def coarse(image, step):
    return (image // step * step + step // 2).astype(np.uint8)


@pytest.mark.parametrize("step", [6, 24, 80])
def test_definition(photograph, step):
    a = photograph[:192, :208]
    b = coarse(a, step)
    channels = [by_definition(a[..., c] / 1, b[..., c] / 1) for c in range(3)]
    assert ms_ssim(a, b) == pytest.approx(np.mean(channels), abs=1e-9)


@pytest.mark.parametrize("shape", [(192, 208), (161, 163), (323, 485)])
def test_tensorflow(photograph, shape):
    import tensorflow as tf

    a = photograph[: shape[0], : shape[1]]
    b = coarse(a, 24)
    batches = [tf.constant(x[None], tf.float32) for x in (a, b)]
    expected = float(tf.image.ssim_multiscale(*batches, max_val=255.0)[0])
    assert 0.9 < expected < 0.995
    assert ms_ssim(a, b) == pytest.approx(expected, abs=3e-4)


def test_ends(photograph):
    image = photograph[:MIN_SIDE, :MIN_SIDE]
    assert ms_ssim(image, image) == pytest.approx(1)
    assert ms_ssim(image, 255 - image) < 0.1
    assert ms_ssim(image[:-1], image[:-1]) is None
    assert ms_ssim(image[:, :-1], image[:, :-1]) is None
