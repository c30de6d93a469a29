"""The PCA start: orthonormal, ordered, and a good linear codec at once."""

import numpy as np
import pytest

from tfcodec.models import Photo
from tfcodec.training.warm_start import block_pca
from tfcodec.training.warm_start import warm_start


def low_rank_images(rank=5, count=3):
    """Pictures whose 16x16 blocks are sums of `rank` fixed patterns."""
    rng = np.random.default_rng(0)
    patterns, _ = np.linalg.qr(rng.normal(size=(768, rank)))
    images = []
    for _ in range(count):
        weights = rng.normal(size=(16, rank)) * (600 / (1 + np.arange(rank)))
        blocks = (weights @ patterns.T + 127.5).reshape(4, 4, 16, 16, 3)
        image = blocks.transpose(0, 2, 1, 3, 4).reshape(64, 64, 3)
        images.append(np.clip(np.rint(image), 0, 255).astype(np.uint8))
    return images


def test_basis_is_orthonormal_and_ordered(photograph):
    basis, deviations = block_pca([photograph], 20, blocks=2000)
    assert basis.shape == (768, 20) and deviations.shape == (20,)
    np.testing.assert_allclose(basis.T @ basis, np.eye(20), atol=1e-5)
    assert (np.diff(deviations) <= 0).all() and deviations[-1] > 0
    # The first one is nearly a constant block: brightness.
    assert np.abs(basis[:, 0]).std() < 0.3 * np.abs(basis[:, 0]).mean()
    again, _ = block_pca([photograph], 20, blocks=2000)
    np.testing.assert_array_equal(basis, again)


def test_deviations_are_those_of_the_coefficients():
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    flat = np.full((16, 16, 3), 127 + 64, np.uint8)
    _, deviations = block_pca([flat], 3, blocks=50)
    assert deviations[0] == pytest.approx(63.5 / 64 * 768**0.5, rel=1e-4)
    assert (deviations[1:] < 0.01).all()
    _, deviations = block_pca([image], 768, blocks=3000)
    energy = np.square((image.astype(float) - 127.5) / 64).mean() * 768
    assert np.square(deviations).sum() == pytest.approx(energy, rel=0.02)


def test_photo_starts_as_a_linear_codec(photograph):
    model = Photo(
        latent_channels=64,
        hyper_channels=4,
        analysis_channels=(4, 8),
        analysis_blocks=(1, 1),
        synthesis_channels=(4, 8),
        synthesis_blocks=(1, 1),
        context_channels=8,
        split=16,
        seed=1,
    )
    model.build()
    warm_start(model, [photograph], step=16.0)
    for head in (model.analysis.head, model.synthesis.head):
        head.kernel.assign(np.zeros(head.kernel.shape, np.float32))
    x = photograph[None, :192, :256].astype(np.float32)
    out = model({"image": x, "quality": np.array([50.0], np.float32)})
    error = np.square(np.asarray(out.x_hat) - x).mean()
    truncation = np.square(x - linear(model, x)).mean()
    # What the missing components cost, and a step of 16: 16**2 / 12 per
    # coefficient, of which there are 64 / 768 per sample.
    assert truncation < error < truncation + 1.5 * 16**2 / 12 * 64 / 768
    # Latents come out in steps, with the deviations that are expected.
    y = np.asarray(model.analyse(x))
    scale = np.asarray(model.latent_scale)
    spread = np.sqrt(np.square(y).mean(axis=(0, 1, 2)))
    assert 0.4 < np.median(spread / scale) < 2.0
    assert scale.min() >= 0.25 and (np.diff(scale) <= 0).all()


def linear(model, x):
    """The bypass without quantization."""
    y = model.analyse(x)
    return np.asarray(model.synthesis(y, y, np.array([50.0], np.float32)))


def test_low_rank_pictures_are_found():
    basis, deviations = block_pca(low_rank_images(), 12, blocks=5000)
    image = low_rank_images()[0]
    # Blocks at any offset are drawn, so aligned blocks are not special; but
    # twelve components explain most of the energy.
    blocks = image.reshape(4, 16, 4, 16, 3).transpose(0, 2, 1, 3, 4)
    blocks = (blocks.reshape(16, 768) - 127.5) / 64
    rest = blocks - blocks @ basis @ basis.T
    assert np.square(rest).sum() < np.square(blocks).sum()
    assert deviations[0] > 2 * deviations[-1]
