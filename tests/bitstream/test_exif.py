"""The orientation in EXIF and XMP, whatever shape they are in."""

import struct

import numpy as np
import pytest
from PIL import Image

from tfcodec.bitstream.exif import exif_orientation
from tfcodec.bitstream.exif import upright_exif
from tfcodec.bitstream.exif import upright_xmp
from tfcodec.bitstream.exif import xmp_orientation

ORIENTATION = 0x0112


def block(order, *entries, first=8):
    """An EXIF block of entries `(tag, type, count, four bytes)`."""
    data = (b"II*\0" if order == "<" else b"MM\0*") + bytes(first - 4)
    data = data[:4] + struct.pack(f"{order}I", first) + data[8:]
    data += struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        data += struct.pack(f"{order}HHI", tag, kind, count) + value
    return data + bytes(4)


def from_pillow(orientation, endian="<"):
    exif = Image.Exif()
    exif.endian = endian
    exif[0x010F] = "A camera"
    exif[ORIENTATION] = orientation
    exif[0x0132] = "2020:01:02 03:04:05"
    exif.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
    return exif.tobytes()[6:]


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_one_byte_is_changed(endian, orientation):
    exif = from_pillow(orientation, endian)
    assert exif_orientation(exif) == orientation
    changed = upright_exif(exif)
    assert exif_orientation(changed) == 1
    different = np.frombuffer(exif, "u1") != np.frombuffer(changed, "u1")
    assert different.sum() == (orientation != 1)
    read = Image.Exif()
    read.load(changed)
    assert read[ORIENTATION] == 1 and read[0x010F] == "A camera"
    assert read.get_ifd(0x8769)[0x9003] == "2020:01:02 03:04:05"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "code"), [(1, "B"), (3, "H"), (4, "I")])
def test_types(order, kind, code):
    value = struct.pack(f"{order}{code}", 6).ljust(4, b"\x77")
    exif = block(order, (ORIENTATION, kind, 1, value), first=10)
    assert exif_orientation(exif) == 6
    expected = struct.pack(f"{order}{code}", 1).ljust(4, b"\x77")
    assert upright_exif(exif) == exif.replace(value, expected)


def test_all_of_several():
    one, six, seven = (
        (ORIENTATION, 3, 1, bytes([n, 0, 0, 0])) for n in (1, 6, 7)
    )
    assert upright_exif(block("<", six, seven)) == block("<", one, one)


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"II",
        b"II*\0",
        b"II*\0\x08\0\0\0",
        b"MM\0*\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff" + bytes(50),
        b"Exif\0\0" + from_pillow(6),
        block("<", (0x0113, 3, 1, b"\6\0\0\0")),
        block("<", (ORIENTATION, 5, 1, b"\6\0\0\0")),  # RATIONAL
        block("<", (ORIENTATION, 3, 9, b"\6\0\0\0")),  # an offset
        block("<", (ORIENTATION, 3, 0, b"\6\0\0\0")),
    ],
)
def test_blocks_without_one_stay_as_they_are(exif):
    assert exif_orientation(exif) is None
    assert upright_exif(exif) == exif


def test_any_truncation_and_any_noise():
    exif = from_pillow(6)
    for length in range(len(exif)):
        cut = exif[:length]
        assert len(upright_exif(cut)) == length
        assert exif_orientation(cut) in (None, 6)
    rng = np.random.default_rng(0)
    for _ in range(500):
        noise = bytearray(exif)
        for place in rng.integers(4, len(exif), 6):
            noise[place] = rng.integers(256)
        changed = upright_exif(bytes(noise))
        assert len(changed) == len(exif)
        assert exif_orientation(changed) in (None, 1)


@pytest.mark.parametrize(
    "xmp",
    [
        b'<rdf:Description tiff:Orientation="6" a="6"/>',
        b"<rdf:Description tiff:Orientation = '6' a='6'/>",
        b"<tiff:Orientation>6</tiff:Orientation><a>6</a>",
        b"<tiff:Orientation>\n 6 \n</tiff:Orientation><a>6</a>",
    ],
)
def test_xmp(xmp):
    assert xmp_orientation(xmp) == 6
    first = xmp.index(b"6")
    changed = upright_xmp(xmp)
    assert changed == xmp[:first] + b"1" + xmp[first + 1 :]
    assert xmp_orientation(changed) == 1


@pytest.mark.parametrize("xmp", [b"", b"<x/>", b'tiff:Orientation="66"', b"6"])
def test_xmp_without_one(xmp):
    assert xmp_orientation(xmp) is None
    assert upright_xmp(xmp) == xmp
