"""Residuals settled on integers, together and slowly: mean-field annealing.

Soft rounding moves latents, and then all of them are rounded at once, each as
if the others stayed. Here each residual has a probability for three integers,
so that the others see its mean and pay for its variance while it is undecided.
"""

import keras
import numpy as np

from tfcodec.backend import compiled
from tfcodec.backend import compiled_gradient

TEMPERATURES = (2.0, 0.15)  # first, last; bits
# The curvature of a channel, as it is felt where all residuals of a place move
# in the same step. With 1 they swing; from 2 on they settle too early.
SHARE = 1.5


def temperature(place):
    """From the first to the last, where `place` goes from 0 to 1."""
    first, last = TEMPERATURES
    return first * (last / first) ** place


class Beliefs:
    """Independent probabilities of three neighbouring integers each.

    Args:
        values: float32 array, the means to begin with: split between the
            integers around them.
        bits: function of int arrays in the shape of `values`, code lengths.
    """

    def __init__(self, values, bits):
        self.bits = bits
        self.centre = np.rint(values)
        self.above = np.maximum(values - self.centre, 0.0)
        self.below = np.maximum(self.centre - values, 0.0)

    @property
    def means(self):
        return self.centre + self.above - self.below

    @property
    def likeliest(self):
        return self.centre + (self.above > 0.5) - (self.below > 0.5)

    def update(self, slope, curvature, temperature, damping):
        """One step towards what the expected cost of the others asks for.

        Args:
            slope: float32 array, first derivative of the distortion in bits
                with respect to the means, at the means.
            curvature: float32 array, the second.
            temperature: float, bits. Probabilities go with
                `exp(-cost / temperature)`.
            damping: float in 0..1, how much of the step is taken.
        """
        slope = slope - curvature * (self.above - self.below)  # at the centre
        here = self.bits(self.centre)
        up = self.bits(self.centre + 1) - here + 0.5 * curvature + slope
        down = self.bits(self.centre - 1) - here + 0.5 * curvature - slope
        least = np.minimum(np.minimum(up, down), 0.0)
        up, down, middle = (
            np.exp((least - cost) / temperature) for cost in (up, down, 0.0)
        )
        total = up + down + middle
        self.above += damping * (up / total - self.above)
        self.below += damping * (down / total - self.below)
        self._recentre()

    def _recentre(self):
        """The likeliest of three becomes the middle one."""
        middle = 1.0 - self.above - self.below
        up, down = self.above > 0.5, self.below > 0.5
        self.centre = self.centre + up - down
        self.above, self.below = (
            np.where(down, middle, np.where(up, 0.0, self.above)),
            np.where(up, middle, np.where(down, 0.0, self.below)),
        )


class Annealing:
    """Integer residuals of low rate-distortion cost, the hyper-latents fixed.

    The expected cost of independent residuals is that of their means, plus
    half the curvature times their variances. With an entropy at a falling
    temperature it has a closed form of the best probabilities of one residual
    given the others; steps towards it are damped, since all move at once.

    Args:
        relaxation: `Relaxation` of the model and its tables.
        shapes: those of its first five arguments.

    Reference: deterministic annealing, Rose 1998,
    https://doi.org/10.1109/5.726788, section II. What Yang et al. 2020,
    https://arxiv.org/abs/2006.04240, section 3.2, estimate from samples is
    computed here, to second order, so that far fewer steps do.
    """

    def __init__(self, relaxation, shapes):
        model = relaxation.model

        def predict(y, z, quality):
            z_hat = relaxation.decoded(z)
            indexes = model.scale_network(z_hat, quality, y)
            rows, coded = relaxation.rows(indexes)
            _, residual = model.relaxed(
                y, z_hat, quality, lambda residual: residual * coded
            )
            return residual, rows, coded

        def distortion(residual, z, image, inside, quality, lmbda):
            z_hat = relaxation.decoded(z)
            x_hat, _ = model.relaxed(
                residual, z_hat, quality, lambda _: residual
            )
            return lmbda * relaxation.distortion(x_hat, image, inside)

        def latents(residual, z, quality):
            z_hat = relaxation.decoded(z)
            _, less = model.relaxed(
                residual, z_hat, quality, lambda _: residual
            )
            return residual + (residual - less)  # plus the means

        y, z, image, inside, quality = shapes
        self.costs = relaxation.y_costs
        self.predict = compiled(predict, model, (y, z, quality))
        self.slope = compiled_gradient(
            distortion, model, (y, z, image, inside, quality, ()), count=1
        )
        self.latents = compiled(latents, model, (y, z, quality))

    def __call__(self, y, z, pixels, rate, curvature, plan, step_done):
        """Latents whose residuals are integers.

        Args:
            y: float32 `(1, h, w, latent_channels)`, latents times the gain.
            z: float32, hyper-latents, rounded.
            pixels: pair of `image` and `inside`, see `Relaxation`.
            rate: pair of `quality` and `lmbda`, see there.
            curvature: float32 that broadcasts with `y`, of the distortion.
            plan: `Plan`, of which `annealing` and `damping` are read.
            step_done: function of an int, how many steps are done.

        Returns:
            float32 array in the shape of `y`.
        """
        quality = rate[0]
        residual, rows, coded = (
            keras.ops.convert_to_numpy(a) for a in self.predict(y, z, quality)
        )
        where = np.nonzero(coded)
        rows = rows[where].astype(np.intp)
        curvature = SHARE * np.broadcast_to(curvature, y.shape)[where]
        beliefs = Beliefs(
            residual[where], lambda values: self.costs.of_integers(rows, values)
        )

        def placed(values):
            full = np.zeros(y.shape, np.float32)
            full[where] = values
            return full

        for t in range(plan.annealing):
            (slope,) = self.slope(placed(beliefs.means), z, *pixels, *rate)
            place = t / max(plan.annealing - 1, 1)
            beliefs.update(
                keras.ops.convert_to_numpy(slope)[where],
                curvature,
                temperature(place),
                plan.damping[0] + (plan.damping[1] - plan.damping[0]) * place,
            )
            step_done(t + 1)
        settled = self.latents(placed(beliefs.likeliest), z, quality)
        return keras.ops.convert_to_numpy(settled)
