"""Transposed convolutions in the sub-pixel form are the same function."""

import keras
import numpy as np
import pytest

from tfcodec.export.lite.subpixel import subpixel_convolutions
from tfcodec.export.lite.subpixel import subpixel_kernel


@pytest.mark.parametrize("size", [2, 3, 4, 5, 7])
def test_convolution_and_shuffle_are_the_transposed_convolution(size):
    import tensorflow as tf

    rng = np.random.default_rng(size)
    kernel = rng.normal(size=(size, size, 3, 4)).astype(np.float32)
    x = rng.normal(size=(2, 5, 6, 4)).astype(np.float32)
    expected = tf.nn.conv2d_transpose(x, kernel, (2, 10, 12, 3), 2, "SAME")
    form = subpixel_kernel(kernel)
    assert len(form) == {2: 1, 7: 5}.get(size, 3)
    found = tf.nn.depth_to_space(tf.nn.conv2d(x, form, 1, "SAME"), 2)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(
    "kind", ["factorized", "hyperprior", "cnn-pool", "deconvnet"]
)
def test_a_model_synthesises_the_same(make_model, kind):
    model = make_model(kind)
    rng = np.random.default_rng(1)
    y = rng.normal(size=(1, 3, 2, model.latent_channels)).astype("float32")
    expected = keras.ops.convert_to_numpy(model.synthesis(y))
    with subpixel_convolutions(model):
        found = keras.ops.convert_to_numpy(model.synthesis(y))
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert (found != expected).any()  # Another order of the sums.
    np.testing.assert_array_equal(model.synthesis(y), expected)


def test_other_strides_are_refused():
    model = keras.Sequential(
        [keras.Input((4, 4, 2)), keras.layers.Conv2DTranspose(2, 3, strides=4)]
    )
    with pytest.raises(ValueError, match="sub-pixel"):
        with subpixel_convolutions(model):
            pass
