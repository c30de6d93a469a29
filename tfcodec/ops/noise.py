"""Additive uniform noise, the differentiable stand-in for rounding.

Ballé et al. 2017 (https://arxiv.org/abs/1611.01704, section 4): the density of
`y + U(-0.5, 0.5)` at integers equals the probability mass of `round(y)`.
"""

import keras


def add_uniform_noise(x, seed):
    """Adds independent U(-0.5, 0.5) noise to each element.

    Args:
        x: float tensor of any shape; the noise has its dtype.
        seed: int, or a `keras.random.SeedGenerator` for fresh noise per call.
    """
    noise = keras.random.uniform(
        keras.ops.shape(x), -0.5, 0.5, dtype=x.dtype, seed=seed
    )
    return x + noise
