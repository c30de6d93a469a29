"""Complete models, one idea per file, all built from the same parts.

Which one? `Photo` for use; `Factorized` and `Hyperprior` as the references
that the literature starts from; `CnnPool`, `CnnPoolDense`, `Deconvnet` and
`CnnPlain` to see what the autoencoders of introductory articles are worth.
"""

from tfcodec.models.base import CodecModel
from tfcodec.models.base import CodecOutput
from tfcodec.models.base import spread_qualities
from tfcodec.models.cnn_pool import CnnPool
from tfcodec.models.cnn_pool import CnnPoolDense
from tfcodec.models.factorized import Factorized
from tfcodec.models.hyperprior import Hyperprior
from tfcodec.models.photo import Photo
from tfcodec.models.strided import CnnPlain
from tfcodec.models.strided import Deconvnet

MODELS = {
    "cnn-plain": CnnPlain,
    "cnn-pool": CnnPool,
    "cnn-pool-dense": CnnPoolDense,
    "deconvnet": Deconvnet,
    "factorized": Factorized,
    "hyperprior": Hyperprior,
    "photo": Photo,
}

__all__ = [
    "MODELS",
    "CnnPlain",
    "CnnPool",
    "CnnPoolDense",
    "CodecModel",
    "CodecOutput",
    "Deconvnet",
    "Factorized",
    "Hyperprior",
    "Photo",
    "spread_qualities",
]
