"""Starts the linear bypass of `photo` at a PCA of image blocks.

A random start wastes thousands of steps on getting away from "all latents
round to zero"; from the PCA the codec is a linear transform coder at step 0.
"""

import math

import numpy as np

from tfcodec.entropy.conditional import NUM_SCALES
from tfcodec.entropy.conditional import SCALE_MAX
from tfcodec.entropy.conditional import SCALE_MIN
from tfcodec.limits import BLOCK
from tfcodec.limits import MAX_QUALITY
from tfcodec.limits import MIN_QUALITY
from tfcodec.transforms.two_scale import PIXEL_SCALE


def block_pca(images, components, blocks=30_000, seed=0):
    """Principal components of 16x16 RGB blocks.

    Args:
        images: list of uint8 `(height, width, 3)`, sides at least 16.
        components: int.
        blocks: int, how many blocks to draw.
        seed: int.

    Returns:
        `(basis, deviations)`: float32 `(768, components)` orthonormal columns
        in falling order of energy, and float32 `(components,)` their root
        mean squares, in units of the analysis' input (pixels / 64, centred).
    """
    rng = np.random.default_rng(seed)
    drawn = np.empty((blocks, BLOCK * BLOCK * 3), np.float32)
    for i in range(blocks):
        image = images[rng.integers(len(images))]
        row = rng.integers(image.shape[0] - BLOCK + 1)
        column = rng.integers(image.shape[1] - BLOCK + 1)
        block = image[row : row + BLOCK, column : column + BLOCK]
        drawn[i] = block.reshape(-1)
    drawn = (drawn - 127.5) / PIXEL_SCALE
    energy, basis = np.linalg.eigh(drawn.T @ drawn / blocks)
    order = np.argsort(energy)[::-1][:components]
    deviations = np.sqrt(np.maximum(energy[order], 1e-12))
    return basis[:, order].astype(np.float32), deviations.astype(np.float32)


def warm_start(model, images, step=16.0, seed=0):
    """Sets bypass kernels and latent scales of a built `Photo` model.

    Args:
        model: `Photo`, built.
        images: list of uint8 `(height, width, 3)`.
        step: float, quantization step in pixel values (0..255) at the middle
            quality, where the gain is 1.
        seed: int.
    """
    basis, deviations = block_pca(images, model.latent_channels, seed=seed)
    step = step / PIXEL_SCALE
    model.analysis.bypass.kernel.assign(basis / step)
    model.synthesis.bypass.kernel.assign(basis.T * step)
    deviations = deviations / step
    model.latent_scale.assign(np.maximum(deviations, 0.25))
    # Scale indexes of the coefficients as they are, and how the gain moves
    # them; what the hyperprior knows comes on top.
    log_step = math.log(SCALE_MAX / SCALE_MIN) / (NUM_SCALES - 1)
    indexes = np.log(np.maximum(0.7 * deviations, 1e-3) / SCALE_MIN) / log_step
    slope = model.gain.log_range / (MAX_QUALITY - MIN_QUALITY) / log_step
    model.scale_network.warm_start(indexes.astype(np.float32), slope)
