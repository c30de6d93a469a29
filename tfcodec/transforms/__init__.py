"""The transforms: analysis, synthesis, hyper-transforms, context.

`pyramid.py` has the stride-2 transforms of the 2018 papers, the other files
those of `photo`, which work at 1/4 and 1/16 of the resolution only.
"""

from tfcodec.transforms.context import ContextMean
from tfcodec.transforms.hyper import HyperAnalysis
from tfcodec.transforms.hyper import HyperMean
from tfcodec.transforms.hyper import IntegerScaleNetwork
from tfcodec.transforms.pyramid import PyramidAnalysis
from tfcodec.transforms.pyramid import PyramidSynthesis
from tfcodec.transforms.two_scale import TwoScaleAnalysis
from tfcodec.transforms.two_scale import TwoScaleSynthesis

__all__ = [
    "ContextMean",
    "HyperAnalysis",
    "HyperMean",
    "IntegerScaleNetwork",
    "PyramidAnalysis",
    "PyramidSynthesis",
    "TwoScaleAnalysis",
    "TwoScaleSynthesis",
]
