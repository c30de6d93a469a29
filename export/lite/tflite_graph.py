"""A codec in builtin ops of TFLite: the functions behind the signatures.

One image at a time, numeric tensors, and a status instead of an error, of
`ImageStatus`, `ContainerStatus` or `Status` (docs/mobile.md has them all).
Whatever is wrong, what comes out is a single zero (or position of zeros), since
LiteRT's Python cannot return empty tensors, and nothing is allocated for it. A
model for one size has zeros of that size.
"""

import math

import tensorflow as tf

from tfcodec.export.graph.tensors import part
from tfcodec.export.lite.tflite_steps import ImageStatus
from tfcodec.export.lite.tflite_steps import LiteSteps
from tfcodec.export.lite.tflite_steps import first_wrong
from tfcodec.export.lite.tflite_steps import no_elements
from tfcodec.export.lite.tflite_steps import same_grid
from tfcodec.export.lite.tflite_tiles import LiteTiles
from tfcodec.limits import BLOCK

_INT = tf.TensorSpec([], tf.int32)
_OCTETS = tf.TensorSpec([None], tf.uint8)


class LiteGraph(tf.Module):
    """Functions of numeric tensors, by the names of their signatures.

    Args:
        codec: `Codec` with tables that belong to its weights.
        max_pixels: int, the largest image that is taken, either way.
        size: `(height, width)` of all images, multiples of 16, so that
            delegates know all shapes; None for images of any size.

    Raises:
        ValueError: see `CodecGraph`.
    """

    def __init__(self, codec, max_pixels, size=None):
        super().__init__(name="lite")
        self._steps = LiteSteps(codec, max_pixels, size)
        self._tiles = LiteTiles(self._steps)
        self._names = ("z", "residual") if self._steps.has_residual else ("z",)

    def signatures(self):
        """`tf.function`s by name, with the shapes of their arguments."""
        one, picture = self._specs(self._steps.size), self._specs(None)
        image = {"pixels": one["pixels"], "quality": _INT}
        coded, of_any_size = (
            {**{name: specs[name] for name in self._names}, "quality": _INT}
            for specs in (one, picture)
        )
        arguments = {
            "compress": image,
            "decompress": {"compressed": _OCTETS},
            "analysis": image,
            "synthesis": coded,
            "entropy_encode": {**of_any_size, "height": _INT, "width": _INT},
            "entropy_decode": {"compressed": _OCTETS},
        }
        functions = {name: getattr(self, name) for name in arguments}
        tiles = self._tiles.arguments(one, picture)
        arguments.update(tiles)
        functions.update({name: getattr(self._tiles, name) for name in tiles})
        return {
            name: _function(functions[name], specs)
            for name, specs in arguments.items()
        }

    def _specs(self, size):
        """Specs of pixels and of what is coded, for one size or None."""
        sides = size or (None, None)
        z_sides = self._steps.codec.z_shape(*size) if size else sides
        first = self._steps.codec.first_channels
        found = {
            "pixels": tf.TensorSpec([*sides, 3], tf.uint8),
            "z": tf.TensorSpec([*z_sides, first], tf.int32),
        }
        if self._steps.has_residual:
            grid = [side and side // BLOCK for side in sides]
            channels = self._steps.codec.network.latent_channels
            found["residual"] = tf.TensorSpec([*grid, channels], tf.int32)
        return found

    # Signatures. ----------------------------------------------------------

    def compress(self, pixels, quality):
        """uint8 `(height, width, 3)` and hundredths to a `.tfc` file."""
        z, residual, indexes, status = self._steps.analyse(pixels, quality)
        height, width = self._steps.sides(pixels)
        file, verdict = self._steps.format(
            z, residual, indexes, height, width, quality, status
        )
        return {"compressed": file, "status": verdict}

    def decompress(self, compressed):
        """A `.tfc` file to uint8 `(height, width, 3)`."""
        z, residual, quality, height, width, status = self._steps.parse(
            compressed
        )
        if self._steps.size is not None:
            other = tf.not_equal([height, width], self._steps.size)
            status = first_wrong(status, tf.reduce_any(other), ImageStatus.GRID)
            grids = self._steps.grids(*self._steps.size)
            z, residual = (
                _sized(x, math.prod(grid))
                for x, grid in zip((z, residual), grids, strict=True)
            )

        def cropped():
            if self._steps.size is not None:
                return self._steps.synthesise(z, residual, quality, *grids)
            x = self._steps.synthesise(
                z, residual, quality, *self._steps.grids(height, width)
            )
            return part(x, 0, 0, height, width)

        shape = (*(self._steps.size or (1, 1)), 3)
        pixels = tf.cond(
            tf.equal(status, 0), cropped, lambda: tf.zeros(shape, tf.uint8)
        )
        return {"pixels": pixels, "status": status}

    def analysis(self, pixels, quality):
        """Pixels and hundredths to what is coded, int32 grids."""
        z, residual, _, status = self._steps.analyse(pixels, quality)
        if self._steps.size is not None:
            grids = self._steps.grids(*self._steps.size)
            found = {
                name: tf.reshape(x, grid)
                for name, x, grid in zip(
                    self._names, (z, residual), grids, strict=False
                )
            }
            return {**found, "status": status}
        sides = self._steps.sides(pixels)
        return {**self._coded(z, residual, *sides, status), "status": status}

    def synthesis(self, z, quality, residual=None):
        """What was coded to whole blocks of pixels."""
        first = z if residual is None else residual
        height, width = (BLOCK * tf.shape(first)[i] for i in (0, 1))
        grids = self._steps.grids(*(self._steps.size or (height, width)))
        status = self._steps.check(height, width, quality)
        status = same_grid(status, z, grids[0])

        if self._steps.size is not None:
            fine = tf.cast(tf.equal(status, 0), tf.float32)
            quality = tf.clip_by_value(quality, 100, 10000)
            pixels = self._steps.synthesise(z, residual, quality, *grids, fine)
        else:
            pixels = tf.cond(
                tf.equal(status, 0),
                lambda: self._steps.synthesise(z, residual, quality, *grids),
                lambda: tf.zeros([1, 1, 3], tf.uint8),
            )
        return {"pixels": pixels, "status": status}

    def entropy_encode(self, z, quality, height, width, residual=None):
        """What is coded, with the size in pixels, to a `.tfc` file."""
        residual = no_elements() if residual is None else residual
        status = self._steps.check(height, width, quality)
        grids = self._steps.grids(height, width)
        for grid, x in zip(grids, (z, residual), strict=False):
            status = same_grid(status, x, grid)
        status = self._steps.check_z(z, status)
        z, residual = tf.reshape(z, [-1]), tf.reshape(residual, [-1])
        indexes = self._steps.indexes(z, quality, height, width, status)
        file, status = self._steps.format(
            z, residual, indexes, height, width, quality, status
        )
        return {"compressed": file, "status": status}

    def entropy_decode(self, compressed):
        """A `.tfc` file to what was coded, and the header's numbers."""
        z, residual, quality, height, width, status = self._steps.parse(
            compressed
        )
        found = self._coded(z, residual, height, width, status)
        names = ("quality", "height", "width", "status")
        numbers = (quality, height, width, status)
        return {**found, **dict(zip(names, numbers, strict=True))}

    def _coded(self, z, residual, height, width, status):
        """Grids by name; of one position, zeros, if the status is not 0."""
        grids = self._steps.grids(height, width)
        return {
            name: tf.cond(
                tf.equal(status, 0),
                lambda x=x, grid=grid: tf.reshape(x, tf.stack(grid)),
                lambda grid=grid: tf.zeros([1, 1, grid[2]], tf.int32),
            )
            for name, x, grid in zip(
                self._names, (z, residual), grids, strict=False
            )
        }


def _function(method, specs):
    names, specs = tuple(specs), tuple(specs.values())

    def call(*arguments):
        return method(**dict(zip(names, arguments, strict=True)))

    specs = [
        tf.TensorSpec(spec.shape, spec.dtype, name)
        for name, spec in zip(names, specs, strict=True)
    ]
    return tf.function(call, input_signature=specs, autograph=False)


def _sized(x, count):
    """`count` elements, an int: a branch may not reshape any others."""
    x = tf.slice(tf.pad(x, [[0, count]]), [0], [count])
    return tf.reshape(x, [count])
