"""A codec's whole work in stock TensorFlow ops: strings in, strings out.

Batches of images of different sizes. The transforms run image after image,
since convolutions need one size; the entropy coder runs once for all of them.
Whatever is wrong with an image ends the call with an `InvalidArgumentError`.
"""

from typing import NamedTuple

import tensorflow as tf

from tfcodec.export.graph.codec_graph import CodecGraph
from tfcodec.export.graph.codec_graph import blocks
from tfcodec.export.graph.container_graph import ContainerGraph
from tfcodec.export.graph.rans_graph import RansGraph
from tfcodec.export.graph.rans_graph import to_bytes
from tfcodec.export.graph.rans_graph import to_strings
from tfcodec.export.serving.batches import channel_rows
from tfcodec.export.serving.batches import each_image
from tfcodec.export.serving.batches import first_bad
from tfcodec.export.serving.batches import require
from tfcodec.export.serving.batches import require_room
from tfcodec.export.serving.batches import scale_rows
from tfcodec.export.serving.batches import to_hundredths
from tfcodec.export.serving.image_graph import MAX_SIDE
from tfcodec.export.serving.image_graph import decode_rgb
from tfcodec.export.serving.tensor_graph import TensorGraph
from tfcodec.export.serving.tensor_graph import shared
from tfcodec.limits import HYPER_LATENT_MAX


class Decoded(NamedTuple):
    """The integers of a batch of files, padded to the largest image."""

    z: tf.Tensor  # int32 (batch, elements)
    residual: tf.Tensor  # int32 (batch, elements)
    hundredths: tf.Tensor  # int32 (batch,), the quality
    height: tf.Tensor  # int32 (batch,), in pixels
    width: tf.Tensor  # int32 (batch,)


