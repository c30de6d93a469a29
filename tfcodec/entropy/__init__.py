"""Entropy models: from latents to bits, and from priors to integer tables.

Which one? `EntropyBottleneck` where nothing is known of a latent but its
channel; `GaussianConditional` where a hyperprior predicts its scale.
`build_tables` runs once, when training has ended.
"""

from tfcodec.entropy.bottleneck import EntropyBottleneck
from tfcodec.entropy.conditional import GaussianConditional

__all__ = ["EntropyBottleneck", "GaussianConditional"]
