"""Pictures to JPEG files at a step, and the choice of chroma subsampling."""

import dataclasses

import numpy as np

from tfcodec.errors import TfcodecError
from tfcodec.jpeg import blocks
from tfcodec.jpeg import quantize
from tfcodec.jpeg.file import jpeg_file
from tfcodec.jpeg.scans import Component
from tfcodec.jpeg.symbols import ac_symbols
from tfcodec.jpeg.symbols import dc_symbols
from tfcodec.jpeg.tables import TableNetwork
from tfcodec.jpeg.tables import lmbda_of
from tfcodec.jpeg.tables import picture_tiles

MAX_SIDE = 65535


class JpegEncoder:
    """Encodes one picture, at any number of qualities.

    Args:
        image: uint8 `(height, width, 3)` or `(height, width, 1)`.
        subsampled: bool, 4:2:0 or 4:4:4; None: whichever is better.
        progressive: bool, else baseline sequential.
        per_picture: bool. Tables for this picture, else the same for all.
        trellis: bool. Levels by rate and distortion, else rounded.
        compensate: bool. Y makes up for errors of the chroma.
        network: `TableNetwork`, None for the one that comes with tfcodec.
        segments: see `file.jpeg_file`.

    Raises:
        ValueError: `image` is something else.
        TfcodecError: a side has more than 65535 pixels.
    """

    def __init__(
        self,
        image,
        subsampled=None,
        progressive=True,
        per_picture=True,
        trellis=True,
        compensate=True,
        network=None,
        segments=(),
    ):
        image = np.asarray(image)
        if (
            image.dtype != np.uint8
            or image.ndim != 3
            or image.shape[2] not in (1, 3)
            or 0 in image.shape
        ):
            raise ValueError(
                "`image` must be uint8 (height, width, 1 or 3), not empty. "
                f"Received: {image.dtype} {image.shape}"
            )
        if max(image.shape[:2]) > MAX_SIDE:
            raise TfcodecError(
                f"a JPEG file holds {MAX_SIDE} pixels a side, the image has "
                f"{image.shape[1]} x {image.shape[0]}"
            )
        self.image = image
        self._full = blocks.components(image)
        self._network = network or TableNetwork.packaged()
        self._features = None
        if per_picture:
            self._features = self._network.features(picture_tiles(image))
        self._subsampled = False if image.shape[2] == 1 else subsampled
        self._progressive = progressive
        self._trellis = trellis
        self._compensate = compensate
        self._segments = tuple(segments)
        self._cache = {}

    def encode(self, quality):
        """The file at a quality, 1..100, as bytes."""
        return self.encode_at(self._network.log_step(quality))

    def encode_at(self, log_step):
        """The file at a step, as bytes; see `tables.lmbda_of`."""
        subsampled = self.subsampled_at(log_step)
        tables = self._tables(log_step, subsampled)
        lmbda = lmbda_of(log_step)
        parts, luma = [], self._full[0]
        for index, plane in enumerate(self._chroma(subsampled)):
            levels = self._levels(plane, tables[1], lmbda)
            parts.append(plane.component(levels))
            if not self._compensate:
                continue
            error = plane.decoded(levels * tables[1]) - self._full[1 + index]
            luma = luma - np.float32(blocks.LUMA_SHARES[index]) * error
        plane = _Plane.of(luma, 0, subsampled)
        levels = self._levels(plane, tables[0], lmbda)
        parts.insert(0, plane.component(levels))
        return jpeg_file(
            luma.shape,
            parts,
            tables[: min(len(parts), 2)],
            self._progressive,
            self._segments,
        )

    def subsampled_at(self, log_step):
        """bool: whether the file at a step is 4:2:0.

        Unless it was said, the chroma of both is rounded, and the squared
        errors and the entropy of symbols are compared.
        """
        if self._subsampled is not None:
            return self._subsampled
        costs = {}
        for flag in (False, True):
            table = self._tables(log_step, flag)[1]
            costs[flag] = sum(
                plane.cost(table, lmbda_of(log_step), left)
                for plane, left in zip(
                    self._chroma(flag), blocks.LEFT_SHARES, strict=True
                )
            )
        return costs[True] < costs[False]

    def _levels(self, plane, steps, lmbda):
        if not self._trellis:
            return quantize.round_blocks(plane.blocks, steps)
        roots = plane.roots
        return quantize.optimize(plane.blocks * roots, steps * roots, lmbda)

    def _tables(self, log_step, subsampled):
        return self._network.tables(self._features, log_step, subsampled)

    def _chroma(self, subsampled):
        if subsampled not in self._cache:
            self._cache[subsampled] = [
                _Plane.of(plane, index, subsampled)
                for index, plane in enumerate(self._full[1:], 1)
            ]
        return self._cache[subsampled]


@dataclasses.dataclass(frozen=True)
class _Plane:
    """A component before it is quantized.

    Args:
        blocks: float32 `(blocks, 64)`.
        shape: `(rows, columns)` of them.
        size: `(height, width)` of the plane, without padding.
        full_size: the same of the picture.
        factor: see `Component`.
        roots: float32 `(64,)`, of `blocks.error_weights`.
        lost: float, squared RGB error of what 4:2:0 leaves out.
    """

    blocks: np.ndarray
    shape: tuple
    size: tuple
    full_size: tuple
    factor: int
    roots: np.ndarray
    lost: float

    @classmethod
    def of(cls, plane, index, subsampled):
        full_size, lost = plane.shape, 0.0
        if subsampled and index > 0:
            plane, error = blocks.halved(plane)
            lost = float(error * blocks.error_weights(index, False)[0])
        factor = 2 if subsampled and index == 0 else 1
        cells = blocks.to_blocks(plane, factor)
        return cls(
            cells.reshape(-1, 64),
            cells.shape[:2],
            plane.shape,
            full_size,
            factor,
            np.sqrt(blocks.error_weights(index, subsampled and index > 0)),
            lost,
        )

    def component(self, levels):
        used = tuple(-(-n // blocks.SIDE) for n in self.size)
        return Component(levels.reshape(*self.shape, 64), used, self.factor)

    def decoded(self, coefficients):
        """The plane that a decoder makes of them, as large as the picture."""
        cells = coefficients.astype(np.float32).reshape(*self.shape, 64)
        plane = blocks.to_plane(cells, self.size)
        if self.size == self.full_size:
            return plane
        return blocks.doubled(plane, self.full_size)

    def cost(self, steps, lmbda, left):
        """Squared RGB error, of which a share is left, plus the rate, about."""
        levels = quantize.round_blocks(self.blocks, steps)
        errors = (self.blocks - levels * steps) * self.roots
        bits = 0
        for symbols in (dc_symbols(levels[:, 0]), ac_symbols(levels, 1, 63)):
            counts = symbols.counts()
            bits += counts @ quantize.symbol_bits(counts)
            bits += symbols.num_raw_bits()
        error = float(np.square(errors).sum()) + self.lost
        return left * error + lmbda * float(bits)
