"""Space and depth: pixel shuffles, neighbourhoods, padding and masks.

All tensors are `(batch, height, width, channels)`. The channel order of the
shuffles is TensorFlow's (`tf.nn.depth_to_space`): output pixel (i, j) of a
block takes channels `(i * block + j) * depth ... + depth`.
"""

import keras


def space_to_depth(x, block):
    """`(b, h, w, c)` to `(b, h / block, w / block, block**2 * c)`."""
    b, h, w, c = keras.ops.shape(x)
    x = keras.ops.reshape(x, (b, h // block, block, w // block, block, c))
    x = keras.ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return keras.ops.reshape(x, (b, h // block, w // block, block * block * c))


def depth_to_space(x, block):
    """`(b, h, w, block**2 * c)` to `(b, h * block, w * block, c)`."""
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
    if isinstance(h, int) and isinstance(w, int):
        if h % multiple == 0 and w % multiple == 0:
            return x
    return keras.ops.pad(
        x, ((0, 0), (0, -h % multiple), (0, -w % multiple), (0, 0))
    )


def crop_to(x, like):
    """The top left corner of `x`, as high and wide as `like`."""
    _, h, w, _ = keras.ops.shape(like)
    return x[:, :h, :w, :]


def checkerboard(like):
    """Float mask `(1, h, w, 1)` of `like`: 1 where row + column is even."""
    _, h, w, _ = keras.ops.shape(like)
    rows = keras.ops.arange(h, dtype="int32")[:, None]
    columns = keras.ops.arange(w, dtype="int32")[None, :]
    mask = keras.ops.cast((rows + columns + 1) % 2, like.dtype)
    return mask[None, :, :, None]
