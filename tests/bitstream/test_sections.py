"""What goes beside the picture, and an error for each malformation.

The reader in `docs/format.md` has to agree in all of it.
"""

import dataclasses
import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from tfcodec.bitstream import Container
from tfcodec.bitstream import Metadata
from tfcodec.bitstream import pack
from tfcodec.bitstream import read_metadata
from tfcodec.bitstream import sections
from tfcodec.errors import BitstreamError

WIDTH, HEIGHT = 5, 3
METADATA = Metadata(icc=b"profile", exif=b"II*\0\x08\0\0\0", xmp="ä".encode())
LIMIT = 1 << 24


def container(*ancillary):
    return Container(
        preset_id=65535,
        model_hash=bytes(4),
        width=WIDTH,
        height=HEIGHT,
        quality=50,
        latents=b"",
        ancillary=ancillary,
    )


def alpha_png(width=WIDTH, height=HEIGHT, mode="L", **options):
    samples = np.arange(width * height, dtype=np.uint8).reshape(height, width)
    image = Image.fromarray(samples).convert(mode)
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def chunks(png):
    """List of `(type, content)`."""
    found, position = [], 8
    while position < len(png):
        length, kind = struct.unpack_from(">I4s", png, position)
        content = png[position + 8 : position + 8 + length]
        found.append((kind, content))
        position += 12 + length
    return found


def png_of(parts):
    data = b"\x89PNG\r\n\x1a\n"
    for kind, content in parts:
        crc = zlib.crc32(kind + content)
        data += struct.pack(">I", len(content)) + kind + content
        data += struct.pack(">I", crc)
    return data


PNG = alpha_png()
IHDR, IDAT, IEND = chunks(PNG)
INTERLACED = (b"IHDR", IHDR[1][:12] + b"\1")


@pytest.fixture(scope="module")
def document(document):
    """The document's reader of what goes beside the picture."""
    return lambda data: document["read_beside"](document["read_file"](data))


def library(data):
    """As the document's reader returns it."""
    file = sections.unpack(data)
    found = sections.known_sections(file)
    return {
        "alpha": found.get(sections.ALPHA),
        **dataclasses.asdict(sections.metadata_of(file)),
        "greyscale": sections.GREY in found,
    }


def test_bytes_of_each_section():
    written = sections.write_sections(PNG, True, METADATA)
    assert written == (
        (0x80, PNG),
        (0x81, zlib.compress(b"profile", 9)),
        (0x82, zlib.compress(b"II*\0\x08\0\0\0", 9)),
        (0x83, zlib.compress("ä".encode(), 9)),
        (0x84, b""),
    )
    assert sections.write_sections() == ()
    assert sections.write_sections(metadata=Metadata()) == ()


@pytest.mark.parametrize("reverse", [False, True])
def test_round_trip(document, reverse):
    written = sections.write_sections(PNG, True, METADATA)
    others = ((0x85, b"later"), (0x85, b"again"), (0xFF, b""))
    ancillary = (*written, *others)
    data = pack(container(*(ancillary[::-1] if reverse else ancillary)))
    expected = {
        "alpha": PNG,
        "icc": b"profile",
        "exif": b"II*\0\x08\0\0\0",
        "xmp": "ä".encode(),
        "greyscale": True,
    }
    assert library(data) == document(data) == expected
    assert read_metadata(data) == METADATA


def test_a_plain_file_has_nothing_beside(document):
    data = pack(container((0x90, b"x")))
    assert library(data) == document(data)
    assert not any(library(data).values())
    assert read_metadata(data) == Metadata()


def test_alpha_may_have_several_chunks_of_samples(document):
    parts = [IHDR, (b"IDAT", IDAT[1][:5]), (b"IDAT", b"")]
    png = png_of([*parts, (b"IDAT", IDAT[1][5:]), IEND])
    data = pack(container((0x80, png)))
    assert library(data) == document(data)


ALPHA_DAMAGE = {
    "empty": (b"", "not a PNG file"),
    "no PNG": (b"GIF89a..", "not a PNG file"),
    "signature only": (PNG[:8], "does not end with its IEND"),
    "no end": (PNG[:-12], "does not end with its IEND"),
    "half a header": (PNG[:20], "truncated"),
    "half a chunk": (PNG[:-20], "truncated"),
    "half an end": (PNG[:-1], "truncated"),
    "a byte more": (PNG + b"\0", "does not end with its IEND"),
    "a chunk more": (PNG + PNG[-12:], "does not end with its IEND"),
    "end not empty": (png_of([IHDR, IDAT, (b"IEND", b"x")]), "with its IEND"),
    "CRC": (PNG[:-1] + b"\0", "wrong checksum"),
    "no samples": (png_of([IHDR, IEND]), "chunk b'IEND' at byte 33"),
    "text": (png_of([IHDR, (b"tEXt", b"a\0b"), IDAT, IEND]), "b'tEXt'"),
    "no header": (png_of([IDAT, IEND]), "where IHDR belongs"),
    "two headers": (png_of([IHDR, IHDR, IDAT, IEND]), "chunk b'IHDR'"),
    "header length": (
        png_of([(b"IHDR", IHDR[1] + b"\0"), IDAT, IEND]),
        "8-bit",
    ),
    "interlaced": (png_of([INTERLACED, IDAT, IEND]), "not interlaced"),
    "RGB": (alpha_png(mode="RGB"), "8-bit greyscale"),
    "palette": (alpha_png(mode="P"), "8-bit greyscale|chunk b'PLTE'"),
    "16 bits": (alpha_png(mode="I;16"), "8-bit greyscale"),
    "1 bit": (alpha_png(mode="1"), "8-bit greyscale"),
    "width": (alpha_png(WIDTH + 1), "6x3 pixels, the picture 5x3"),
    "height": (alpha_png(WIDTH, HEIGHT - 1), "5x2 pixels, the picture 5x3"),
    "bomb": (
        png_of(
            [
                (
                    b"IHDR",
                    struct.pack(">II5B", 2**31 - 1, 2**31 - 1, 8, *[0] * 4),
                ),
                IDAT,
                IEND,
            ]
        ),
        "2147483647x2147483647",
    ),
}


