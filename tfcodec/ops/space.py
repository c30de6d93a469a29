"""Space and depth: pixel shuffles, neighbourhoods, padding and masks.

All tensors are `(batch, height, width, channels)`. The channel order of the
shuffles is TensorFlow's (`tf.nn.depth_to_space`): output pixel (i, j) of a
block takes channels `(i * block + j) * depth ... + depth`.
"""

import contextlib

import keras

_single_ops = None  # `(space_to_depth, depth_to_space)`, or None


@contextlib.contextmanager
def single_op_shuffles(to_depth, to_space):
    """Within it the shuffles below are these functions, for exports.

    Reshapes and a transpose are faster in training than TensorFlow's single
    ops, but TFLite's delegates take single ops only, where sizes are open.

    Args:
        to_depth, to_space: functions of a tensor and the block, with the
            channel order of `tf.nn.depth_to_space`.
    """
    global _single_ops
    before, _single_ops = _single_ops, (to_depth, to_space)
    try:
        yield
    finally:
        _single_ops = before


def space_to_depth(x, block):
    """`(b, h, w, c)` to `(b, h / block, w / block, block**2 * c)`."""
    if block == 1:
        return x
    if _single_ops is not None:
        return _single_ops[0](x, block)
    b, h, w, c = keras.ops.shape(x)
    x = keras.ops.reshape(x, (b, h // block, block, w // block, block, c))
    x = keras.ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return keras.ops.reshape(x, (b, h // block, w // block, block * block * c))


def depth_to_space(x, block):
    """`(b, h, w, block**2 * c)` to `(b, h * block, w * block, c)`."""
    if block == 1:
        return x
    if _single_ops is not None:
        return _single_ops[1](x, block)
    b, h, w, c = keras.ops.shape(x)
    depth = c // (block * block)
    x = keras.ops.reshape(x, (b, h, w, block, block, depth))
    x = keras.ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return keras.ops.reshape(x, (b, h * block, w * block, depth))


def neighbours_3x3(x):
    """Stacks each pixel's 3x3 neighbourhood in its channels, zeros outside.

    `(b, h, w, c)` to `(b, h, w, 9 * c)`, rows first. A matrix product after
    this is a 3x3 convolution that no library can turn into a Winograd or FFT
    one, which the exactness of the integer network relies on.
    """
    _, h, w, _ = keras.ops.shape(x)
    padded = keras.ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return keras.ops.concatenate(
        [
            padded[:, i : i + h, j : j + w, :]
            for i in range(3)
            for j in range(3)
        ],
        axis=-1,
    )


def pad_to_multiple(x, multiple):
    """Pads bottom and right with zeros up to a multiple of `multiple`."""
    _, h, w, _ = keras.ops.shape(x)
    below, right = -h % multiple, -w % multiple
    if isinstance(h, int) and isinstance(w, int):
        if below == 0 and right == 0:
            return x
        return keras.ops.pad(x, ((0, 0), (0, below), (0, right), (0, 0)))
    # By a constant, so that TFLite's converter still knows the channels.
    most = (0, multiple - 1)
    x = keras.ops.pad(x, ((0, 0), most, most, (0, 0)))
    return x[:, : h + below, : w + right, :]


def crop_to(x, like):
    """The top left corner of `x`, as high and wide as `like`."""
    _, h, w, _ = keras.ops.shape(like)
    return x[:, :h, :w, :]


def checkerboard(like):
    """Float mask `(1, h, w, 1)` of `like`: 1 where row + column is even."""
    _, h, w, _ = keras.ops.shape(like)
    # Not `[None, :, :, None]`, which TFLite's converter cannot do.
    rows = keras.ops.reshape(keras.ops.arange(h, dtype="int32"), (1, -1, 1, 1))
    columns = keras.ops.arange(w, dtype="int32")
    columns = keras.ops.reshape(columns, (1, 1, -1, 1))
    return keras.ops.cast((rows + columns + 1) % 2, like.dtype)
