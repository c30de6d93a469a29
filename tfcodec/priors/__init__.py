"""Densities convolved with U(-0.5, 0.5): the mass of an integer's bin.

`noisy_logistic` and `noisy_normal` serve latents whose scale is known,
`deep_factorized` learns one density per channel. All return bits, and know
nothing of tables.
"""

from tfcodec.priors.deep_factorized import DeepFactorized
from tfcodec.priors.noisy_logistic import noisy_logistic_bits
from tfcodec.priors.noisy_normal import noisy_normal_bits

__all__ = ["DeepFactorized", "noisy_logistic_bits", "noisy_normal_bits"]
