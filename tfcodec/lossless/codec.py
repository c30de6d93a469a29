"""Pictures to `.tfc` files of the lossless preset, and back."""

import functools
import zlib

import numpy as np
import numpy.typing as npt

from tfcodec import presets
from tfcodec.bitstream import Container
from tfcodec.bitstream import Metadata
from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack
from tfcodec.bitstream.checks import check_model_hash
from tfcodec.bitstream.checks import check_pixels
from tfcodec.bitstream.png import check_png
from tfcodec.bitstream.sections import known_sections
from tfcodec.coding import RansDecoder
from tfcodec.coding import encode
from tfcodec.errors import BitstreamError
from tfcodec.errors import TfcodecError
from tfcodec.limits import MAX_PIXELS
from tfcodec.lossless import walk
from tfcodec.lossless.contexts import NUM_PLANES
from tfcodec.lossless.layer import LATENT_MAX
from tfcodec.lossless.layer import grid
from tfcodec.lossless.model import MAX_ERROR
from tfcodec.lossless.model import Model
from tfcodec.picture import join
from tfcodec.picture import read_png
from tfcodec.picture import split
from tfcodec.picture import write_png

_ORDER = [1, 0, 2]  # of the planes in coding: G, R, B; its own reverse
_HEAD = 5  # bytes before the payload: planes (u8), CRC-32 of the pixels (u32)
_STORED = 0x80  # in the first of them: the payload is a PNG file

Segments = list[tuple[np.ndarray, np.ndarray]]  # values and rows


class LosslessCodec:
    """`compress` and `decompress` without loss, or with a bounded one.

    A file's quality is 100 less the largest error.

    Args:
        model: `Model`.
    """

    def __init__(self, model: Model):
        self.model = model

    def compress(
        self,
        image: npt.ArrayLike,
        quality: float = 100.0,
        effort: int = 1,
        metadata: Metadata | None = None,
        report: walk.Report | None = None,
    ) -> bytes:
        """Encodes one image; the arguments are those of `FileCodec.compress`.

        Args:
            image: uint8 `(height, width, channels)` with 3, 4, 2 or 1
                channels, or none.
            quality: float, 100 for an exact copy; 99 to 92 for one whose
                samples differ by 1 to 8 at most (not alpha, which is exact).
            effort: 1; there is no other.
            metadata: `tfcodec.Metadata` that goes along.
            report: function of two ints, pixels done and of how many, or None.

        Returns:
            bytes, a whole `.tfc` file.

        Raises:
            ValueError: not such an image, quality or effort.
            TfcodecError: the decoded picture would break the bound (a bug).
        """
        max_error = _max_error(quality)
        if max_error is None or effort != 1:
            raise ValueError(
                f"`quality` must be 100 less the largest error, 0..{MAX_ERROR},"
                f" and `effort` 1. Received: quality={quality!r}, "
                f"effort={effort!r}"
            )
        image = np.asarray(image)
        picture = split(image)
        if picture.alpha is not None:  # `split` has changed what is invisible.
            colours = np.broadcast_to(image[:, :, :-1], picture.rgb.shape)
            picture = picture._replace(rgb=colours)
        planes = np.ascontiguousarray(picture.rgb.transpose(2, 0, 1)[_ORDER])
        same = (planes == planes[0]).all()
        num_planes = 1 if same else NUM_PLANES
        segments, decoded = symbols(
            self.model, planes, num_planes, max_error, report
        )
        if np.abs(decoded.astype(np.int16) - planes).max() > max_error:
            raise TfcodecError("The picture is not what was encoded.")
        payload = encode(segments, self.model.tables_for(max_error))
        kind = num_planes
        samples = picture.rgb[:, :, 0] if same else picture.rgb
        png = write_png(np.ascontiguousarray(samples))
        if len(png) < len(payload):  # No photograph, but a drawing or noise.
            payload, decoded, kind = png, planes, num_planes | _STORED
        head = bytes([kind]) + _checksum(decoded).to_bytes(4, "little")
        _, height, width = planes.shape
        return pack(
            Container(
                preset_id=presets.LOSSLESS,
                model_hash=self.model.model_hash,
                width=width,
                height=height,
                quality=100.0 - max_error,
                latents=head + payload,
                ancillary=picture.sections(metadata),
            )
        )

    def decompress(
        self,
        data: bytes,
        max_pixels: int | None = MAX_PIXELS,
        report: walk.Report | None = None,
    ) -> np.ndarray:
        """Decodes one file.

        Args:
            data: bytes of a `.tfc` file.
            max_pixels: int or None. A file that declares more is refused
                before anything of that size is allocated.
            report: function of two ints, pixels done and of how many, or None.

        Returns:
            uint8 `(height, width, channels)`, as it was compressed; RGB if
            all of its alpha was 255.

        Raises:
            BitstreamError: the bytes are damaged, of another preset, or of
                too large a picture.
        """
        container = unpack(data)
        max_error = self._check(container, max_pixels)
        sections = known_sections(container)
        head, payload = container.latents[:_HEAD], container.latents[_HEAD:]
        num_planes = head[0] & ~_STORED if head else 0
        if len(head) < _HEAD or num_planes not in (1, NUM_PLANES):
            raise BitstreamError(
                f"A lossless file has 1 or {NUM_PLANES} planes and a checksum "
                f"of its pixels. Received: {head.hex() or 'nothing'}"
            )
        size = container.height, container.width
        if head[0] & _STORED:
            planes = _read_stored(payload, num_planes, *size)
        else:
            planes = self._decode(payload, num_planes, *size, max_error, report)
        if _checksum(planes).to_bytes(4, "little") != head[1:]:
            raise BitstreamError(
                "The decoded picture is not the one that was encoded: the "
                "checksum of its pixels does not match."
            )
        rgb = np.ascontiguousarray(planes[_ORDER].transpose(1, 2, 0))
        return join(rgb, sections)

    def _decode(
        self,
        payload: bytes,
        num_planes: int,
        height: int,
        width: int,
        max_error: int,
        report: walk.Report | None,
    ) -> np.ndarray:
        """The planes of a payload, uint8 `(3, height, width)`."""
        model = self.model
        decoder = RansDecoder(payload, model.tables_for(max_error))
        channels = model.layer.channels
        shape = *grid(height, width), channels
        z = decoder.decode(_latent_rows(shape)).reshape(shape)
        if max(z.max(), -int(z.min())) > LATENT_MAX:
            raise BitstreamError("A latent is out of range.")
        layer = model.layer.synthesise(z, height, width)

        def code(
            rows: np.ndarray, mean: np.ndarray, plane: int, slices: walk.Slices
        ) -> np.ndarray:
            values = decoder.decode(rows.ravel() + np.int16(channels))
            return values.reshape(rows.shape)

        canvas = layer.copy()
        walk.run(
            canvas,
            layer,
            model.predictors,
            num_planes,
            max_error,
            code,
            report,
        )
        decoder.finish()
        canvas[num_planes:] = canvas[0]
        return canvas

    def _check(self, container: Container, max_pixels: int | None) -> int:
        """The largest error that a sound container declares."""
        if container.preset_id != presets.LOSSLESS:
            raise BitstreamError(
                "This is not a lossless file: its preset number is "
                f"{container.preset_id}. tfcodec.load(NAME).decompress reads "
                "others."
            )
        check_model_hash(container, self.model.model_hash)
        check_pixels(container, max_pixels)
        max_error = _max_error(container.quality)
        if max_error is None:
            raise BitstreamError(
                f"The file declares quality {container.quality:g}; a lossless "
                f"one has 100, less its largest error of up to {MAX_ERROR}."
            )
        return max_error


