"""Starts the linear bypass of `photo` at a PCA of image blocks.

A random start wastes thousands of steps on getting away from "all latents
round to zero"; from the PCA the codec is a linear transform coder at step 0.
"""

import math

import keras
import numpy as np

from tfcodec.entropy.conditional import NUM_SCALES
from tfcodec.entropy.conditional import SCALE_MAX
from tfcodec.entropy.conditional import SCALE_MIN
from tfcodec.limits import BLOCK
from tfcodec.limits import MAX_QUALITY
from tfcodec.limits import MIN_QUALITY
from tfcodec.transforms.two_scale import PIXEL_SCALE


def block_pca(images, components, blocks=30_000, seed=0, without=None):
    """Principal components of 16x16 RGB blocks.

    Args:
        images: list of uint8 `(height, width, 3)`, sides at least 16.
        components: int.
        blocks: int, how many blocks to draw.
        seed: int.
        without: float `(n, 768)` or None. What a sum of these rows can say of
            a block is taken off first.

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
    if without is not None:
        known, _ = np.linalg.qr(np.asarray(without, np.float32).T)
        drawn -= drawn @ known @ known.T
    energy, basis = np.linalg.eigh(drawn.T @ drawn / blocks)
    order = np.argsort(energy)[::-1][:components]
    deviations = np.sqrt(np.maximum(energy[order], 1e-12))
    return basis[:, order].astype(np.float32), deviations.astype(np.float32)


def warm_start(model, images, step=16.0, seed=0, known=0):
    """Sets bypass kernels and latent scales of a built `Photo` model.

    Args:
        model: `Photo`, built.
        images: list of uint8 `(height, width, 3)`.
        step: float, quantization step in pixel values (0..255) at the middle
            quality, where the gain is 1.
        seed: int.
        known: int, how many leading latents stay as they are (those that
            `grow` has copied). The others get the principal components of
            what the bypass of these leaves over, at the same steps: gains as
            theirs on average, and their median step instead of `step`.
    """
    decoder = keras.ops.convert_to_numpy(model.synthesis.bypass.kernel)[:known]
    log_gain = keras.ops.convert_to_numpy(model.gain.log_gain).copy()
    if known:
        step = PIXEL_SCALE * np.median(np.linalg.norm(decoder, axis=1))
        log_gain[:, known:] = log_gain[:, :known].mean(axis=1, keepdims=True)
        model.gain.log_gain.assign(log_gain)
    log_gain = log_gain[:, known:].mean(axis=1)
    basis, deviations = block_pca(
        images,
        model.latent_channels - known,
        seed=seed,
        without=decoder if known else None,
    )
    step = step / PIXEL_SCALE
    deviations = deviations / step
    _set_last(model.analysis.bypass.kernel, basis / step, axis=1)
    _set_last(model.synthesis.bypass.kernel, basis.T * step, axis=0)
    _set_last(model.latent_scale, np.maximum(deviations, 0.25), axis=0)
    # Scale indexes of the coefficients as they are, and how the gain moves
    # them; what the hyperprior knows comes on top.
    log_step = math.log(SCALE_MAX / SCALE_MIN) / (NUM_SCALES - 1)
    scales = np.log(np.maximum(0.7 * deviations, 1e-3) / SCALE_MIN)
    indexes = (scales + np.median(log_gain)) / log_step
    slope = (log_gain[-1] - log_gain[0]) / (MAX_QUALITY - MIN_QUALITY)
    model.scale_network.warm_start(indexes.astype(np.float32), slope / log_step)


def _set_last(variable, values, axis):
    """Sets the last of a variable's entries along an axis."""
    first = variable.shape[axis] - values.shape[axis]
    old = keras.ops.convert_to_numpy(variable)
    old = np.take(old, range(first), axis)
    variable.assign(np.concatenate([old, values], axis))
