"""Entropy models: from latents to bits, and from priors to integer tables.

Which one? `EntropyBottleneck` where nothing is known of a latent but its
channel; `LogisticConditional` where a hyperprior predicts its scale, or
`GaussianConditional`, the literature's choice. `build_tables` runs once, when
training has ended.
"""

from tfcodec.entropy.bottleneck import EntropyBottleneck
from tfcodec.entropy.conditional import GaussianConditional
from tfcodec.entropy.conditional import LogisticConditional

__all__ = ["EntropyBottleneck", "GaussianConditional", "LogisticConditional"]