@pytest.mark.parametrize("name", ALPHA_DAMAGE)
def test_damaged_alpha(document, name):
    png, message = ALPHA_DAMAGE[name]
    data = pack(container((0x80, png)))
    with pytest.raises(BitstreamError, match=f"alpha section.*({message})"):
        library(data)
    with pytest.raises(ValueError):
        document(data)


def test_any_byte_of_alpha_matters(document):
    for position in range(len(PNG)):
        png = bytearray(PNG)
        png[position] ^= 4
        data = pack(container((0x80, bytes(png))))
        for read in (library, document):
            with pytest.raises(ValueError):
                read(data)


STREAM = zlib.compress(b"MM\0*abcdefgh")
STREAM_DAMAGE = {
    "empty": (b"", "is empty"),
    "no zlib": (b"MM\0*abcd", "not a zlib stream"),
    "truncated": (STREAM[:-1], "truncated"),
    "truncated early": (STREAM[:8], "truncated|is empty|must begin"),
    "altered": (STREAM[:-1] + b"\0", "not a zlib stream|truncated"),
    "a byte more": (STREAM + b"\0", "bytes after"),
    "a stream more": (STREAM * 2, "bytes after"),
    "nothing": (zlib.compress(b""), "is empty"),
    "bomb": (
        zlib.compress(b"MM\0*" + bytes(LIMIT - 3)),
        "more than 16,777,216",
    ),
}


@pytest.mark.parametrize("kind", [0x81, 0x82, 0x83])
@pytest.mark.parametrize("name", STREAM_DAMAGE)
def test_damaged_streams(document, kind, name):
    content, message = STREAM_DAMAGE[name]
    data = pack(container((kind, content)))
    label = sections.NAMES[kind]
    with pytest.raises(
        BitstreamError, match=f"The {label} section.*({message})"
    ):
        library(data)
    with pytest.raises(ValueError):
        document(data)


def test_the_largest_metadata(document):
    largest = b"MM\0*" + bytes(LIMIT - 4)
    data = pack(container((0x82, zlib.compress(largest))))
    assert library(data)["exif"] == document(data)["exif"] == largest


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ((0x82, zlib.compress(b"Exif\0\0II*\0")), "EXIF section must begin"),
        ((0x83, zlib.compress(b"\xff\xfex\0")), "XMP section must be UTF-8"),
        ((0x84, b"\0"), "greyscale section must be empty"),
    ],
)
def test_other_damage(document, part, message):
    data = pack(container(part))
    with pytest.raises(BitstreamError, match=message):
        library(data)
    with pytest.raises(ValueError):
        document(data)


@pytest.mark.parametrize("kind", sections.NAMES)
def test_no_section_comes_twice(document, kind):
    part = (kind, {0x80: PNG, 0x84: b""}.get(kind, STREAM))
    data = pack(container(part, part))
    name = sections.NAMES[kind]
    with pytest.raises(BitstreamError, match=f"more than one {name} section"):
        library(data)
    with pytest.raises(ValueError, match="twice"):
        document(data)


def test_a_bomb_is_not_inflated():
    bomb = zlib.compress(bytes(1 << 28), 1)
    tracemalloc.start()
    with pytest.raises(BitstreamError, match="more than 16,777,216 bytes"):
        read_metadata(pack(container((0x81, bomb))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * LIMIT


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"icc": "text"}, "`icc` must be bytes or None"),
        ({"icc": b""}, "`icc` is empty"),
        ({"exif": b"Exif\0\0II*\0"}, "`exif` must begin like a TIFF file"),
        ({"xmp": b"\xff"}, "`xmp` must be UTF-8"),
        ({"xmp": bytes(LIMIT + 1)}, "`xmp` has more than 16,777,216 bytes"),
    ],
)
def test_metadata_checks_itself(arguments, message):
    with pytest.raises(ValueError, match=message):
        Metadata(**arguments)


def test_orientation_is_made_upright():
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    xmp = b'<x tiff:Orientation="8"/>'
    written = dict(
        sections.write_sections(None, False, Metadata(None, exif, xmp))
    )
    found = zlib.decompress(written[sections.EXIF])
    assert found == exif.replace(b"\0\x06\0\0", b"\0\x01\0\0")
    assert zlib.decompress(written[sections.XMP]) == xmp.replace(b"8", b"1")
