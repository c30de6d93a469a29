"""The encoding side of a codec: one image, at any number of qualities."""

import numpy as np

from tfcodec.bitstream import Container
from tfcodec.bitstream import pack
from tfcodec.coding import encode
from tfcodec.coding.tables import VALUE_MAX
from tfcodec.coding.tables import VALUE_MIN
from tfcodec.limits import BLOCK
from tfcodec.limits import LATENT_MAX
from tfcodec.limits import LATENT_MIN
from tfcodec.limits import MAX_EFFORT
from tfcodec.limits import MAX_QUALITY
from tfcodec.limits import MIN_EFFORT
from tfcodec.limits import MIN_QUALITY
from tfcodec.metrics import bpp


class ImageEncoder:
    """One image, analysed once, to be encoded at any number of qualities.

    Args:
        codec: `FileCodec` with tables.
        image: uint8 `(height, width, 3)`.

    Raises:
        ValueError: not such an image, or stale tables.
    """

    def __init__(self, codec, image):
        image = _checked(image)
        codec.require_fresh_coding()
        self.codec = codec
        self.image = image
        self.height, self.width = image.shape[:2]
        padding = [(0, -n % BLOCK) for n in image.shape[:2]] + [(0, 0)]
        padded = np.pad(image, padding, mode="edge")
        # float32 (1, H, W, 3), the sides extended to multiples of 16.
        self.batch = padded[None].astype(np.float32)
        self._y = codec.run_analyse(self.batch)

    def symbols(self, quality, effort=1, report=None):
        """`(z_hat, residual, indexes)` as int32 arrays without a batch; the
        last two None for models with one stream. See `encode`."""
        check_effort(effort)
        codec = self.codec
        quality = _as_coded(quality)
        if effort > 1:
            refiner = codec.refiner()
            z = codec.run_hyper_latents(self._y, quality)
            y, z = refiner(
                np.asarray(self._y),
                np.asarray(z),
                self.batch,
                self._inside(),
                quality,
                effort,
                report,
            )
            z = np.clip(np.rint(z), LATENT_MIN, LATENT_MAX)
            return self._symbols(y, z, quality)
        z = codec.run_hyper(self._y, quality)
        return self._symbols(self._y, np.asarray(z), quality)

    def _symbols(self, y, z, quality):
        """Symbols of latents before the gain and rounded hyper-latents."""
        codec, coding = self.codec, self.codec.coding
        z = z[0].astype(np.int32)
        channels = codec.first_channels()
        size, offset = coding.tables.size, coding.tables.offset
        z = np.where(size[:channels] == 1, offset[:channels], z)
        if coding.network is None:
            return z, None, None
        _, height, width, _ = y.shape
        hundredths = _hundredths(quality[0])
        indexes = coding.network(z, hundredths, height, width)
        residual = codec.run_residuals(
            y,
            z[None].astype(np.float32),
            indexes[None].astype(np.float32),
            quality,
        )
        residual = np.asarray(residual)[0]
        residual = np.clip(residual, VALUE_MIN, VALUE_MAX).astype(np.int32)
        return z, residual, indexes

    def _inside(self):
        """1 where `batch` is the image, 0 where it was extended."""
        inside = np.zeros((*self.batch.shape[:3], 1), np.float32)
        inside[:, : self.height, : self.width] = 1.0
        return inside

    def segments(self, quality):
        """What the coder gets: list of `(values, table rows)` per stream."""
        return self._segments(*self.symbols(quality))

    def _segments(self, z, residual, indexes):
        channels = self.codec.first_channels()
        segments = [(z.reshape(-1), first_rows(z.shape[:2], channels))]
        if residual is not None:
            rows = channels + indexes.reshape(-1)
            segments.append((residual.reshape(-1), rows))
        return segments

    def encode(self, quality, effort=1, report=None):
        """The `.tfc` file.

        Above effort 1 it is the refined file, or that of effort 1 should its
        rate-distortion cost `bpp + lmbda(quality) * distortion` be the lower
        one. Models trained for MS-SSIM refine images from 176 pixels on.

        Args:
            quality: float, 1..100.
            effort: int, 1..5.
            report: function of two ints, steps done and of how many, called
                after each step of an effort above 1; or None.

        Returns:
            bytes.

        Raises:
            ValueError: out of range, or an effort above 1 for a model without
                hyper-latents.
        """
        check_effort(effort)
        if effort > 1 and not self.codec.refiner().can_refine(
            *self.batch.shape[1:3]
        ):
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

    def _pack(self, symbols, quality):
        coding = self.codec.coding
        return pack(
            Container(
                preset_id=self.codec.identifier,
                model_hash=coding.model_hash,
                width=self.width,
                height=self.height,
                quality=_hundredths(quality) / 100,
                latents=encode(self._segments(*symbols), coding.tables),
            )
        )

    def _cost(self, data, symbols, quality):
        """Bits per pixel plus weighted distortion of the decoded pixels."""
        z_hat, residual, _ = symbols
        x_hat = self.codec.run_reconstruct(
            z_hat[None].astype(np.float32),
            residual[None].astype(np.float32),
            _as_coded(quality),
        )
        rate = bpp(len(data), self.height, self.width)
        return self.codec.cost(rate, x_hat, self.batch, self._inside(), quality)


def first_rows(shape, channels):
    """Table rows of the first stream: channel c uses row c."""
    return np.tile(np.arange(channels), shape[0] * shape[1])


def _hundredths(quality):
    if not MIN_QUALITY <= quality <= MAX_QUALITY:
        raise ValueError(
            f"`quality` must be in 1..100. Received: quality={quality!r}"
        )
    return round(float(quality) * 100)


def _as_coded(quality):
    """The quality of a file as a batch of one, float32."""
    return np.array([_hundredths(quality) / 100], np.float32)


def check_effort(effort):
    """Raises ValueError if there is no such effort."""
    if effort not in range(MIN_EFFORT, MAX_EFFORT + 1):
        raise ValueError(
            f"`effort` must be an integer in {MIN_EFFORT}..{MAX_EFFORT}. "
            f"Received: effort={effort!r}"
        )


def _checked(image):
    image = np.asarray(image)
    if (
        image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
        or min(image.shape) < 1
    ):
        raise ValueError(
            "`image` must be a uint8 array (height, width, 3) with at least "
            f"one pixel. Received: dtype={image.dtype}, shape={image.shape}"
        )
    return image
