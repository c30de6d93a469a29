"""The encoding side of a codec: one image, at any number of qualities."""

import keras
import numpy as np

from tfcodec.bitstream import Container
from tfcodec.bitstream import pack
from tfcodec.coding import encode
from tfcodec.coding.tables import VALUE_MAX
from tfcodec.coding.tables import VALUE_MIN
from tfcodec.entropy.build_tables import build_network
from tfcodec.layers.gain import MAX_QUALITY
from tfcodec.layers.gain import MIN_QUALITY

BLOCK = 16  # pixels per latent, each way


class ImageEncoder:
    """One image, analysed once, to be encoded at any number of qualities.

    Args:
        codec: `Codec` with tables.
        image: uint8 `(height, width, 3)`.

    Raises:
        ValueError: not such an image, or stale tables.
    """

    def __init__(self, codec, image):
        image = _checked(image)
        codec.require_coding()
        network = codec.coding.network
        if network is not None:
            current = build_network(codec.model.scale_network)
            if current.digest() != network.digest():
                raise ValueError(
                    "The weights have changed since the tables were made: "
                    "call `freeze()`, and give the preset its own name."
                )
        self.codec = codec
        self.image = image
        self.height, self.width = image.shape[:2]
        padding = [(0, -n % BLOCK) for n in image.shape[:2]] + [(0, 0)]
        padded = np.pad(image, padding, mode="edge")
        # float32 (1, H, W, 3), the sides extended to multiples of 16.
        self.batch = padded[None].astype(np.float32)
        self._y = codec.run_analyse(self.batch)

    def symbols(self, quality):
        """`(z_hat, residual, indexes)` as int32 arrays without a batch; the
        last two None for models with one stream."""
        codec, coding = self.codec, self.codec.coding
        hundredths = _hundredths(quality)
        quality = np.array([hundredths / 100], np.float32)
        z = keras.ops.convert_to_numpy(codec.run_hyper(self._y, quality))
        z = z[0].astype(np.int32)
        channels = codec.first_channels()
        size, offset = coding.tables.size, coding.tables.offset
        z = np.where(size[:channels] == 1, offset[:channels], z)
        if coding.network is None:
            return z, None, None
        _, height, width, _ = self._y.shape
        indexes = coding.network(z, hundredths, height, width)
        residual = codec.run_residuals(
            self._y,
            z[None].astype(np.float32),
            indexes[None].astype(np.float32),
            quality,
        )
        residual = keras.ops.convert_to_numpy(residual)[0]
        residual = np.clip(residual, VALUE_MIN, VALUE_MAX).astype(np.int32)
        return z, residual, indexes

    def segments(self, quality):
        """What the coder gets: list of `(values, table rows)` per stream."""
        z, residual, indexes = self.symbols(quality)
        channels = self.codec.first_channels()
        segments = [(z.reshape(-1), first_rows(z.shape[:2], channels))]
        if residual is not None:
            rows = channels + indexes.reshape(-1)
            segments.append((residual.reshape(-1), rows))
        return segments

    def encode(self, quality):
        """The `.tfc` file at `quality` (1..100), bytes."""
        coding = self.codec.coding
        return pack(
            Container(
                preset_id=self.codec.identifier,
                model_hash=coding.model_hash,
                width=self.width,
                height=self.height,
                quality=_hundredths(quality) / 100,
                latents=encode(self.segments(quality), coding.tables),
            )
        )


def first_rows(shape, channels):
    """Table rows of the first stream: channel c uses row c."""
    return np.tile(np.arange(channels), shape[0] * shape[1])


def _hundredths(quality):
    if not MIN_QUALITY <= quality <= MAX_QUALITY:
        raise ValueError(
            f"`quality` must be in 1..100. Received: quality={quality!r}"
        )
    return round(float(quality) * 100)


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
