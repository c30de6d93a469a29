"""The encoding side of a codec: one image, at any number of qualities."""

import functools
import math
from typing import Any
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tfcodec.bitstream import Container
from tfcodec.bitstream import Metadata
from tfcodec.bitstream import pack
from tfcodec.coding import CdfTables
from tfcodec.coding import encode
from tfcodec.coding.rans import Segment
from tfcodec.limits import BLOCK
from tfcodec.limits import LATENT_MAX
from tfcodec.limits import LATENT_MIN
from tfcodec.limits import MAX_EFFORT
from tfcodec.limits import MAX_QUALITY
from tfcodec.limits import MIN_EFFORT
from tfcodec.limits import MIN_QUALITY
from tfcodec.metrics import bpp
from tfcodec.picture import split
from tfcodec.tiled_steps import Report
from tfcodec.tiled_steps import TiledSteps

# Hyper-latents, residuals, indexes of tables.
Symbols: TypeAlias = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]


class ImageEncoder:
    """One image, analysed once, to be encoded at any number of qualities.

    Args:
        codec: `FileCodec` with tables.
        image: see `FileCodec.compress`.
        metadata: `Metadata` or None.
        roi, roi_gain: see `FileCodec.compress`.

    Raises:
        ValueError: not such an image or region, or stale tables.
    """

    def __init__(
        self,
        codec: Any,
        image: npt.ArrayLike,
        metadata: Metadata | None = None,
        roi: npt.ArrayLike | None = None,
        roi_gain: float = 8.0,
    ):
        picture = split(image)
        codec.require_fresh_coding()
        self.ancillary = picture.sections(metadata)
        self.codec = codec
        self.image = picture.rgb
        self.height, self.width = self.image.shape[:2]
        self._roots: np.ndarray | float = 1.0  # of the weights of pixels
        if roi is not None:
            size = self.height, self.width
            self._roots = weight_roots(roi, roi_gain, size)
        self._y: np.ndarray | None = None

    @functools.cached_property
    def batch(self) -> np.ndarray:
        """float32 `(1, H, W, 3)`, the sides extended to multiples of 16."""
        padding = [(0, -n % BLOCK) for n in self.image.shape[:2]] + [(0, 0)]
        return np.pad(self.image, padding, "edge")[None].astype(np.float32)

    def symbols(
        self, quality: float, effort: int = 1, report: Report | None = None
    ) -> Symbols:
        """`(z_hat, residual, indexes)` as int16, int16 and uint8 arrays
        without a batch; the last two None for models with one stream. See
        `encode`."""
        check_effort(effort)
        quality_array = _as_coded(quality)
        steps = self._steps(report if effort == 1 else None)
        coded = ["hyper"]
        if steps.has_residual:
            coded += ["indexes", "residuals"]
        if self._y is None:
            steps.expect("analyse", *coded)
            self._y = steps.analyse(self.image[None])
        else:
            steps.expect(*coded)
        if effort > 1:
            y, z = self._refined(self._y, quality_array, effort, report)
            z = steps.coded(np.clip(np.rint(z), LATENT_MIN, LATENT_MAX))
        else:
            y, z = self._y, steps.hyper(self._y, quality_array)
        if not steps.has_residual:
            return z[0], None, None
        indexes = steps.indexes(z, quality_array)
        residual = steps.residuals(y, z, indexes, quality_array)
        return z[0], residual[0], indexes[0]

    def _refined(
        self,
        y: np.ndarray,
        quality: np.ndarray,
        effort: int,
        report: Report | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Latents before the gain, and hyper-latents, not rounded."""
        refiner = self.codec.refiner()
        z = np.asarray(self.codec.run_hyper_latents(y, quality))
        pixels = (self.batch, self._inside())
        y, z = refiner(y, z, *pixels, quality, effort, report)
        return y, z

    def _steps(self, report: Report | None = None) -> TiledSteps:
        return TiledSteps(self.codec, self.height, self.width, report)

    def _inside(self) -> np.ndarray:
        """0 where `batch` was extended, else roots of weights: 1 without a
        region of interest."""
        inside = np.zeros((*self.batch.shape[:3], 1), np.float32)
        inside[:, : self.height, : self.width] = self._roots
        return inside

    def segments(self, quality: float) -> list[Segment]:
        """What the coder gets: list of `(values, table rows)` per stream."""
        return self._segments(*self.symbols(quality))

    def _segments(
        self,
        z: np.ndarray,
        residual: np.ndarray | None,
        indexes: np.ndarray | None,
    ) -> list[Segment]:
        channels = self.codec.first_channels()
        rows = first_rows((z.shape[0], z.shape[1]), channels)
        segments: list[Segment] = [(z.reshape(-1), rows)]
        if residual is not None and indexes is not None:
            rows = second_rows(indexes, self.codec.coding.tables, channels)
            segments.append((residual.reshape(-1), rows))
        return segments

    def encode(
        self, quality: float, effort: int = 1, report: Report | None = None
    ) -> bytes:
        """The `.tfc` file.

        Above effort 1 it is the refined file, or that of effort 1 should its
        rate-distortion cost `bpp + lmbda(quality) * distortion` be the lower
        one. Models trained for MS-SSIM refine images from 176 pixels on.

        Args:
            quality: float, 1..100.
            effort: int, 1..5.
            report: function of two ints, steps done and of how many, called
                after each tile, or each step of an effort above 1; or None.

        Returns:
            bytes.

        Raises:
            ValueError: out of range, or an effort above 1 for a model without
                hyper-latents.
        """
        check_effort(effort)
        if effort > 1:
            sides = (n + -n % BLOCK for n in self.image.shape[:2])
            if not self.codec.refiner().can_refine(*sides):
                effort = 1
        symbols = self.symbols(quality, effort, report)
        data = self._pack(symbols, quality)
        if effort == 1:
            return data
        plain = self.symbols(quality)
        plain_data = self._pack(plain, quality)
        cost, plain_cost = (
            self._cost(*pair, quality)
            for pair in ((data, symbols), (plain_data, plain))
        )
        return data if cost < plain_cost else plain_data

    def _pack(self, symbols: Symbols, quality: float) -> bytes:
        coding = self.codec.coding
        return pack(
            Container(
                preset_id=self.codec.identifier,
                model_hash=coding.model_hash,
                width=self.width,
                height=self.height,
                quality=_hundredths(quality) / 100,
                latents=encode(self._segments(*symbols), coding.tables),
                ancillary=self.ancillary,
            )
        )

    def _cost(self, data: bytes, symbols: Symbols, quality: float) -> float:
        """Bits per pixel plus weighted distortion of the decoded pixels."""
        z_hat, residual, _ = symbols
        if residual is None:
            raise ValueError("There is no cost without hyper-latents.")
        coded = _as_coded(quality)
        steps = self._steps()
        y_hat = steps.dequantize(z_hat[None], residual[None], coded)
        x_hat = np.zeros_like(self.batch)  # What is outside does not count.
        x_hat[:, : self.height, : self.width] = steps.synthesise(y_hat, coded)
        rate = bpp(len(data), self.height, self.width)
        inside = self._inside()
        return float(self.codec.cost(rate, x_hat, self.batch, inside, quality))


def first_rows(shape: tuple[int, int], channels: int) -> np.ndarray:
    """Table rows of the first stream: channel c uses row c; int16."""
    return np.tile(np.arange(channels, dtype=np.int16), shape[0] * shape[1])


def second_rows(
    indexes: np.ndarray, tables: CdfTables, channels: int
) -> np.ndarray:
    """Table rows of the second stream, in the smallest type that has them."""
    dtype = np.min_scalar_type(tables.num_tables - 1)
    rows: np.ndarray = np.add(indexes.reshape(-1), channels, dtype=dtype)
    return rows


def _hundredths(quality: float) -> int:
    if not MIN_QUALITY <= quality <= MAX_QUALITY:
        raise ValueError(
            f"`quality` must be in 1..100. Received: quality={quality!r}"
        )
    return round(float(quality) * 100)


def _as_coded(quality: float) -> np.ndarray:
    """The quality of a file as a batch of one, float32."""
    return np.array([_hundredths(quality) / 100], np.float32)


def check_effort(effort: int, roi: npt.ArrayLike | None = None) -> None:
    """Raises ValueError if there is no such effort, or it ignores `roi`."""
    if effort not in range(MIN_EFFORT, MAX_EFFORT + 1):
        raise ValueError(
            f"`effort` must be an integer in {MIN_EFFORT}..{MAX_EFFORT}. "
            f"Received: effort={effort!r}"
        )
    if roi is not None and effort == 1:
        raise ValueError("`roi` needs an `effort` above 1. Received: effort=1")


def weight_roots(
    roi: npt.ArrayLike, gain: float, size: tuple[int, int]
) -> np.ndarray:
    """Square roots of the weights of squared errors.

    A weight is `gain ** (roi / 255 - 1 / 3)`: their ratio is `gain`, and that
    of a mask of 85 is 1, as without a mask. With a region of a fifth of a
    picture the file is about a tenth smaller at the same quality.

    Args:
        roi: uint8 `(height, width)`.
        gain: float, at least 1.
        size: pair of ints, height and width of the image.

    Returns:
        float32 `(height, width, 1)`.

    Raises:
        ValueError: not such a mask or gain.
    """
    roi = np.asarray(roi)
    if roi.dtype != np.uint8 or roi.shape != size:
        raise ValueError(
            "`roi` must be a uint8 array of the height and width of the "
            f"image, {size}. Received: dtype={roi.dtype}, shape={roi.shape}"
        )
    if not 1 <= gain < math.inf:
        raise ValueError(
            f"`roi_gain` must be at least 1. Received: roi_gain={gain!r}"
        )
    levels = float(gain) ** ((np.arange(256) / 255 - 1 / 3) / 2)
    roots: np.ndarray = levels.astype(np.float32)[roi][:, :, None]
    return roots
