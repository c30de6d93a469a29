"""The integer network in tensor ops; see `tfcodec.coding.IntegerNetwork`.

float32 products and sums of integers below 2**24: exact on every device, in
any order of summation, as long as nothing rounds the weights. `docs/format.md`
specifies it.
"""

import numpy as np
import tensorflow as tf

from tfcodec.coding.integer_network import IntegerNetwork
from tfcodec.export.graph.tensors import part
from tfcodec.limits import HYPER_BLOCK


class IntegerNetworkGraph:
    """Hyper-latents and quality to table indexes, as a graph.

    Args:
        network: the integers; they become constants of the graph.
    """

    def __init__(self, network: IntegerNetwork):
        self.hyper_channels = network.hyper_channels
        self.latent_channels = network.latent_channels
        self._layers = [
            (
                layer.kernel.astype(np.float32),
                layer.bias.astype(np.float32),
                2.0**-layer.shift,
                float(layer.high),
            )
            for layer in network.layers
        ]

    def __call__(self, z, hundredths, height, width):
        """Table indexes of one image's latents.

        Args:
            z: int32 `(ceil(height / 4), ceil(width / 4), hyper_channels)`, in
                [-128, 128].
            hundredths: int32 scalar, the quality in hundredths.
            height, width: int32 scalars, of the latents.

        Returns:
            int32 `(height, width, latent_channels)`.
        """
        code = tf.cast(hundredths // 40, tf.float32)
        rows, columns = tf.shape(z)[0], tf.shape(z)[1]
        a = self._layer(0, _with_neighbours(tf.cast(z, tf.float32), code))
        a = self._layer(1, a)
        a = tf.reshape(a, tf.stack([rows, columns, HYPER_BLOCK, -1]))
        a = tf.transpose(a, (0, 2, 1, 3))
        fine = self._layers[1][0].shape[1] // (HYPER_BLOCK * HYPER_BLOCK)
        a = tf.reshape(
            a, tf.stack([rows * HYPER_BLOCK, columns * HYPER_BLOCK, fine])
        )
        a = part(a, 0, 0, height, width)
        a = self._layer(2, _with_neighbours(a, code))
        a = self._layer(3, _with_plane(a, code))
        shape = tf.stack([height, width, self.latent_channels])
        return tf.reshape(tf.cast(a, tf.int32), shape)

    def _layer(self, i, a):
        kernel, bias, scale, high = self._layers[i]
        y = tf.floor((tf.matmul(a, kernel) + bias) * scale)
        return tf.clip_by_value(y, 0.0, high)


def _with_neighbours(a, code):
    """`(h, w, c)` to `(h * w, 9 * c + 1)`: 3x3 neighbours, rows first, zeros
    outside, then the quality code."""
    height, width = tf.shape(a)[0], tf.shape(a)[1]
    padded = tf.pad(a, [[1, 1], [1, 1], [0, 0]])
    parts = [
        part(padded, i, j, height, width) for i in range(3) for j in range(3)
    ]
    stacked = tf.concat(parts, axis=-1)
    return _with_plane(tf.reshape(stacked, (-1, stacked.shape[-1])), code)


def _with_plane(a, code):
    """`(n, c)` to `(n, c + 1)`, the last column filled with `code`."""
    return tf.concat([a, tf.zeros_like(a[:, :1]) + code], axis=-1)
