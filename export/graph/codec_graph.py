"""A trained codec's numeric steps in tensor ops, for any kind of export.

Pixels to symbols and symbols to pixels, of one image at a time, and the table
rows in between. What becomes of the symbols is the coder's business
(`rans_graph`), what becomes of its bytes the container's
(`container_graph`); strings and batches are the SavedModel's.
"""

from typing import NamedTuple

import keras
import tensorflow as tf

from tfcodec.coding.tables import VALUE_MAX
from tfcodec.coding.tables import VALUE_MIN
from tfcodec.export.graph.integer_network_graph import IntegerNetworkGraph
from tfcodec.limits import BLOCK
from tfcodec.limits import HYPER_BLOCK
from tfcodec.limits import HYPER_LATENT_MAX


class Symbols(NamedTuple):
    """What is coded of one image, flat: int32 `(elements,)` each."""

    z: tf.Tensor  # values of the first segment
    residual: tf.Tensor  # values of the second; empty for one-stream models
    indexes: tf.Tensor  # scale indexes of the second


class CodecGraph(tf.Module):
    """The steps of `tfcodec.Codec` between pixels and symbols, as a graph.

    No long tensor is indexed: TFLite's slices copy element by element.

    Args:
        codec: `Codec` with tables. Its variables are tracked.

    Raises:
        ValueError: the codec has no tables, its weights have changed since
            they were made, or Keras runs on another backend.
    """

    def __init__(self, codec):
        super().__init__(name="codec")
        if keras.backend.backend() != "tensorflow":
            raise ValueError(
                "Exports need Keras on TensorFlow. Received: "
                f"KERAS_BACKEND={keras.backend.backend()}"
            )
        codec.require_fresh_coding()
        self.model = codec.model
        coding = codec.coding
        self.first_channels = codec.first_channels()
        channels = self.first_channels
        self._z_skip = tf.constant(coding.tables.size[:channels] == 1)
        self._z_offset = tf.constant(coding.tables.offset[:channels], tf.int32)
        self.network = None
        if coding.network is not None:
            self.network = IntegerNetworkGraph(coding.network)

    # Encoding. ------------------------------------------------------------

    def latents(self, pixels):
        """Latents before the gain: what does not depend on the quality.

        Args:
            pixels: uint8 or float32 `(height, width, 3)`, RGB, 0..255, of any
                size from 1x1.

        Returns:
            float32 `(1, ceil(height / 16), ceil(width / 16), channels)`.
        """
        x = tf.cast(pixels, tf.float32)
        rows, columns = (_edge(tf.shape(x)[i]) for i in (0, 1))
        x = tf.gather(tf.gather(x, rows, axis=0), columns, axis=1)
        return self.model.analyse(tf.expand_dims(x, 0))

    def symbols(self, y, hundredths) -> Symbols:
        """Symbols of an image.

        Args:
            y: float32, from `latents`.
            hundredths: int32 scalar, the quality in hundredths, 100..10000.
        """
        z = self.hyper_latents(y, hundredths)
        flat = tf.reshape(z, [-1])
        if self.network is None:
            none = tf.zeros([0], tf.int32)
            return Symbols(flat, none, none)
        height, width = tf.shape(y)[1], tf.shape(y)[2]
        indexes = self.network(z, hundredths, height, width)
        residual = self.residuals(y, z, indexes, hundredths)
        return Symbols(
            flat, tf.reshape(residual, [-1]), tf.reshape(indexes, [-1])
        )

    def hyper_latents(self, y, hundredths):
        """The first segment, an int32 grid; arguments as for `symbols`."""
        z = self.model.hyper(y, quality_of(hundredths))
        z = tf.cast(tf.squeeze(z, 0), tf.int32)
        return tf.where(self._z_skip, self._z_offset, z)

    def residuals(self, y, z, indexes, hundredths):
        """The second segment, an int32 grid, of models that have one.

        Args:
            y, hundredths: as for `symbols`.
            z, indexes: int32 grids, from `hyper_latents` and the network.
        """
        residual = self.model.residuals(
            y,
            tf.expand_dims(tf.cast(z, tf.float32), 0),
            tf.expand_dims(tf.cast(indexes, tf.float32), 0),
            quality_of(hundredths),
        )
        residual = tf.clip_by_value(residual, VALUE_MIN, VALUE_MAX)
        return tf.cast(tf.squeeze(residual, 0), tf.int32)

    # Decoding. ------------------------------------------------------------

    def z_shape(self, height, width):
        """Rows and columns of the first segment's grid, of sizes in pixels."""
        block = BLOCK if self.network is None else BLOCK * HYPER_BLOCK
        return (height + block - 1) // block, (width + block - 1) // block

    def indexes(self, z, hundredths, height, width):
        """Scale indexes of an image, flat.

        Args:
            z: int32 `(elements,)`, the first segment.
            hundredths, height, width: int32 scalars, as in the header.

        Returns:
            int32 `(elements of the second segment,)`.
        """
        z = tf.reshape(z, self._grid(*self.z_shape(height, width)))
        # Where a damaged file has more, its status says so and what comes out
        # here is not used; the network stays within exact sums.
        z = tf.clip_by_value(z, -HYPER_LATENT_MAX, HYPER_LATENT_MAX)
        height, width = blocks(height), blocks(width)
        return tf.reshape(self.network(z, hundredths, height, width), [-1])

    def pixels(self, z, residual, hundredths, height, width):
        """The decoded image.

        Args:
            z, residual: int32 `(elements,)`, the two segments; the second one
                is not read for models with one stream.
            hundredths, height, width: int32 scalars, as in the header.

        Returns:
            uint8 `(height, width, 3)`.
        """
        z = tf.reshape(z, self._grid(*self.z_shape(height, width)))
        z = tf.expand_dims(tf.cast(z, tf.float32), 0)
        if self.network is None:
            residual = tf.zeros([1, 1, 1, 1])
        else:
            channels = self.network.latent_channels
            grid = [1, blocks(height), blocks(width), channels]
            residual = tf.reshape(residual, tf.stack(grid))
            residual = tf.cast(residual, tf.float32)
        x = self.model.reconstruct(z, residual, quality_of(hundredths))
        return tf.cast(levels(x)[0, :height, :width], tf.uint8)

    def _grid(self, rows, columns):
        return tf.stack([rows, columns, self.first_channels])


def blocks(side):
    """Latents along a side, of pixels."""
    return (side + BLOCK - 1) // BLOCK


def quality_of(hundredths):
    """float32 `(1,)`, the very number that the Python path uses."""
    return tf.reshape(tf.cast(hundredths, tf.float32) / 100.0, [1])


def levels(x):
    """What the network makes, at whole numbers within 0..255."""
    return tf.clip_by_value(tf.round(x), 0.0, 255.0)


def _edge(size):
    """Indexes that extend a side to a multiple of 16 by its last pixel."""
    padded = blocks(size) * BLOCK
    return tf.minimum(tf.range(padded), size - 1)
