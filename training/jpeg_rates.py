"""A differentiable JPEG: rates and distortions of crops by their tables.

The steps of a table act on their own frequencies only. So squared errors and
what the rate depends on, as numbers of coefficients that are not zero, are
measured once for each frequency of a crop, at a range of steps; between them
they are interpolated, and so have gradients. The rate is a linear function of
those, fitted to bits of real scans.
"""

import dataclasses

import numpy as np

from tfcodec.jpeg import blocks
from tfcodec.jpeg import quantize
from tfcodec.jpeg import scans
from tfcodec.jpeg import tables

LOG_STEPS = np.arange(0.75, 7.5, 1.0)  # Those that tables are trained for.
GRID = np.linspace(-1.5, 1.5, 9)  # log2 of steps over the nominal one.
# Index of the component, whether it is subsampled, and its table of three.
PLANES = (
    (0, False, 0),
    (1, False, 1),
    (2, False, 1),
    (1, True, 2),
    (2, True, 2),
)
_FEATURES = 3  # Nonzeros, their bits of magnitude, entropy of being zero.


def crop_planes(crop):
    """The five planes' `(blocks, 64)`, in root of squared RGB error.

    Args:
        crop: uint8 `(side, side, 3)`, a multiple of 16.
    """
    full = blocks.components(crop)
    planes = []
    for index, subsampled, _ in PLANES:
        plane = full[index]
        if subsampled:
            plane, _ = blocks.halved(plane)
        cells = blocks.to_blocks(plane, 1).reshape(-1, 64)
        planes.append(cells * np.sqrt(blocks.error_weights(index, subsampled)))
    return planes


def base_steps(index, subsampled):
    """A step of 1 in the units of `crop_planes`, by frequency."""
    weights = blocks.error_weights(index, subsampled)
    if index == 0:
        return np.ones(64)
    return np.sqrt(weights / tables.chroma_weights(subsampled))


def measure(crop):
    """What a crop costs by frequency and step.

    Returns:
        float32 `(steps, planes, 64, grid, 4)`: squared error, and the three
        features of the rate, all per block.
    """
    planes = crop_planes(crop)
    shape = len(LOG_STEPS), len(PLANES), 64, len(GRID), 1 + _FEATURES
    result = np.empty(shape, np.float32)
    for i, log_step in enumerate(LOG_STEPS):
        for j, (plane, kind) in enumerate(zip(planes, PLANES, strict=True)):
            base = 2**log_step * base_steps(*kind[:2])
            for k, offset in enumerate(GRID):
                result[i, j, :, k] = _cost(
                    plane, base * 2**offset, tables.lmbda_of(log_step)
                )
    return result


def _cost(plane, steps, lmbda):
    """`(64, 4)`: one row of `measure`."""
    size = np.abs(plane)
    steps = steps.astype(np.float32)
    count = len(plane)
    # Levels of what may not be zero: the nearest, one less, or none.
    block, place = np.nonzero(size > steps / 2)
    value, step = size[block, place], steps[place]
    level = np.floor(value / step + 0.5)
    # A nonzero's bits, about: more where there are few.
    share = np.bincount(place, value > 0.64 * step, 64) / count
    bits = (2 - np.log2(np.clip(share, 1 / count, 0.9)))[place]
    best, chosen = value**2, np.zeros_like(level)
    for candidate in (level, level - 1):
        error = np.square(value - candidate * step)
        rate = bits + 2 * quantize.bit_length(candidate)
        cost = error + lmbda * rate
        better = (candidate > 0) & (cost < best)
        best = np.where(better, cost, best)
        chosen = np.where(better, candidate, chosen)
    chosen = np.where(place == 0, level, chosen)
    gain = value**2 - np.square(value - chosen * step)
    error = np.square(size).sum(0) - np.bincount(place, gain, 64)
    length = np.bincount(place, quantize.bit_length(chosen), 64)
    share = np.bincount(place, chosen > 0, 64)
    # DC is coded as differences: here of neighbours in a row.
    differences = np.abs(np.diff(np.rint(plane[:, 0] / steps[0])))
    length[0] = quantize.bit_length(differences).sum()
    share[0] = (differences > 0).sum()
    inside = np.clip(share / count, 1e-9, 1 - 1e-9)
    entropy = -inside * np.log2(inside)
    entropy -= (1 - inside) * np.log2(1 - inside)
    return np.stack([error / count, share / count, length / count, entropy], -1)


@dataclasses.dataclass(frozen=True)
class RateModel:
    """Bits as a linear function of features.

    Args:
        weights: float `(64, 3)`: bits by frequency and feature.
        block: float, bits that each block takes beside.
    """

    weights: np.ndarray
    block: float

    @classmethod
    def of(cls, ac, dc, block):
        """With the same three weights for all AC frequencies."""
        return cls(np.array([dc] + [ac] * 63, np.float32), float(block))

    def bits(self, features):
        """Bits per block of `(..., 64, 3)`."""
        return (features * self.weights).sum((-2, -1)) + self.block


def fit_rate_model(crops, measured, seed=0):
    """`(RateModel, error)`: fitted to scans of crops with random tables.

    Args:
        crops: list of crops.
        measured: their `measure`.
        seed: int.

    Returns:
        The model, and the root mean square of its relative errors.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for crop, cost in zip(crops, measured, strict=True):
        for plane, kind, costs in zip(
            crop_planes(crop), PLANES, cost.swapaxes(0, 1), strict=True
        ):
            i = rng.integers(len(LOG_STEPS))
            slope = np.linspace(-1, 1, 64) * rng.uniform(-0.7, 0.7)
            offsets = slope + rng.uniform(-0.4, 0.4, 64)
            k = np.rint((offsets + 1.5) / (GRID[1] - GRID[0])).astype(int)
            steps = 2.0 ** (LOG_STEPS[i] + GRID[k]) * base_steps(*kind[:2])
            bits = scan_bits(plane, steps, tables.lmbda_of(LOG_STEPS[i]))
            features = costs[i][np.arange(64), k, 1:]
            # The last one is what a scan takes beside: no say in tables.
            row = [*features[1:].sum(0), *features[0], 1, 1 / len(plane)]
            rows.append((row, bits / len(plane)))
    inputs, bits = (np.array(x, float) for x in zip(*rows, strict=True))
    weights = np.linalg.lstsq(inputs / bits[:, None], np.ones(len(bits)))[0]
    error = np.sqrt(np.mean((inputs @ weights / bits - 1) ** 2))
    return RateModel.of(weights[:3], weights[3:6], weights[6]), float(error)


def scan_bits(plane, steps, lmbda):
    """Bits of a component's scans in a progressive file."""
    levels = quantize.optimize(plane, steps, lmbda, passes=1)
    part = scans.Component(levels[None], (1, len(levels)), 1)
    return sum(
        code.num_bits(coded)
        for scan in scans.progressive_scans([part])
        for code, (_, coded) in zip(
            scan.codes().values(), scan.symbols, strict=True
        )
    )
