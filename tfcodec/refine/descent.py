"""Gradient descent on the latents of one image, by effort."""

import math
from typing import NamedTuple

import keras
import numpy as np

from tfcodec.backend import compiled_gradient
from tfcodec.limits import BLOCK
from tfcodec.ops.ms_ssim import MS_SSIM_MIN_SIDE
from tfcodec.refine.annealing import Annealing
from tfcodec.refine.relaxation import Relaxation
from tfcodec.tiles import Span
from tfcodec.tiles import cut
from tfcodec.tiles import plan as plan_tiles
from tfcodec.tiles import put

# Gradients keep every activation, so that large images go in tiles.
TILE = 6400  # latents, margins included: 1280x1280 pixels
MARGIN = 8  # latents around a tile that are refined with it, and dropped
ALIGN = 4  # latents per hyper-latent, and the checkerboard repeats within

# Second derivative in bits of the cost with respect to a latent, in units of
# its step, where uniform quantization is at its optimum: the step at which
# `w * step**2 / 12` loses what `-log2(step)` bits gain has w = 6 / ln(2), and
# the second derivative is 2 * w. Channels that have more get their own.
CURVATURE = 12.0 / math.log(2.0)
PROBE = 16  # latents each way, on which the curvature of channels is measured
MOMENTUM = 0.9
DECAY = 0.99  # of Adam's mean squares
Y_FLOOR, Z_FLOOR = 0.3, 0.1  # bits, added to their roots


class Plan(NamedTuple):
    """How an effort refines.

    In the first `z_steps` of `steps` both y and z move, then z is rounded and
    y goes on alone. Step `t` of `n` has `rate` (of z: `z_rate`) times
    `(1 + cos(pi * (t + 1/2) / n)) / 2`; the sharpness grows geometrically.
    Then `annealing` steps settle the residuals of y, see `Annealing`.
    """

    steps: int
    z_steps: int
    rate: float  # of y, in Newton steps (by Adam: in steps of the quantizer)
    z_rate: float  # of z, in integers
    sharpness: tuple  # first, last
    annealing: int = 0
    damping: tuple = (0.2, 0.06)  # first, last

    @property
    def total(self):
        return self.steps + self.annealing


# Measured in docs/experiments.md, "Effort".
PLANS = {
    2: Plan(1, 0, 1.0, 0.0, (2.5, 2.5)),
    3: Plan(8, 5, 0.4, 0.3, (2.0, 5.0)),
    4: Plan(25, 25, 0.15, 0.2, (1.0, 2.0), 25, (0.3, 0.1)),
    5: Plan(80, 80, 0.1, 0.1, (1.0, 2.0), 60),
}
# By Adam, for MS-SSIM: its curvature differs by place and by channel, and too
# much for steps by that of squared error and for `Annealing`.
MS_SSIM_PLANS = {
    2: Plan(3, 1, 0.1, 0.1, (2.5, 4.0)),
    3: Plan(8, 4, 0.15, 0.15, (1.5, 5.0)),
    4: Plan(25, 15, 0.15, 0.2, (1.0, 5.0)),
    5: Plan(80, 48, 0.15, 0.2, (1.0, 5.0)),
}


