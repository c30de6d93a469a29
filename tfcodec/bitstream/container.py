"""Writing and reading `.tfc` files; `docs/format.md` is the specification.

The order of the checks in `unpack` is chosen for its messages: what the file
is, whether it is complete, whether it is unaltered, and only then whether its
contents make sense.
"""

import dataclasses
import math
import struct
import zlib
from typing import NoReturn

from tfcodec.errors import BitstreamError

MAGIC = b"\x89TFC"
FORMAT_VERSION = 1
LATENTS = 1  # Section type.
FIRST_ANCILLARY = 0x80  # Section types from here on may be ignored.
MAX_SIDE = (1 << 24) - 1
MAX_PIXELS = 1 << 40

QUALITY_MIN, QUALITY_MAX = 100, 10000  # Hundredths.
# Magic, version, preset, model hash, width (u24), height (u24), quality, CRC.
HEADER = struct.Struct("<4sBH4s3s3sHI")
CRC_AT = HEADER.size - 4

FOREIGN = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG", "PNG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (4, b"ftypavi", "AVIF"),
    (4, b"ftyphei", "HEIC"),
    (4, b"ftypmif1", "HEIF"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"JXL ", "JPEG XL"),
    (4, b"jP  ", "JPEG 2000"),
    (0, b"BPG\xfb", "BPG"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"BM", "BMP"),
    (0, b"%PDF", "PDF"),
    (0, b"PK\x03\x04", "ZIP"),
    (0, b"\x1f\x8b", "gzip"),
)


@dataclasses.dataclass(frozen=True)
class Container:
    """What a `.tfc` file holds.

    Args:
        preset_id: 0..65535, the model that wrote the file.
        model_hash: 4 bytes that identify the tables and the integer network.
        width: of the image in pixels, 1..2**24 - 1.
        height: likewise; `width * height` is at most 2**40.
        quality: 1..100 in steps of 0.01.
        latents: the payload of the entropy coder.
        ancillary: pairs `(type, bytes)` with types 0x80..0xFF, which a reader
            may ignore.
    Raises:
        ValueError: if an argument breaks one of these rules.
    """

    preset_id: int
    model_hash: bytes
    width: int
    height: int
    quality: float
    latents: bytes
    ancillary: tuple[tuple[int, bytes], ...] = ()

    def __post_init__(self) -> None:
        _check_int("preset_id", self.preset_id, 0, 0xFFFF)
        _check_int("width", self.width, 1, MAX_SIDE)
        _check_int("height", self.height, 1, MAX_SIDE)
        if self.width * self.height > MAX_PIXELS:
            raise ValueError(
                "`width * height` must be at most 2**40. Received: "
                f"width={self.width}, height={self.height}"
            )
        if not isinstance(self.model_hash, bytes) or len(self.model_hash) != 4:
            raise ValueError(
                "`model_hash` must be 4 bytes. "
                f"Received: model_hash={self.model_hash!r}"
            )
        quality = float(self.quality)
        hundredths = round(100 * quality) if math.isfinite(quality) else 0
        if (
            not QUALITY_MIN <= hundredths <= QUALITY_MAX
            or abs(100 * quality - hundredths) > 1e-6
        ):
            raise ValueError(
                "`quality` must be in 1..100, in steps of 0.01. "
                f"Received: quality={self.quality!r}"
            )
        object.__setattr__(self, "quality", hundredths / 100)
        if not isinstance(self.latents, bytes):
            raise ValueError(
                f"`latents` must be bytes. Received: {type(self.latents)}"
            )
        ancillary = tuple((kind, data) for kind, data in self.ancillary)
        object.__setattr__(self, "ancillary", ancillary)
        for kind, data in ancillary:
            _check_int("ancillary type", kind, FIRST_ANCILLARY, 0xFF)
            if not isinstance(data, bytes):
                raise ValueError(
                    f"`ancillary` data must be bytes. Received: {type(data)}"
                )


def pack(container: Container) -> bytes:
    """The bytes of a `.tfc` file."""
    header = HEADER.pack(
        MAGIC,
        FORMAT_VERSION,
        container.preset_id,
        container.model_hash,
        container.width.to_bytes(3, "little"),
        container.height.to_bytes(3, "little"),
        round(100 * container.quality),
        0,
    )[:CRC_AT]
    sections = b"".join(
        bytes([kind]) + _leb128(len(data)) + data
        for kind, data in ((LATENTS, container.latents), *container.ancillary)
    )
    crc = zlib.crc32(sections, zlib.crc32(header))
    return header + crc.to_bytes(4, "little") + sections


