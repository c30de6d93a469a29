"""The orientation that EXIF blocks and XMP packets name.

The pixels in a `.tfc` file are upright, so the orientation that goes with them
is 1. It is set in place: all other bytes stay as they were.

Reference: TIFF 6.0, section 2, "Image File Directory"; EXIF 2.32, 4.6.4.
"""

import re
from collections.abc import Iterator
from typing import Literal

_ORIENTATION = 0x0112
_ORDERS: dict[bytes, Literal["little", "big"]] = {
    b"II*\0": "little",
    b"MM\0*": "big",
}
_SIZES = {1: 1, 3: 2, 4: 4}  # Bytes of BYTE, SHORT and LONG.
_XMP_ORIENTATION = re.compile(
    rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)([0-9])(?=\s*[\"'<])"
)


def is_exif(data: bytes) -> bool:
    """Whether an EXIF block begins as one in TIFF does."""
    return data[:4] in _ORDERS


def exif_orientation(exif: bytes) -> int | None:
    """The orientation of an EXIF block as in TIFF; None if it says none.

    Damaged blocks are read as far as possible.
    """
    for value in _values(exif):
        return int.from_bytes(exif[value], _ORDERS[exif[:4]])
    return None


def upright_exif(exif: bytes) -> bytes:
    """The same block with orientation 1, if it says any."""
    out = bytearray(exif)
    for value in _values(exif):
        size = value.stop - value.start
        out[value] = (1).to_bytes(size, _ORDERS[exif[:4]])
    return bytes(out)


def xmp_orientation(xmp: bytes) -> int | None:
    """`tiff:Orientation` of an XMP packet; None if it says none."""
    found = _XMP_ORIENTATION.search(xmp)
    return None if found is None else int(found[2])


def upright_xmp(xmp: bytes) -> bytes:
    """The same packet with orientation 1, if it says any."""
    return _XMP_ORIENTATION.sub(rb"\g<1>1", xmp)


def _values(exif: bytes) -> Iterator[slice]:
    """Where the first directory has orientations."""
    order = _ORDERS.get(exif[:4])
    if order is None:
        return

    def number(begin: int, size: int) -> int:
        return int.from_bytes(exif[begin : begin + size], order)

    first = number(4, 4) + 2
    end = min(first + 12 * number(first - 2, 2), len(exif) - 11)
    for entry in range(first, end, 12):
        size = _SIZES.get(number(entry + 2, 2))
        if number(entry, 2) == _ORIENTATION and size is not None:
            if 1 <= number(entry + 4, 4) <= 4 // size:  # Else it is elsewhere.
                yield slice(entry + 8, entry + 8 + size)