@functools.cache
def load() -> LosslessCodec:
    """The codec of the preset that is a part of tfcodec."""
    preset = presets.by_identifier(presets.LOSSLESS)
    return LosslessCodec(Model.load(preset.directory))


def symbols(
    model: Model,
    planes: np.ndarray,
    num_planes: int,
    max_error: int,
    report: walk.Report | None = None,
) -> tuple[Segments, np.ndarray]:
    """What is coded of a picture.

    Args:
        model: `Model`; only its networks are used.
        planes: uint8 `(3, height, width)`, in the order of coding.
        num_planes: 1 if all are equal, else 3.
        max_error: 0..8.
        report: see `walk.run`.

    Returns:
        `(segments, decoded)`: pairs of values and rows, int16 `(n,)`; what a
        decoder will make of them, as `planes`.
    """
    _, height, width = planes.shape
    z = model.layer.analyse(planes)
    segments = [(z.ravel(), _latent_rows(z.shape))]
    layer = model.layer.synthesise(z, height, width)
    step = 2 * max_error + 1

    def code(
        rows: np.ndarray, mean: np.ndarray, plane: int, slices: walk.Slices
    ) -> np.ndarray:
        values: np.ndarray = planes[plane][slices] - mean
        values = (values + np.int16(max_error)) // np.int16(step)
        rows = rows.ravel() + np.int16(model.layer.channels)
        segments.append((values.ravel(), rows))
        return values

    canvas = layer.copy()
    walk.run(
        canvas, layer, model.predictors, num_planes, max_error, code, report
    )
    canvas[num_planes:] = canvas[0]
    return segments, canvas


def _read_stored(
    png: bytes, num_planes: int, height: int, width: int
) -> np.ndarray:
    """The planes of a stored PNG file, uint8 `(3, height, width)`."""
    name = "stored picture"
    check_png(png, width, height, num_planes, name)
    samples = read_png(png, name).reshape(height, width, num_planes)
    rgb = np.broadcast_to(samples, (height, width, NUM_PLANES))
    return np.ascontiguousarray(rgb.transpose(2, 0, 1)[_ORDER])


def _latent_rows(shape: tuple[int, int, int]) -> np.ndarray:
    rows, columns, channels = shape
    return np.tile(np.arange(channels, dtype=np.int16), rows * columns)


def _checksum(planes: np.ndarray) -> int:
    """CRC-32 of the samples, R, G and B of each pixel after another."""
    checksum = 0
    for row in planes[_ORDER].transpose(1, 2, 0):
        checksum = zlib.crc32(row.tobytes(), checksum)
    return checksum


def _max_error(quality: float) -> int | None:
    """The largest error that a quality stands for; None if it is none."""
    max_error = 100 - quality
    if max_error in range(MAX_ERROR + 1):
        return int(max_error)
    return None
