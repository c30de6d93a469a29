"""The transforms: analysis, synthesis, hyper-transforms, context.

`pyramid.py` has the stride-2 transforms of the 2018 papers; `pooled.py`,
`patches.py` and `strided.py` those of introductory articles; the other files
those of `photo`, which work at 1/4 and 1/16 of the resolution only.
"""

from tfcodec.transforms.context import ContextMean
from tfcodec.transforms.hyper import HyperAnalysis
from tfcodec.transforms.hyper import HyperMean
from tfcodec.transforms.hyper import IntegerScaleNetwork
from tfcodec.transforms.patches import PatchAnalysis
from tfcodec.transforms.patches import PatchSynthesis
from tfcodec.transforms.pooled import PooledAnalysis
from tfcodec.transforms.pooled import UpsamplingSynthesis
from tfcodec.transforms.pyramid import PyramidAnalysis
from tfcodec.transforms.pyramid import PyramidSynthesis
from tfcodec.transforms.strided import StridedAnalysis
from tfcodec.transforms.strided import StridedSynthesis
from tfcodec.transforms.two_scale import TwoScaleAnalysis
from tfcodec.transforms.two_scale import TwoScaleSynthesis

__all__ = [
    "ContextMean",
    "HyperAnalysis",
    "HyperMean",
    "IntegerScaleNetwork",
    "PatchAnalysis",
    "PatchSynthesis",
    "PooledAnalysis",
    "PyramidAnalysis",
    "PyramidSynthesis",
    "StridedAnalysis",
    "StridedSynthesis",
    "TwoScaleAnalysis",
    "TwoScaleSynthesis",
    "UpsamplingSynthesis",
]
