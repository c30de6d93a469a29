"""Checks of PNG files inside `.tfc` files, before any sample is decoded.

With a known size and kind of samples, what a decoder allocates is bounded.

Reference: ISO/IEC 15948, section 5.
"""

import struct
import zlib

from tfcodec.errors import BitstreamError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK = struct.Struct(">I4s")  # Length and type; the CRC comes at the end.
# Width, height, then: bit depth, colour type, the one compression, the one
# set of filters, not interlaced.
_IHDR = struct.Struct(">II5B")
_COLOUR_TYPES = {1: 0, 3: 2}  # by channels
_KINDS = {1: "greyscale", 3: "RGB"}


def check_png(
    png: bytes, width: int, height: int, channels: int, name: str
) -> None:
    """Checks all of a PNG file but the samples themselves.

    Its samples have 8 bits and are not interlaced. Its chunks are IHDR, at
    least one IDAT, and IEND.

    Args:
        png: the whole file.
        width: int, pixels that it has to have.
        height: int.
        channels: 1, greyscale, or 3, RGB.
        name: what messages call it.

    Raises:
        BitstreamError: it is not such a file.
    """
    kinds: list[bytes] = []
    position = len(_SIGNATURE)
    if not png.startswith(_SIGNATURE):
        raise BitstreamError(f"The {name} is not a PNG file.")
    while position < len(png):
        if len(png) < position + _CHUNK.size:
            raise BitstreamError(f"The {name} is truncated.")
        length, kind = _CHUNK.unpack_from(png, position)
        end = position + _CHUNK.size + length
        if end + 4 > len(png):
            raise BitstreamError(f"The {name} is truncated.")
        crc = zlib.crc32(memoryview(png)[position + 4 : end])
        if png[end : end + 4] != crc.to_bytes(4, "big"):
            raise BitstreamError(f"The {name} has a wrong checksum.")
        expected = b"IDAT" if kinds else b"IHDR"
        if kind != expected and not (kind == b"IEND" and len(kinds) > 1):
            raise BitstreamError(
                f"The {name} has a chunk {kind!r} at byte {position}, "
                f"where {expected.decode()} belongs."
            )
        if kind == b"IHDR":
            header = png[end - length : end]
            _check_header(header, width, height, channels, name)
        kinds.append(kind)
        position = end + 4
        if kind == b"IEND":
            break
    if kinds[-1:] != [b"IEND"] or length or position != len(png):
        raise BitstreamError(f"The {name} does not end with its IEND.")


def _check_header(
    header: bytes, width: int, height: int, channels: int, name: str
) -> None:
    form = (8, _COLOUR_TYPES[channels], 0, 0, 0)
    if len(header) != _IHDR.size or _IHDR.unpack(header)[2:] != form:
        raise BitstreamError(
            f"The {name} must be 8-bit {_KINDS[channels]}, not interlaced."
        )
    size = _IHDR.unpack(header)[:2]
    if size != (width, height):
        raise BitstreamError(
            f"The {name} has {size[0]}x{size[1]} pixels, the picture "
            f"{width}x{height}."
        )
