"""The steps of a codec over whole pictures, in tiles if they are large.

The memory that networks need is that of a tile. Each step keeps what it makes
of all tiles before the next one begins, so every tile sees exact inputs, with
margins as wide as the networks of the step look: seams differ from the rest
in nothing, and no integer depends on the tiles but for the last bit of floats
from which it is rounded.
"""

from collections.abc import Callable
from typing import Any
from typing import TypeAlias

import numpy as np

from tfcodec.coding.tables import VALUE_MAX
from tfcodec.coding.tables import VALUE_MIN
from tfcodec.limits import BLOCK
from tfcodec.limits import HYPER_BLOCK
from tfcodec.tiles import Tile
from tfcodec.tiles import cut
from tfcodec.tiles import cut_blocks
from tfcodec.tiles import plan
from tfcodec.tiles import put

_INDEX_REACH = 5  # of the integer network: a hyper-latent and a latent
_COARSE = 1 / HYPER_BLOCK  # hyper-latents per latent

# Of two ints: how many tiles or steps are done, and how many there are.
Report: TypeAlias = Callable[[int, int], None]


class TiledSteps:
    """What `FileCodec` does with one picture; each method is one step.

    All arrays have a batch of 1.

    Args:
        codec: `FileCodec`.
        height, width: ints, of the picture in pixels.
        report: function of two ints, see `expect`; or None.
    """

    def __init__(
        self,
        codec: Any,
        height: int,
        width: int,
        report: Report | None = None,
    ):
        self._codec = codec
        self._size = height, width
        self.grid = -(-height // BLOCK), -(-width // BLOCK)
        self._reach = {**codec.reach, "indexes": _INDEX_REACH}
        self._report = report
        self._done = self._total = 0

    @property
    def has_residual(self) -> bool:
        return self._codec.coding.network is not None

    def expect(self, *steps: str) -> None:
        """Says which steps will come, by the names of the methods.

        After each tile of them `report(done, total)` is called, with how many
        tiles have been done and how many there are.
        """
        self._done = 0
        self._total = sum(len(self.tiles(step)) for step in steps)

    def tiles(self, step: str) -> list[Tile]:
        """The tiles of a step, see `tfcodec.tiles.plan`."""
        # Hyper-latents come whole, and the checkerboard repeats within one.
        free = step in ("analyse", "synthesise") or not self.has_residual
        return plan(
            self.grid,
            self._codec.tile_pixels // BLOCK**2,
            self._reach["dequantize" if step == "residuals" else step],
            1 if free else HYPER_BLOCK,
        )

    # Steps. ---------------------------------------------------------------

    def analyse(self, image: np.ndarray) -> np.ndarray:
        """uint8 `(1, height, width, 3)` to latents, float32."""

        def run(tile: Tile) -> np.ndarray:
            pixels = cut_blocks(image, tile, BLOCK)
            return np.asarray(self._codec.run_analyse(_floats(pixels)))

        return self._in_tiles("analyse", run, self.grid, 1)

    def hyper(self, y: np.ndarray, quality: np.ndarray) -> np.ndarray:
        """Latents to the integers that are coded first, int16."""

        def run(tile: Tile) -> np.ndarray:
            z = self._codec.run_hyper(cut(y, tile, 1), quality)
            return self.coded(np.asarray(z))

        return self._in_tiles("hyper", run, *self.hyper_grid())

    def coded(self, z: np.ndarray) -> np.ndarray:
        """Rounded hyper-latents as int16, where a table can hold them."""
        tables = self._codec.coding.tables
        channels = self._codec.first_channels()
        is_skipped = tables.size[:channels] == 1
        coded = np.where(is_skipped, tables.offset[:channels], z)
        return coded.astype(np.int16)

    def indexes(self, z: np.ndarray, quality: np.ndarray) -> np.ndarray:
        """Hyper-latents to the indexes of tables, uint8."""
        network = self._codec.coding.network
        hundredths = round(float(quality[0]) * 100)

        def run(tile: Tile) -> np.ndarray:
            height, width = (span.stop - span.start for span in tile)
            part = cut(z, tile, _COARSE)[0]
            indexes: np.ndarray = network(part, hundredths, height, width)
            return indexes[None].astype(np.uint8)

        return self._in_tiles("indexes", run, self.grid, 1)

    def residuals(
        self,
        y: np.ndarray,
        z: np.ndarray,
        indexes: np.ndarray,
        quality: np.ndarray,
    ) -> np.ndarray:
        """Latents to the integers that are coded second, int16."""

        def run(tile: Tile) -> np.ndarray:
            residual = self._codec.run_residuals(
                cut(y, tile, 1),
                _floats(cut(z, tile, _COARSE)),
                _floats(cut(indexes, tile, 1)),
                quality,
            )
            clipped = np.clip(np.asarray(residual), VALUE_MIN, VALUE_MAX)
            return np.asarray(clipped, np.int16)

        return self._in_tiles("residuals", run, self.grid, 1)

    def dequantize(
        self, z: np.ndarray, residual: np.ndarray, quality: np.ndarray
    ) -> np.ndarray:
        """Coded integers to latents, float32."""

        def run(tile: Tile) -> np.ndarray:
            y_hat = self._codec.run_dequantize(
                _floats(cut(z, tile, _COARSE)),
                _floats(cut(residual, tile, 1)),
                quality,
            )
            return np.asarray(y_hat)

        return self._in_tiles("dequantize", run, self.grid, 1)

    def synthesise(self, y_hat: np.ndarray, quality: np.ndarray) -> np.ndarray:
        """Latents, or z of models with one stream, to pixels, uint8."""

        def run(tile: Tile) -> np.ndarray:
            part = _floats(cut(y_hat, tile, 1))
            pixels = self._codec.run_synthesise(part, quality)
            return np.asarray(pixels).astype(np.uint8)

        return self._in_tiles("synthesise", run, self._size, BLOCK)

    def hyper_grid(self) -> tuple[tuple[int, int], float]:
        """Rows and columns of the first stream, and its scale per latent."""
        if not self.has_residual:
            return self.grid, 1
        rows, columns = (-(-n // HYPER_BLOCK) for n in self.grid)
        return (rows, columns), _COARSE

    def _in_tiles(
        self,
        step: str,
        run: Callable[[Tile], np.ndarray],
        size: tuple[int, int],
        scale: float,
    ) -> np.ndarray:
        """What `run` makes of all tiles, as one array of `size`."""
        tiles = self.tiles(step)
        whole = np.empty(0)
        for number, tile in enumerate(tiles):
            part = run(tile)
            if number == 0:
                whole = np.empty((1, *size, part.shape[3]), part.dtype)
            put(whole, part, tile, scale)
            self._done += 1
            if self._report:
                self._report(self._done, self._total)
        if len(tiles) > 1:
            self._codec.release()
        return whole


def _floats(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32)
