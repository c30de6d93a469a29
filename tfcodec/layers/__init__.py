"""Keras layers that are not entropy models: GDN, gains, blocks, integers."""

from tfcodec.layers.blocks import BottleneckBlock
from tfcodec.layers.gain import QualityGain
from tfcodec.layers.gdn import GDN
from tfcodec.layers.integer_dense import IntegerDense

__all__ = ["BottleneckBlock", "GDN", "IntegerDense", "QualityGain"]