class ServingGraph:
    """The functions behind the signatures of a SavedModel.

    Args:
        codec: `Codec` with tables that belong to its weights.
        max_pixels: int, the largest image that is taken, either way.

    Raises:
        ValueError: see `CodecGraph`.
    """

    def __init__(self, codec, max_pixels):
        self._max_pixels = max_pixels
        self._codec = CodecGraph(codec)
        self.tensors = TensorGraph(self._codec, max_pixels)
        self._rans = RansGraph(codec.coding.tables)
        self._container = ContainerGraph(
            codec.identifier, codec.coding.model_hash, max_pixels
        )
        self.has_residual = self._codec.network is not None
        self._channels = self._codec.first_channels
        self.compress = shared(
            self._compress,
            tf.TensorSpec([None], tf.string),
            tf.TensorSpec([None], tf.float32),
        )
        self._decode = shared(
            self._decode_symbols, tf.TensorSpec([None], tf.string)
        )

    # Files. ---------------------------------------------------------------

    def _compress(self, image_bytes, quality):
        """Image files to `.tfc` files.

        Args:
            image_bytes: string `(batch,)`.
            quality: float32 `(batch,)`, 1..100.

        Returns:
            string `(batch,)`.
        """
        hundredths = to_hundredths(quality, tf.size(image_bytes))

        def one(i):
            pixels = decode_rgb(image_bytes[i], i, self._max_pixels)
            size = tf.shape(pixels)[:2]
            return size, *self.tensors.symbols(pixels, hundredths[i])

        sizes, z, residual, indexes = each_image(
            one, tf.size(image_bytes), [tf.int32] * 4
        )
        height, width = tf.unstack(tf.reshape(sizes.values, [-1, 2]), axis=1)
        room = require_room(self._latents(height, width))
        with tf.control_dependencies([room]):
            values = [z.to_tensor()]
        rows = [channel_rows(z.row_lengths(), self._channels)]
        if self.has_residual:
            values.append(residual.to_tensor())
            rows.append(scale_rows(indexes, self._channels))
        payload, num_bytes, status, numbers = self._rans.encode(values, rows)
        with tf.control_dependencies([self._rans.check(status, numbers)]):
            payload = tf.identity(payload)
        file = self._container.format(
            payload, num_bytes, width, height, hundredths
        )
        return to_strings(*file)

    def _decode_symbols(self, compressed_bytes) -> Decoded:
        """`.tfc` files, string `(batch,)`, to their integers."""
        octets, num_bytes = to_bytes(compressed_bytes)
        file = self._container.parse(octets, num_bytes)
        long = tf.maximum(file.height, file.width) > MAX_SIDE
        text = f"The file declares a side of more than {MAX_SIDE:,} pixels."
        # Before anything of the declared size is allocated.
        checks = [
            self._container.check(file.status, file.numbers),
            require(*first_bad(long), text),
            require_room(self._latents(file.height, file.width)),
        ]
        with tf.control_dependencies(checks):
            height, width = tf.identity(file.height), tf.identity(file.width)
        payload = self._container.latents(octets, file.begin, file.length)
        rows, columns = self._codec.z_shape(height, width)
        count, decoder = rows * columns * self._channels, self._rans.decoder
        state = decoder.start(payload, file.length)
        state, z = decoder.decode_segment(
            state, channel_rows(count, self._channels)
        )
        residual = tf.zeros_like(z)
        if self.has_residual:
            beyond = tf.reduce_any(tf.abs(z) > HYPER_LATENT_MAX, axis=1)
            text = "A hyper-latent is out of range."
            checks = [
                self._rans.check(state.status, state.numbers),
                require(*first_bad(beyond), text),
            ]
            with tf.control_dependencies(checks):
                z = tf.identity(z)
            (indexes,) = each_image(
                lambda i: [
                    self._codec.indexes(
                        z[i, : count[i]],
                        file.hundredths[i],
                        height[i],
                        width[i],
                    )
                ],
                tf.size(num_bytes),
                [tf.int32],
            )
            state, residual = decoder.decode_segment(
                state, scale_rows(indexes, self._channels)
            )
        state = decoder.finish(state)
        check = self._rans.check(state.status, state.numbers)
        with tf.control_dependencies([check]):
            coded = tf.identity(z), tf.identity(residual)
        return Decoded(*coded, file.hundredths, height, width)

    def decompress(self, compressed_bytes, encode):
        """`.tfc` files to image files.

        Args:
            compressed_bytes: string `(batch,)`.
            encode: function of pixels, uint8 `(height, width, 3)`, to a
                string scalar.

        Returns:
            string `(batch,)`.
        """
        decoded = self._decode(compressed_bytes)
        (files,) = each_image(
            lambda i: [tf.reshape(encode(self._image(decoded, i)), [1])],
            tf.size(decoded.height),
            [tf.string],
        )
        return files.values

    def decompress_pixels(self, compressed_bytes):
        """`.tfc` files to pixels and sizes.

        Returns:
            uint8 `(batch, largest height, largest width, 3)`, zeros beyond an
            image; its height and its width, int32 `(batch,)`.
        """
        decoded = self._decode(compressed_bytes)
        height, width = (
            tf.reduce_max(tf.pad(sides, [[0, 1]]))
            for sides in (decoded.height, decoded.width)
        )

        def one(i):
            below, right = height - decoded.height[i], width - decoded.width[i]
            pixels = self._image(decoded, i)
            pixels = tf.pad(pixels, [[0, below], [0, right], [0, 0]])
            return [tf.reshape(pixels, [-1])]

        (pixels,) = each_image(one, tf.size(decoded.height), [tf.uint8])
        shape = tf.stack([tf.size(decoded.height), height, width, 3])
        pixels = tf.reshape(pixels.values, shape)
        return pixels, decoded.height, decoded.width

    # Parts of the above. ----------------------------------------------------

    def _latents(self, height, width):
        """How many latents images have; sizes in pixels."""
        channels = self._channels
        if self.has_residual:
            channels = self._codec.network.latent_channels
        return blocks(height) * blocks(width) * channels

    def _image(self, decoded, i):
        """Pixels of one image of a batch."""
        height, width = decoded.height[i], decoded.width[i]
        rows, columns = self._codec.z_shape(height, width)
        z = decoded.z[i, : rows * columns * self._channels]
        residual = decoded.residual[i]
        if self.has_residual:
            residual = residual[: self._latents(height, width)]
        return self.tensors.pixels(
            z, residual, decoded.hundredths[i], height, width
        )
