"""The linear bypass, and its precision under mixed_bfloat16."""

import keras
import numpy as np

from tfcodec.transforms import TwoScaleAnalysis
from tfcodec.transforms import TwoScaleSynthesis

SMALL = {"channels": (4, 6), "blocks": (1, 1)}


def silence(*layers):
    for layer in layers:
        layer.head.kernel.assign(keras.ops.zeros_like(layer.head.kernel))


def test_bypass_pair_is_a_linear_transform_with_perfect_inverse():
    """With 768 orthonormal vectors and silent networks nothing is lost."""
    analysis = TwoScaleAnalysis(768, **SMALL)
    synthesis = TwoScaleSynthesis(768, **SMALL)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (1, 32, 16, 3)).astype(np.float32)
    quality = np.array([50.0], np.float32)
    y = analysis(x)
    synthesis(y, y, quality)
    silence(analysis, synthesis)
    basis, _ = np.linalg.qr(rng.normal(size=(768, 768)))
    analysis.bypass.kernel.assign(basis)
    synthesis.bypass.kernel.assign(basis.T)
    y = analysis(x)
    np.testing.assert_allclose(synthesis(y, y, quality), x, atol=2e-3)
    # Parseval: pixels / 64 and latents have the same energy.
    energy = np.square((x - 127.5) / 64).sum()
    np.testing.assert_allclose(np.square(y).sum(), energy, rtol=1e-5)


def test_latents_and_qualities_are_not_rounded_to_bfloat16():
    """bfloat16 would take 80.3 for 80.5, and quality 99.7 for 99.5."""
    synthesis = TwoScaleSynthesis(2, **SMALL, dtype="mixed_bfloat16")
    y = np.full((1, 1, 1, 2), 80.3, np.float32)
    quality = np.array([99.7], np.float32)
    synthesis(y, y, quality)
    silence(synthesis)
    kernel = np.zeros((2, 768), np.float32)
    kernel[0] = 1.0
    synthesis.bypass.kernel.assign(kernel)
    x_hat = np.asarray(synthesis(y, y, quality))
    np.testing.assert_allclose(x_hat, 80.3 * 64 + 127.5, rtol=1e-6)
    seen = []
    gain = type(synthesis.enter_gain)
    original = gain.call
    try:
        gain.call = lambda self, q: seen.append(q) or original(self, q)
        synthesis(y, y, quality)
    finally:
        gain.call = original
    assert len(seen) == 2
    np.testing.assert_array_equal(np.asarray(seen[0]), quality)


def test_analysis_sees_each_block_through_the_bypass_alone():
    analysis = TwoScaleAnalysis(3, **SMALL)
    x = np.full((1, 32, 48, 3), 127.5, np.float32)
    x[0, 16:, 32:] += 64.0  # the block in row 1, column 2
    analysis(x)
    silence(analysis)
    analysis.bypass.kernel.assign(np.ones((768, 3), np.float32))
    y = np.asarray(analysis(x))[0, :, :, 0]
    np.testing.assert_allclose(y, [[0, 0, 0], [0, 0, 768]], atol=1e-3)
