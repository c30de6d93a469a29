"""Transposed convolutions as convolutions and a shuffle.

TFLite runs a transposed convolution of stride 2 slower than the convolution
that gives all four phases of the output at once (Shi et al. 2016,
https://arxiv.org/abs/1609.05158, and its note on deconvolutions).
"""

import contextlib

import keras
import numpy as np
import tensorflow as tf

STRIDE = 2


def subpixel_kernel(kernel):
    """The kernel of the convolution that does the same.

    Output pixel `2 n + p` of a transposed convolution with "same" padding sums
    the inputs `n + m` times the taps `p + (k - 2) // 2 - 2 m`, those that there
    are: for `k = 5`, 2 or 3 of them each way.

    Args:
        kernel: float `(k, k, outputs, inputs)`, of a `Conv2DTranspose` with
            stride 2; `k` at least 2.

    Returns:
        float32 `(r, r, inputs, 4 * outputs)`, `r` odd, channels in the order
        of `tf.nn.depth_to_space`.
    """
    size, _, outputs, inputs = kernel.shape
    before = (size - STRIDE) // 2
    reach = max((1 + before) // STRIDE, (size - 1 - before) // STRIDE)
    width = 2 * reach + 1
    found = np.zeros((width, width, inputs, 2, 2, outputs), np.float32)
    for i, j, p, q in np.ndindex(width, width, STRIDE, STRIDE):
        row = p + before - STRIDE * (i - reach)
        column = q + before - STRIDE * (j - reach)
        if 0 <= row < size and 0 <= column < size:
            found[i, j, :, p, q] = kernel[row, column].T
    return found.reshape(width, width, inputs, -1)


@contextlib.contextmanager
def subpixel_convolutions(model):
    """Within it the model's transposed convolutions run in that form.

    Raises:
        ValueError: one of another stride, padding or size.
    """
    layers = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.Conv2DTranspose)
    ]
    for layer in layers:
        if (
            layer.strides != (STRIDE, STRIDE)
            or layer.padding != "same"
            or len(set(layer.kernel_size)) > 1
            or layer.kernel_size[0] < STRIDE
        ):
            raise ValueError(f"{layer.path} has no sub-pixel form.")
    with tf.init_scope():  # Values, also while a graph is traced.
        arrays = {
            layer: (
                subpixel_kernel(keras.ops.convert_to_numpy(layer.kernel)),
                np.tile(keras.ops.convert_to_numpy(layer.bias), STRIDE**2),
            )
            for layer in layers
        }
    for layer, (kernel, bias) in arrays.items():
        layer.call = _call(kernel, bias, layer.activation)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def _call(kernel, bias, activation):
    def call(x):
        y = tf.nn.conv2d(x, kernel, 1, "SAME") + bias
        return activation(tf.nn.depth_to_space(y, STRIDE))

    return call