class Refiner:
    """Refines latents and hyper-latents of images under one model.

    Descent on `Relaxation`, whose soft rounding sharpens with every step:
    momentum on y, with steps divided by the curvature of each channel, and
    Adam on z. High efforts leave the rounding itself to `Annealing`. For other
    distortions than squared error it is Adam on both, to the end.

    Args:
        model: `CodecModel` with two streams.
        coding: `tfcodec.presets.Coding` of the model.

    Raises:
        ValueError: the model has one stream.
        NotImplementedError: the backend has no gradients.

    Reference: Campos et al. 2019, https://arxiv.org/abs/1906.01223 (latents
    optimized for one image, the networks fixed); Yang et al. 2020,
    https://arxiv.org/abs/2006.04240, section 3. Departures: rates are those of
    the integer tables; annealed soft rounding and mean fields instead of Gumbel
    noise.
    """

    def __init__(self, model, coding):
        if not hasattr(model, "scale_network"):
            raise ValueError(
                "`effort` above 1 needs a model with hyper-latents. Received: "
                f"model {model.name!r}"
            )
        self.model = model
        self.coding = coding
        side = (1, None, None)
        shapes = (
            (*side, model.latent_channels),
            (*side, model.bottleneck.channels),
            (*side, 3),
            (*side, 1),
            (1,),
            (),
            (),
        )

        def project(y, z, signs, quality):
            x_hat, _ = model.relaxed(y, z, quality, lambda residual: residual)
            return keras.ops.sum(signs * x_hat)

        self.project = compiled_gradient(
            project, model, (*shapes[:3], (1,)), count=1
        )
        relaxation = Relaxation(model, coding.tables)
        self.gradients = [
            compiled_gradient(relaxation, model, shapes, count)
            for count in (1, 2)
        ]
        self.annealing = Annealing(relaxation, shapes[:5])

    def can_refine(self, height, width):
        """Whether the distortion is defined for tiles of such an image."""
        smallest = MS_SSIM_MIN_SIDE if self.model.distortion != "mse" else 1
        return min(height, width) >= smallest

    def __call__(self, y, z, image, inside, quality, effort, report=None):
        """Refined latents.

        Args:
            y: float32 `(1, h, w, latent_channels)`, what the analysis gives.
            z: float32, what `CodecModel.hyper_latents` gives.
            image, inside: see `Relaxation`.
            quality: float32 array `(1,)`.
            effort: int, a key of `PLANS`.
            report: function of two ints, steps done and of how many; or None.

        Returns:
            `(y, z)`, float32 arrays: before the gain, and before rounding.
        """
        is_mse = self.model.distortion == "mse"
        plan = (PLANS if is_mse else MS_SSIM_PLANS)[effort]
        gain = keras.ops.convert_to_numpy(self.model.gain(quality))
        lmbda = np.float32(self.model.lmbda(float(quality[0])))
        y, z = y * gain, np.array(z)
        new_y, new_z = y.copy(), z.copy()
        curvature = self._curvature(y, z, quality, lmbda) if is_mse else None
        tiles = plan_tiles(y.shape[1:3], TILE, MARGIN, ALIGN)
        for number, tile in enumerate(tiles):

            def step_done(count, done=number * plan.total):
                if report:
                    report(done + count, plan.total * len(tiles))

            pixels = cut(image, tile, BLOCK), cut(inside, tile, BLOCK)
            tile_y, tile_z = self._descend(
                cut(y, tile, 1),
                cut(z, tile, 1 / ALIGN),
                pixels,
                (quality, lmbda),
                plan,
                curvature * _weight(pixels[1]) if is_mse else None,
                step_done,
            )
            put(new_y, tile_y, tile, 1)
            put(new_z, tile_z, tile, 1 / ALIGN)
        return new_y / gain, new_z

    def _curvature(self, y, z, quality, lmbda):
        """Second derivative of the MSE in each channel of y, in bits.

        The mean over the latents in the middle of an image; at least
        `CURVATURE`. A random sign per pixel gives the squared norm of each
        column of the synthesis' Jacobian, on average (Hutchinson 1990).
        """
        middle = [
            (n - min(n, PROBE)) // 2 // ALIGN * ALIGN for n in y.shape[1:3]
        ]
        tile = [Span(n, n, n + PROBE, n + PROBE) for n in middle]
        y = cut(y, tile, 1)
        shape = (1, BLOCK * y.shape[1], BLOCK * y.shape[2], 3)
        signs = np.random.default_rng(0).integers(0, 2, shape) * 2.0 - 1.0
        z = np.rint(cut(z, tile, 1 / ALIGN))
        (slope,) = self.project(y, z, signs.astype(np.float32), quality)
        squares = np.square(keras.ops.convert_to_numpy(slope))
        measured = 2.0 / 3.0 * lmbda * squares.mean(axis=(0, 1, 2))
        return np.maximum(measured, CURVATURE).astype(np.float32)

    def _descend(self, y, z, pixels, rate, plan, curvature, step_done):
        move_y = Adam(Y_FLOOR) if curvature is None else Newton(curvature)
        move_z = Adam(Z_FLOOR)
        of_y, of_both = self.gradients
        first, last = plan.sharpness
        for t in range(plan.steps):
            place = (t + 0.5) / plan.steps
            sharpness = np.float32(first * (last / first) ** place)
            moves_z = t < plan.z_steps
            if t == plan.z_steps:
                z = np.rint(z)
            slopes = (of_both if moves_z else of_y)(
                y, z, *pixels, *rate, sharpness
            )
            slopes = [keras.ops.convert_to_numpy(slope) for slope in slopes]
            y = y - plan.rate * _fall(place) * move_y(slopes[0])
            if moves_z:
                z_rate = plan.z_rate * _fall((t + 0.5) / plan.z_steps)
                z = z - z_rate * move_z(slopes[1])
            step_done(t + 1)
        if plan.annealing:
            z = np.rint(z)

            def annealed(count):
                step_done(plan.steps + count)

            y = self.annealing(y, z, pixels, rate, curvature, plan, annealed)
        return y, z


class Newton:
    """Momentum in steps divided by a curvature that does not change."""

    def __init__(self, curvature):
        self.curvature = curvature
        self.mean = 0.0

    def __call__(self, slope):
        self.mean = MOMENTUM * self.mean + slope
        return self.mean / self.curvature


class Adam:
    """Steps of about 1, less where slopes are below `floor` or change sign.

    Reference: Kingma & Ba 2015, https://arxiv.org/abs/1412.6980, algorithm 1.
    """

    def __init__(self, floor):
        self.floor = floor
        self.mean = self.square = 0.0
        self.count = 0

    def __call__(self, slope):
        self.count += 1
        self.mean += (1 - MOMENTUM) * (slope - self.mean)
        self.square += (1 - DECAY) * (slope**2 - self.square)
        mean = self.mean / (1 - MOMENTUM**self.count)
        root = np.sqrt(self.square / (1 - DECAY**self.count))
        return mean / (root + self.floor)


def _weight(inside):
    """What weights of pixels make of the curvature, per latent.

    Their means over blocks, without what is outside the picture. Below 1 their
    square roots: that much of the curvature is of the bits, not of the
    distortion, and latents show in the neighbouring blocks too.

    Args:
        inside: see `Relaxation`.

    Returns:
        float32 `(1, h, w, 1)`.
    """
    _, rows, columns, _ = inside.shape
    blocks = (1, rows // BLOCK, BLOCK, columns // BLOCK, BLOCK, 1)
    weights = np.square(inside).reshape(blocks).sum(axis=(2, 4))
    counts = (inside > 0).reshape(blocks).sum(axis=(2, 4))
    means = np.where(counts > 0, weights / np.maximum(counts, 1), 1.0)
    return np.maximum(means, np.sqrt(means)).astype(np.float32)


def _fall(place):
    """From 1 to 0 by a cosine, where `place` goes from 0 to 1."""
    return 0.5 * (1.0 + math.cos(math.pi * place))
