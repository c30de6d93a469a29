"""What a context pass may see."""

import keras
import numpy as np

from tfcodec.transforms import ContextMean
from tfcodec.transforms.context import group_mask


def test_reads_the_leading_channels_only():
    keras.utils.set_random_seed(2)
    layer = ContextMean(3, inputs=4, channels=8)
    features = np.ones((1, 3, 3, 5), np.float32)
    known = np.random.default_rng(0).normal(size=(1, 3, 3, 9))
    known = known.astype(np.float32)
    layer(features, known)
    layer.head.kernel.assign(keras.ops.ones_like(layer.head.kernel))
    before = np.asarray(layer(features, known))
    later, first = known.copy(), known.copy()
    later[..., 4:] += 1.0
    first[..., 3] += 1.0
    np.testing.assert_array_equal(layer(features, later), before)
    assert np.abs(np.asarray(layer(features, first)) - before).max() > 1e-3


def test_starts_at_zero():
    layer = ContextMean(3, inputs=0, channels=8)
    assert not np.any(layer(np.ones((1, 3, 3, 5), np.float32), None))


def test_group_masks_are_complementary():
    like = np.zeros((1, 3, 4, 2), np.float32)
    even = np.asarray(group_mask((0, 1, 0), like))
    odd = np.asarray(group_mask((0, 1, 1), like))
    np.testing.assert_array_equal(even + odd, np.ones((1, 3, 4, 1)))
    assert even[0, 0, 0, 0] == 1 and odd[0, 0, 0, 0] == 0
