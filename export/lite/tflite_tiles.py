"""The signatures with which an app codes a picture in tiles; docs/mobile.md.

Latents and hyper-latents come tile by tile. The table rows follow from all
hyper-latents, in integers, so they are found once for the whole picture; then
come the residuals, tile by tile, whose means may differ a little from a
decoder's where a margin is small, but whose rows are the file's.
"""

import tensorflow as tf

from tfcodec.export.graph.codec_graph import blocks
from tfcodec.export.lite.tflite_steps import ImageStatus
from tfcodec.export.lite.tflite_steps import first_wrong
from tfcodec.export.lite.tflite_steps import same_grid
from tfcodec.limits import BLOCK
from tfcodec.limits import HYPER_BLOCK

_INT = tf.TensorSpec([], tf.int32)
_SIZES = {"height": _INT, "width": _INT}


class LiteTiles:
    """Functions of numeric tensors, by the names of their signatures.

    With one size of tiles, `height` and `width` say how much of a tile is in
    the picture; otherwise a tile ends where the picture does.

    Args:
        steps: `LiteSteps` of a model with two streams.
    """

    def __init__(self, steps):
        self._steps = steps

    def arguments(self, tile, picture):
        """Specs of the arguments by signature; none if there can be no tiles.

        Args:
            tile, picture: dicts of the specs of `pixels`, `z` and `residual`
                for a tile, and for a picture of any size.
        """
        size = self._steps.size
        whole = BLOCK * HYPER_BLOCK
        if not self._steps.has_residual or any(n % whole for n in size or ()):
            return {}
        y = tf.TensorSpec(tile["residual"].shape, tf.float32)
        z = {"z": tile["z"]}
        sizes = {"quality": _INT, **(_SIZES if size else {})}
        found = {
            "latents": {"pixels": tile["pixels"], "quality": _INT},
            "indexes": {"z": picture["z"], "quality": _INT, **_SIZES},
            "residuals": {"y": y, **z, "indexes": tile["residual"], **sizes},
        }
        if size:
            residual = {"residual": tile["residual"]}
            found["synthesis_tile"] = {**z, **residual, **sizes}
        return found

    # Signatures. ----------------------------------------------------------

    def latents(self, pixels, quality):
        """Pixels to latents, float32 before the gain, and hyper-latents."""
        steps = self._steps
        sides = steps.sides(pixels)
        status = steps.check(*sides, quality)

        def work(quality):
            with steps.networks():
                y = steps.latents(pixels)
                return tf.squeeze(y, 0), steps.codec.hyper_latents(y, quality)

        z_grid, grid = steps.grids(*sides)
        specs = [(grid, tf.float32), (z_grid, tf.int32)]
        y, z = self._if_fine(status, quality, work, specs)
        return {"y": y, "z": z, "status": status}

    def indexes(self, z, quality, height, width):
        """All hyper-latents of a picture to its scale indexes."""
        steps = self._steps
        status = steps.check(height, width, quality)
        z_grid, grid = steps.grids(height, width)
        status = same_grid(status, z, z_grid)
        status = steps.check_z(z, status)
        found = steps.indexes(
            tf.reshape(z, [-1]), quality, height, width, status
        )
        fine = tf.equal(status, 0)
        found = tf.cond(
            fine,
            lambda: tf.reshape(found, tf.stack(grid)),
            lambda: tf.zeros([1, 1, grid[2]], tf.int32),
        )
        return {"indexes": found, "status": status}

    def residuals(self, y, z, indexes, quality, height=None, width=None):
        """What `latents` and `indexes` gave, of a tile, to its residuals."""
        steps = self._steps
        sides, part, status = self._sides(indexes, quality, height, width)
        z_grid, grid = steps.grids(*sides)
        for x, expected in ((y, grid), (indexes, grid), (z, z_grid)):
            status = same_grid(status, x, expected)

        def work(quality):
            with steps.networks(part):
                latents = tf.expand_dims(y, 0)
                return (steps.codec.residuals(latents, z, indexes, quality),)

        specs = [(grid, tf.int32)]
        (residual,) = self._if_fine(status, quality, work, specs)
        return {"residual": residual, "status": status}

    def synthesis_tile(self, z, residual, quality, height, width):
        """A tile of what was coded to pixels, zeros if the status is not 0."""
        steps = self._steps
        sides, part, status = self._sides(residual, quality, height, width)
        grids = steps.grids(*sides)
        fine = tf.cast(tf.equal(status, 0), tf.float32)
        quality = tf.clip_by_value(quality, 100, 10000)
        pixels = steps.synthesise(z, residual, quality, *grids, fine, part)
        return {"pixels": pixels, "status": status}

    def _sides(self, like, quality, height, width):
        """Sides of a tile in pixels, its `part` in latents, and the status.

        `like` is as large as the tile; a part is None where all of it is in
        the picture.
        """
        steps = self._steps
        if steps.size is None:
            sides = [BLOCK * side for side in tf.unstack(tf.shape(like)[:2])]
            return sides, None, steps.check(*sides, quality)
        status = steps.check(*steps.size, quality)
        for part, side in zip((height, width), steps.size, strict=True):
            bad = tf.logical_or(part < 1, part > side)
            status = first_wrong(status, bad, ImageStatus.GRID)
        return steps.size, (blocks(height), blocks(width)), status

    def _if_fine(self, status, quality, work, specs):
        """What `work` makes of a quality, or zeros.

        Args:
            specs: pairs of a shape and a dtype; zeros are of one position
                where a tile may have any size.
        """
        fine = tf.equal(status, 0)
        if self._steps.size is not None:
            found = work(tf.clip_by_value(quality, 100, 10000))
            return [
                tf.reshape(x, grid) * tf.cast(fine, dtype)
                for x, (grid, dtype) in zip(found, specs, strict=True)
            ]
        return tf.cond(
            fine,
            lambda: tuple(work(quality)),
            lambda: tuple(
                tf.zeros([1, 1, grid[2]], dtype) for grid, dtype in specs
            ),
        )
