"""The steps of a codec for one image, in builtin ops of TFLite.

A status goes through them, of `ImageStatus`, `ContainerStatus` or `Status`.
Once it is not 0, the steps work on nothing.
"""

import contextlib
import enum

import tensorflow as tf

from tfcodec.bitstream.container import MAX_SIDE
from tfcodec.export.graph.codec_graph import CodecGraph
from tfcodec.export.graph.codec_graph import blocks
from tfcodec.export.graph.codec_graph import levels
from tfcodec.export.graph.codec_graph import quality_of
from tfcodec.export.graph.container_graph import ContainerGraph
from tfcodec.export.graph.container_status import ContainerStatus
from tfcodec.export.graph.rans_graph import RansGraph
from tfcodec.export.graph.tensors import head
from tfcodec.export.lite.conversion import Constants
from tfcodec.export.lite.tile_masks import masked_convolutions
from tfcodec.limits import BLOCK
from tfcodec.limits import HYPER_LATENT_MAX


class ImageStatus(enum.IntEnum):
    """What neither the container nor the coder can find wrong.

    Numbers are never used for something else, and are in no other enumeration.
    """

    HYPER_LATENT = 201  # Out of range for the integer network.
    GRID = 202  # Tensors that do not belong to the width and height.


class LiteSteps:
    """What the signatures of `LiteGraph` are made of; its arguments."""

    def __init__(self, codec, max_pixels, size=None):
        self.codec = CodecGraph(codec)
        self._rans = RansGraph(codec.coding.tables)
        self._container = ContainerGraph(
            codec.identifier, codec.coding.model_hash, max_pixels
        )
        self._max_pixels = max_pixels
        self.size = size
        self.has_residual = self.codec.network is not None
        self._constants = Constants(codec.model)

    @contextlib.contextmanager
    def networks(self, part=None):
        """Within it the networks can be traced.

        Args:
            part: int32 scalars `(rows, columns)`, the latents of a tile of
                `size` that are in the picture; None for all.
        """
        with self._constants():
            if part is None:
                yield
                return
            with masked_convolutions(self.codec.model, *part, self.size):
                yield

    def analyse(self, pixels, quality):
        """Flat symbols and indexes, empty or zeros if the status is not 0."""
        height, width = self.sides(pixels)
        status = self.check(height, width, quality)

        def work(quality):
            with self.networks():
                y = self.latents(pixels)
                return tuple(self.codec.symbols(y, quality))

        if self.size is None:
            symbols = tf.cond(
                tf.equal(status, 0),
                lambda: work(quality),
                lambda: (no_elements(),) * 3,
            )
        else:
            symbols = work(tf.clip_by_value(quality, 100, 10000))
            fine = tf.cast(tf.equal(status, 0), tf.int32)
            symbols = [x * fine for x in symbols]
        return *symbols, status

    def latents(self, pixels):
        """float32 `(1, rows, columns, channels)`, within `networks`."""
        if self.size is None:
            return self.codec.latents(pixels)
        # Nothing to extend.
        x = tf.expand_dims(tf.cast(pixels, tf.float32), 0)
        return self.codec.model.analyse(x)

    def synthesise(
        self, z, residual, quality, z_grid, grid, factor=1.0, part=None
    ):
        """uint8 `(rows, columns, 3)`, whole blocks, times a factor.

        `part`: see `networks`.
        """
        z = tf.cast(tf.reshape(z, tf.stack([1, *z_grid])), tf.float32)
        if self.has_residual:
            residual = tf.reshape(residual, tf.stack([1, *grid]))
            residual = tf.cast(residual, tf.float32)
        with self.networks(part):
            x = self.codec.model.reconstruct(z, residual, quality_of(quality))
        shape = tf.stack([BLOCK * grid[0], BLOCK * grid[1], 3])
        return tf.cast(tf.reshape(levels(x) * factor, shape), tf.uint8)

    def format(self, z, residual, indexes, height, width, quality, status):
        """The file, uint8 `(bytes,)`, and the status."""
        fine = tf.equal(status, 0)
        count = self.codec.first_channels
        values = [z]
        rows = [tf.range(tf.size(z)) % count]
        if self.has_residual:
            values.append(residual)
            rows.append(indexes + count)
        payload, num_bytes, verdict, _ = self._rans.encode(
            *([_kept(x, fine) for x in part] for part in (values, rows))
        )
        status = tf.where(fine, verdict[0], status)
        file, size = self._container.format(
            payload, num_bytes, width[None], height[None], quality[None]
        )
        file = tf.reshape(file, [-1])
        file = tf.cond(
            tf.equal(status, 0),
            lambda: head(file, size),
            lambda: tf.zeros([1], tf.uint8),
        )
        return file, status

    def parse(self, compressed):
        """Flat symbols of a file, quality, height, width and the status.

        All are empty or 0 if the status is not 0.
        """
        octets = tf.reshape(compressed, [1, -1])
        file = self._container.parse(octets, tf.shape(octets)[1:])
        status, quality = file.status[0], file.hundredths[0]
        height, width = file.height[0], file.width[0]
        count = tf.reduce_prod(self.grids(height, width)[0])
        decoder = self._rans.decoder
        payload = self._container.latents(octets, file.begin, file.length)
        state = decoder.start(payload, file.length)
        rows = tf.range(count) % self.codec.first_channels
        state, z = decoder.decode_segment(state, _row(rows))
        residual = _row(no_elements())
        if self.has_residual:
            verdict = self.check_z(z, state.status[0])
            status = tf.where(tf.equal(status, 0), verdict, status)
            indexes = self.indexes(z[0], quality, height, width, status)
            rows = indexes + self.codec.first_channels
            state, residual = decoder.decode_segment(state, _row(rows))
        verdict = decoder.finish(state).status[0]
        status = tf.where(tf.equal(status, 0), verdict, status)
        fine = tf.equal(status, 0)
        numbers = (
            tf.where(fine, number, 0) for number in (quality, height, width)
        )
        z, residual = (
            _kept(tf.reshape(x, [-1]), fine)[0] for x in (z, residual)
        )
        return z, residual, *numbers, status

    def indexes(self, z, quality, height, width, status):
        """Scale indexes, flat; none if the status is not 0."""
        if not self.has_residual:
            return no_elements()
        return tf.cond(
            tf.equal(status, 0),
            lambda: self.codec.indexes(z, quality, height, width),
            no_elements,
        )

    def check(self, height, width, quality):
        """The status of a picture and a quality."""
        status = tf.zeros_like(quality)
        bad = tf.logical_or(height < 1, width < 1)
        status = first_wrong(status, bad, ContainerStatus.ZERO_SIZE)
        # Without a product, which may not fit.
        many = width > self._max_pixels // tf.maximum(height, 1)
        many = tf.logical_or(many, tf.maximum(height, width) > MAX_SIDE)
        status = first_wrong(status, many, ContainerStatus.PIXELS)
        bad = tf.logical_or(quality < 100, quality > 10000)
        return first_wrong(status, bad, ContainerStatus.QUALITY)

    def check_z(self, z, status):
        bad = tf.reduce_any(tf.abs(z) > HYPER_LATENT_MAX)
        if not self.has_residual:
            return status
        return first_wrong(status, bad, ImageStatus.HYPER_LATENT)

    def sides(self, pixels):
        """Height and width, int32."""
        return tf.unstack(tf.shape(pixels)[:2])

    def grids(self, height, width):
        """Shapes of z and residual, for sizes in pixels."""
        channels = self.codec.first_channels
        grids = [[*self.codec.z_shape(height, width), channels]]
        if self.has_residual:
            channels = self.codec.network.latent_channels
        return [*grids, [blocks(height), blocks(width), channels]]


def first_wrong(status, bad, code):
    """`code` where `bad`, unless something was wrong before."""
    bad = tf.logical_and(bad, tf.equal(status, 0))
    return tf.where(bad, int(code), status)


def same_grid(status, x, grid):
    """The status, `GRID` if `x` does not have that shape."""
    same = tf.reduce_all(tf.equal(tf.shape(x), tf.stack(grid)))
    return first_wrong(status, tf.logical_not(same), ImageStatus.GRID)


def no_elements():
    return tf.zeros([0], tf.int32)


def _row(x):
    return tf.reshape(x, [1, -1])


def _kept(x, fine):
    """int32 `(1, elements)`; without elements unless `fine`."""
    size = tf.where(fine, tf.size(x), 0)
    return _row(head(x, size))
