"""Quantized blocks to JPEG files (ITU-T T.81, annex B; JFIF 1.02)."""

import struct

from tfcodec.jpeg.huffman import entropy_coded
from tfcodec.jpeg.scans import progressive_scans
from tfcodec.jpeg.scans import sequential_scans

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_APP0, _DQT, _DHT, _SOS = 0xE0, 0xDB, 0xC4, 0xDA
_SOF0, _SOF2 = 0xC0, 0xC2
_JFIF = b"JFIF\0\1\2\0\0\1\0\1\0\0"  # 1.02, square pixels, no thumbnail.


def jpeg_file(size, components, tables, progressive=True, segments=()):
    """A standard JPEG file.

    Args:
        size: `(height, width)`, pixels, 1 to 65535.
        components: list of one or three `Component`.
        tables: list of one or two int `(64,)`, 1..255, zigzag: of Y, and of
            Cb and Cr.
        progressive: bool, else baseline sequential.
        segments: tuples `(marker, bytes)`, put after JFIF's own.

    Returns:
        bytes.
    """
    parts = [_SOI, _segment(_APP0, _JFIF)]
    parts += [_segment(*segment) for segment in segments]
    for number, table in enumerate(tables):
        parts.append(_segment(_DQT, bytes([number, *map(int, table)])))
    frame = struct.pack(">BHHB", 8, *size, len(components))
    for index, part in enumerate(components):
        factors = part.factor << 4 | part.factor
        frame += bytes([index + 1, factors, min(index, 1)])
    parts.append(_segment(_SOF2 if progressive else _SOF0, frame))
    choose = progressive_scans if progressive else sequential_scans
    for scan in choose(components):
        parts += _scan(scan)
    return b"".join([*parts, _EOI])


def _scan(scan):
    """Codes, header and data of one scan."""
    codes = scan.codes()
    header = bytes([len(scan.components)])
    for index, dc, ac in scan.components:
        header += bytes([index + 1, dc << 4 | ac])
    header += bytes([scan.first, scan.last, scan.high << 4 | scan.low])
    description = b"".join(code.segment(s) for s, code in codes.items())
    return [
        _segment(_DHT, description),
        _segment(_SOS, header),
        entropy_coded([(coded, codes[slot]) for slot, coded in scan.symbols]),
    ]


def _segment(marker, content):
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
