"""Convolutions that see nothing beyond a picture, in tiles of one size.

A tile of a fixed size may reach over the right and bottom edge of a picture.
What the networks make there must not come back: a decoder of the whole
picture has zeros beyond the edge, in every layer.
"""

import contextlib

import keras
import tensorflow as tf

from tfcodec.limits import BLOCK
from tfcodec.limits import HYPER_BLOCK


@contextlib.contextmanager
def masked_convolutions(model, rows, columns, size):
    """Within it the convolutions that look around see zeros beyond the edge.

    Args:
        model: built `CodecModel`.
        rows, columns: int32 scalars, how many latents of the tile belong to
            the picture, from the top left.
        size: `(height, width)` of the tile in pixels, multiples of 64.
    """
    layers = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose)
        and max(layer.kernel_size) > 1
    ]
    sides = [(rows, size[0] // BLOCK), (columns, size[1] // BLOCK)]
    # `subpixel_convolutions` may have put a `call` there.
    before = [vars(layer).get("call") for layer in layers]
    for layer in layers:
        layer.call = _masked(layer.call, sides)
    try:
        yield
    finally:
        for layer, call in zip(layers, before, strict=True):
            if call is None:
                del layer.call
            else:
                layer.call = call


def _masked(call, sides):
    return lambda x: call(x * _mask(x, sides))


def _mask(x, sides):
    """1 in the picture and 0 beyond, float `(1, height, width, 1)`."""
    rows, columns = (
        tf.cast(_inside(length, *side), x.dtype)
        for length, side in zip(x.shape[1:3], sides, strict=True)
    )
    rows = tf.reshape(rows, [1, -1, 1, 1])
    return rows * tf.reshape(columns, [1, 1, -1, 1])


def _inside(length, part, latents):
    """Which of `length` places along a side with so many latents are inside.

    At coarser scales than the latents', whole hyper-latents are.
    """
    if length >= latents:
        kept = part * (length // latents)
    else:
        hyper = (part + HYPER_BLOCK - 1) // HYPER_BLOCK
        kept = hyper * (length * HYPER_BLOCK // latents)
    return tf.range(length) < kept
