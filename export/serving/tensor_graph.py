"""A codec between pixels and symbols, for batches of images of one size.

What apps need that bring their own coder or container, and what
`serving_graph` makes of files.
"""

import tensorflow as tf

from tfcodec.export.graph.codec_graph import blocks
from tfcodec.export.serving.batches import each_image
from tfcodec.export.serving.batches import to_hundredths
from tfcodec.export.serving.image_graph import require_size
from tfcodec.limits import BLOCK

_INT = tf.TensorSpec([], tf.int32)
_FLAT = tf.TensorSpec([None], tf.int32)
_PIXELS = tf.TensorSpec([None, None, 3], tf.uint8)


class TensorGraph:
    """The functions behind the signatures `analysis` and `synthesis`.

    Attributes:
        symbols, pixels: steps of `CodecGraph` for one image, which a file has
            once, however many signatures use them.

    Args:
        codec: `CodecGraph`.
        max_pixels: int, the largest image that is taken, either way.
    """

    def __init__(self, codec, max_pixels):
        self._codec = codec
        self._max_pixels = max_pixels
        self.symbols = shared(
            lambda pixels, hundredths: codec.symbols(
                codec.latents(pixels), hundredths
            ),
            _PIXELS,
            _INT,
        )
        self.pixels = shared(codec.pixels, _FLAT, _FLAT, _INT, _INT, _INT)

    def analysis(self, pixels, quality):
        """Pixels to symbols, without the coder.

        Args:
            pixels: uint8 `(batch, height, width, 3)`.
            quality: float32 `(batch,)`, 1..100.

        Returns:
            Dict of int32: `z` `(batch, rows, columns, channels)`, and for
            models with two streams `residual` and `indexes`, `(batch,
            ceil(height / 16), ceil(width / 16), latent channels)`.
        """
        count, height, width, _ = tf.unstack(tf.shape(pixels))
        hundredths = to_hundredths(quality, count)
        check = require_size(height, width, 0, self._max_pixels)
        with tf.control_dependencies([check]):
            pixels = tf.identity(pixels)
        found = each_image(
            lambda i: self.symbols(pixels[i], hundredths[i]),
            count,
            [tf.int32] * 3,
        )
        grid = [
            count,
            *self._codec.z_shape(height, width),
            self._codec.first_channels,
        ]
        outputs = {"z": tf.reshape(found[0].values, tf.stack(grid))}
        if self._codec.network is not None:
            channels = self._codec.network.latent_channels
            grid = [count, blocks(height), blocks(width), channels]
            names = ("residual", "indexes")
            for name, flat in zip(names, found[1:], strict=True):
                outputs[name] = tf.reshape(flat.values, tf.stack(grid))
        return outputs

    def synthesis(self, z, quality, residual=None):
        """Symbols to pixels.

        Args:
            z: int32 `(batch, rows, columns, channels)`.
            quality: float32 `(batch,)`, 1..100.
            residual: int32 `(batch, height / 16, width / 16, channels)`, for
                models with two streams.

        Returns:
            uint8 `(batch, height, width, 3)`, whole blocks of 16 pixels.
        """
        grid = tf.shape(z if residual is None else residual)
        count, height, width = grid[0], BLOCK * grid[1], BLOCK * grid[2]
        hundredths = to_hundredths(quality, count)
        expected = [
            count,
            *self._codec.z_shape(height, width),
            self._codec.first_channels,
        ]
        fine = tf.reduce_all(tf.equal(tf.shape(z), tf.stack(expected)))
        text = "`z` must have a position for each 4x4 positions of `residual`."
        checks = [
            tf.debugging.Assert(fine, [text]),
            require_size(height, width, 0, self._max_pixels),
        ]
        with tf.control_dependencies(checks):
            z = tf.identity(z)
        residual = z if residual is None else residual

        def one(i):
            flat = (tf.reshape(x[i], [-1]) for x in (z, residual))
            pixels = self.pixels(*flat, hundredths[i], height, width)
            return [tf.reshape(pixels, [-1])]

        (pixels,) = each_image(one, count, [tf.uint8])
        return tf.reshape(pixels.values, tf.stack([count, height, width, 3]))


def shared(function, *signature):
    """`tf.function` of fixed shapes."""
    return tf.function(function, input_signature=signature, autograph=False)