def unpack(data: bytes) -> Container:
    """Reads a `.tfc` file.

    Raises:
        BitstreamError: whatever is wrong with the bytes; each kind of damage
            has its own message.
    """
    data = bytes(data)
    _check_start(data)
    sections = _read_sections(data)
    _, _, preset_id, model_hash, width, height, hundredths, _ = (
        HEADER.unpack_from(data)
    )
    for kind, _ in sections:
        if kind != LATENTS and kind < FIRST_ANCILLARY:
            raise BitstreamError(
                f"The file has a section of type {kind}, which this version "
                "does not know: it was made by a newer version of tfcodec."
            )
    if [kind for kind, _ in sections].count(LATENTS) != 1:
        raise BitstreamError("The file must have exactly one latents section.")
    if sections[0][0] != LATENTS:
        raise BitstreamError("The latents section must be the first one.")
    width, height = (int.from_bytes(n, "little") for n in (width, height))
    if not width or not height:
        raise BitstreamError(
            f"The file declares an image of zero size: {width}x{height}."
        )
    if width * height > MAX_PIXELS:
        raise BitstreamError(
            "The file declares an image beyond the limit of 2**40 pixels: "
            f"{width}x{height}."
        )
    if not QUALITY_MIN <= hundredths <= QUALITY_MAX:
        raise BitstreamError(
            f"The file declares quality {hundredths / 100}, out of 1..100."
        )
    return Container(
        preset_id=preset_id,
        model_hash=model_hash,
        width=width,
        height=height,
        quality=hundredths / 100,
        latents=sections[0][1],
        ancillary=tuple(sections[1:]),
    )


def _check_start(data: bytes) -> None:
    """Magic, length of the header, and version."""
    if not data:
        raise BitstreamError("The file is empty.")
    if not data.startswith(MAGIC[: len(data)]):
        for position, mark, name in FOREIGN:
            if data[position:].startswith(mark):
                raise BitstreamError(
                    f"This is not a tfcodec file; it looks like {name}."
                )
        raise BitstreamError("This is not a tfcodec file.")
    if len(data) < HEADER.size:
        raise BitstreamError(
            f"The file is truncated: the header needs {HEADER.size} bytes. "
            f"Received: {len(data)} bytes."
        )
    version = data[len(MAGIC)]
    if version != FORMAT_VERSION:
        known = data[: len(MAGIC)] + bytes([FORMAT_VERSION])
        if version == 0 or _crc(known + data[len(known) :]) == _stored(data):
            _raise_altered()  # Only this byte is wrong.
        raise BitstreamError(
            f"The file has format version {version}, made by a newer version "
            f"of tfcodec; this one reads version {FORMAT_VERSION}."
        )


def _read_sections(data: bytes) -> list[tuple[int, bytes]]:
    """List of `(type, bytes)`, of a file that is complete and unaltered."""
    sections: list[tuple[int, bytes]] = []
    stored = _stored(data)
    crc = zlib.crc32(data[:CRC_AT])
    position = HEADER.size
    while position < len(data) or not sections:
        if sections and crc == stored:
            raise BitstreamError(
                f"The file has {len(data) - position} bytes after its end."
            )
        read = _read_length(data, position + 1)
        if read is None:
            if _crc(data) != stored:
                _raise_altered()
            raise BitstreamError(
                f"The section at byte {position} has a malformed length."
            )
        begin, length = read
        if length > len(data) - begin:
            raise BitstreamError(
                f"The file is truncated: the section at byte {position} needs "
                f"{length} bytes, {max(len(data) - begin, 0)} are left."
            )
        sections.append((data[position], data[begin : begin + length]))
        crc = zlib.crc32(data[position : begin + length], crc)
        position = begin + length
    if crc != stored:
        _raise_altered()
    return sections


def _read_length(data: bytes, position: int) -> tuple[int, int] | None:
    """LEB128 at `position`: `(next position, number)`; None if malformed.

    Where the bytes end too early, the number is one that no file can satisfy.
    """
    number = 0
    for count in range(5):
        if position + count >= len(data):
            return len(data), 1
        byte = data[position + count]
        number |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            if byte == 0 and count > 0:
                return None  # Not the shortest form.
            return position + count + 1, number
    return None


def _leb128(number: int) -> bytes:
    if number >= 1 << 35:
        raise ValueError(
            f"A section must be shorter than 2**35 bytes. Received: {number}"
        )
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _crc(data: bytes) -> int:
    return zlib.crc32(data[HEADER.size :], zlib.crc32(data[:CRC_AT]))


def _stored(data: bytes) -> int:
    return int.from_bytes(data[CRC_AT : HEADER.size], "little")


def _raise_altered() -> NoReturn:
    raise BitstreamError(
        "The file was altered, or lost whole sections at its end: "
        "its checksum does not match."
    )


def _check_int(name: str, value: object, low: int, high: int) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not low <= value <= high
    ):
        raise ValueError(
            f"`{name}` must be an integer in {low}..{high}. "
            f"Received: {name}={value!r}"
        )
