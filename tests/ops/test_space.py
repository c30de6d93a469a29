"""Shuffles, neighbourhoods, padding and the checkerboard."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcodec import ops


def draw(*shape):
    rng = np.random.default_rng(3)
    return rng.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("block", [2, 4])
def test_shuffles_are_those_of_tensorflow_and_inverse(block):
    image = draw(2, 3 * block, 5 * block, 3)
    deep = ops.space_to_depth(image, block)
    np.testing.assert_array_equal(deep, tf.nn.space_to_depth(image, block))
    np.testing.assert_array_equal(ops.depth_to_space(deep, block), image)
    deep = draw(2, 3, 5, 2 * block * block)
    shallow = ops.depth_to_space(deep, block)
    np.testing.assert_array_equal(shallow, tf.nn.depth_to_space(deep, block))


def test_neighbours_are_a_convolution_with_identity_kernels():
    x = draw(2, 4, 5, 3)
    kernel = np.eye(27, dtype=np.float32).reshape(3, 3, 3, 27)
    expected = tf.nn.conv2d(x, kernel, 1, "SAME")
    np.testing.assert_array_equal(ops.neighbours_3x3(x), expected)


@pytest.mark.parametrize(
    "size, padded", [((4, 8), (4, 8)), ((1, 5), (4, 8)), ((7, 4), (8, 4))]
)
def test_pad_and_crop(size, padded):
    x = draw(2, *size, 3)
    out = keras.ops.convert_to_numpy(ops.pad_to_multiple(x, 4))
    assert out.shape == (2, *padded, 3)
    np.testing.assert_array_equal(ops.crop_to(out, x), x)
    assert not out[:, size[0] :].any() and not out[:, :, size[1] :].any()


def test_checkerboard():
    board = keras.ops.convert_to_numpy(ops.checkerboard(draw(1, 3, 4, 7)))
    expected = [[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]]
    assert board.shape == (1, 3, 4, 1) and board.dtype == np.float32
    np.testing.assert_array_equal(board[0, :, :, 0], expected)


def test_open_shapes_give_the_same():
    x = draw(1, 5, 6, 16)

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 16))])
    def all_of(x):
        deep = ops.space_to_depth(ops.pad_to_multiple(x, 4), 4)
        return (
            ops.crop_to(ops.depth_to_space(deep, 4), x),
            ops.neighbours_3x3(x),
            ops.checkerboard(x),
        )

    same, around, board = all_of(x)
    np.testing.assert_array_equal(same, x)
    np.testing.assert_array_equal(around, ops.neighbours_3x3(x))
    np.testing.assert_array_equal(board, ops.checkerboard(x))
