"""The PCA start: orthonormal, ordered, and a good linear codec at once."""

import numpy as np

from tfcodec.models import Photo
from tfcodec.training.grow import grow
from tfcodec.training.warm_start import block_pca
from tfcodec.training.warm_start import warm_start


def test_basis_is_orthonormal_and_ordered(photograph):
    basis, deviations = block_pca([photograph], 20, blocks=2000)
    assert basis.shape == (768, 20) and deviations.shape == (20,)
    np.testing.assert_allclose(basis.T @ basis, np.eye(20), atol=1e-5)
    assert (np.diff(deviations) <= 0).all() and deviations[-1] > 0
    # The first one is nearly a constant block: brightness.
    assert np.abs(basis[:, 0]).std() < 0.3 * np.abs(basis[:, 0]).mean()
    # The deviations are those of the coefficients, of any blocks.
    rows = np.lib.stride_tricks.sliding_window_view(
        photograph, (16, 16), axis=(0, 1)
    )[::7, ::11]
    blocks = rows.transpose(0, 1, 3, 4, 2).reshape(-1, 768)
    coefficients = (blocks - 127.5) / 64 @ basis
    spread = np.sqrt(np.square(coefficients).mean(axis=0))
    np.testing.assert_allclose(deviations, spread, rtol=0.2)


def test_photo_starts_as_a_linear_codec(photograph):
    model = build(64)
    warm_start(model, [photograph], step=16.0)
    silence(model)
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


def test_latents_on_top_of_those_that_are_known(photograph):
    small, large = build(48), build(64)
    warm_start(small, [photograph], step=16.0)
    grow(small, large)
    warm_start(large, [photograph], step=99.0, known=48)
    silence(small)
    silence(large)
    x = photograph[None, :192, :256].astype(np.float32)
    old, new = (
        np.square(linear(model, x) - x).mean() for model in (small, large)
    )
    # As good as the first 64 components of a PCA at once, on other blocks.
    whole = build(64)
    warm_start(whole, [photograph], step=16.0)
    silence(whole)
    best = np.square(linear(whole, x) - x).mean()
    assert best < old and new < best + 0.05 * (old - best)
    # The new ones have the step of the old ones, and what they had stays.
    norms = np.linalg.norm(np.asarray(large.synthesis.bypass.kernel), axis=1)
    np.testing.assert_allclose(norms * 64, 16.0, rtol=1e-3)
    scale = np.asarray(large.latent_scale)
    np.testing.assert_array_equal(scale[:48], np.asarray(small.latent_scale))
    assert scale[48:].max() < 1.1 * scale[:48].min()
    bias, kernel = (
        [
            np.asarray(getattr(m.scale_network.stages[3], name))
            for m in (small, large)
        ]
        for name in ("bias", "kernel")
    )
    np.testing.assert_array_equal(bias[1][:48], bias[0])
    np.testing.assert_array_equal(kernel[1][:, :48], kernel[0])
    assert bias[1][48:].max() < bias[0].min() + 0.1


def build(latent_channels):
    model = Photo(
        latent_channels=latent_channels,
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
    return model


def silence(model):
    """Leaves the bypass of both transforms alone."""
    for head in (model.analysis.head, model.synthesis.head):
        head.kernel.assign(np.zeros(head.kernel.shape, np.float32))


def linear(model, x):
    """The bypass without quantization."""
    y = model.analyse(x)
    return np.asarray(model.synthesis(y, y, np.array([50.0], np.float32)))
