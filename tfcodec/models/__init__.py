"""Complete models, one paper per file, all built from the same parts.

Which one? `Photo` for use; `Factorized` and `Hyperprior` as the references
that the literature starts from.
"""

from tfcodec.models.base import CodecModel
from tfcodec.models.base import CodecOutput
from tfcodec.models.base import spread_qualities
from tfcodec.models.factorized import Factorized
from tfcodec.models.hyperprior import Hyperprior
from tfcodec.models.photo import Photo

MODELS = {
    "factorized": Factorized,
    "hyperprior": Hyperprior,
    "photo": Photo,
}

__all__ = [
    "MODELS",
    "CodecModel",
    "CodecOutput",
    "Factorized",
    "Hyperprior",
    "Photo",
    "spread_qualities",
]
