"""`.tfc` files: round trips, and a message of its own for each malformation."""

import dataclasses
import zlib

import numpy as np
import pytest

from tfcodec.bitstream import Container
from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack
from tfcodec.errors import BitstreamError

SMALL = Container(
    preset_id=0x0201,
    model_hash=b"\x0a\x0b\x0c\x0d",
    width=0x050403,
    height=0x0706,
    quality=50.01,
    latents=b"latents!",
    ancillary=((0x80, b"abc"), (0xFF, b"")),
)


def with_crc(data):
    """`data` with the checksum that makes it unaltered."""
    crc = zlib.crc32(data[:19] + data[23:])
    return data[:19] + crc.to_bytes(4, "little") + data[23:]


def patched(position, new):
    """SMALL's bytes with some replaced, and the checksum that fits."""
    data = pack(SMALL)
    return with_crc(data[:position] + new + data[position + len(new) :])


def test_bytes_of_a_file():
    expected = with_crc(
        b"\x89TFC"  # magic
        b"\x01"  # format version
        b"\x01\x02"  # preset
        b"\x0a\x0b\x0c\x0d"  # model hash
        b"\x03\x04\x05"  # width
        b"\x06\x07\x00"  # height
        b"\x89\x13"  # quality: 5001
        b"\0\0\0\0"  # CRC-32
        b"\x01\x08latents!"
        b"\x80\x03abc"
        b"\xff\x00"
    )
    assert pack(SMALL) == expected
    assert unpack(expected) == SMALL


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"preset_id": 0},
        {"preset_id": 65535},
        {"width": 1, "height": 1},
        {"width": 2**24 - 1, "height": 1},
        {"width": 1, "height": 2**24 - 1},
        {"width": 2**20, "height": 2**20},
        {"quality": 1},
        {"quality": 100.0},
        {"quality": 33.33},
        {"latents": b""},
        {"ancillary": ()},
        {"ancillary": ((0x80, b"x"), (0x80, b"x"))},
    ],
)
def test_round_trip(change):
    container = dataclasses.replace(SMALL, **change)
    data = pack(container)
    assert unpack(data) == container
    assert unpack(bytearray(data)) == unpack(memoryview(data)) == container


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16383, 16384, 2_100_000])
def test_round_trip_of_section_lengths(size):
    container = dataclasses.replace(SMALL, latents=bytes(size))
    assert unpack(pack(container)) == container


def test_round_trip_of_every_quality():
    for hundredths in range(100, 10001, 7):
        container = dataclasses.replace(SMALL, quality=hundredths * 0.01)
        assert container.quality == hundredths / 100
        assert unpack(pack(container)).quality == container.quality


@pytest.mark.parametrize(
    "change, match",
    [
        ({"preset_id": -1}, "`preset_id`"),
        ({"preset_id": 65536}, "`preset_id`"),
        ({"preset_id": 1.0}, "`preset_id`"),
        ({"width": 0}, "`width`"),
        ({"width": 2**24}, "`width`"),
        ({"height": 0}, "`height`"),
        ({"height": True}, "`height`"),
        ({"width": 2**20 + 1, "height": 2**20}, r"2\*\*40"),
        ({"model_hash": b"abc"}, "`model_hash`"),
        ({"model_hash": "abcd"}, "`model_hash`"),
        ({"quality": 0.99}, "`quality`"),
        ({"quality": 100.01}, "`quality`"),
        ({"quality": 50.001}, "`quality`"),
        ({"quality": float("nan")}, "`quality`"),
        ({"quality": float("inf")}, "`quality`"),
        ({"latents": "text"}, "`latents`"),
        ({"ancillary": ((0x7F, b""),)}, "`ancillary type`"),
        ({"ancillary": ((0x100, b""),)}, "`ancillary type`"),
        ({"ancillary": ((0x80, "text"),)}, "`ancillary`"),
    ],
)
def test_container_rejects(change, match):
    with pytest.raises(ValueError, match=match) as caught:
        dataclasses.replace(SMALL, **change)
    assert not isinstance(caught.value, BitstreamError)


@pytest.mark.parametrize(
    "data, match",
    [
        (b"", "empty"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "looks like JPEG"),
        (b"\x89PNG\r\n\x1a\n", "looks like PNG"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "looks like WebP"),
        (b"\0\0\0\x20ftypavif", "looks like AVIF"),
        (b"GIF89a", "looks like GIF"),
        (b"hello, world", "not a tfcodec file"),
        (b"\0", "not a tfcodec file"),
        (patched(0, b"\x88"), "not a tfcodec file"),
        (patched(4, b"\x02"), "format version 2, made by a newer version"),
        (patched(4, b"\xff") + b"anything", "format version 255"),
        (patched(4, b"\x00"), "altered"),
        (patched(11, b"\0\0\0"), "zero size"),
        (patched(14, b"\0\0\0"), "zero size"),
        (patched(11, b"\xff" * 6), r"limit of 2\*\*40"),
        (patched(17, b"\x63\x00"), "quality 0.99"),
        (patched(17, b"\x11\x27"), "quality 100.01"),
        (patched(33, b"\x02"), "section of type 2.*newer version"),
        (patched(33, b"\x7f"), "section of type 127.*newer version"),
        (patched(33, b"\x00"), "section of type 0.*newer version"),
        (patched(33, b"\x01"), "exactly one latents"),
        (patched(23, b"\x80"), "exactly one latents"),
        (patched(23, b"\x81\x08latents!\x01"), "latents section must be the f"),
        (with_crc(pack(SMALL)[:23]), "truncated"),
        (with_crc(pack(SMALL)[:23] + b"\x01\x80\x00"), "malformed length"),
        (with_crc(pack(SMALL)[:23] + b"\x01" + b"\x80" * 5 + b"\1"), "malfor"),
        (with_crc(pack(SMALL)[:23] + b"\x01\xff\xff\xff\xff\x7f"), "truncated"),
        (pack(SMALL)[:23] + b"\x01\x80\x00", "altered"),
        (pack(SMALL) + b"\0", "1 bytes after its end"),
        (pack(SMALL) + b"\x80\x00", "2 bytes after its end"),
        (pack(SMALL) * 2, f"{len(pack(SMALL))} bytes after its end"),
    ],
)
def test_malformed(data, match):
    with pytest.raises(BitstreamError, match=match):
        unpack(data)


def test_truncated_anywhere():
    data = pack(SMALL)
    between = {35 - 2, 40 - 2}  # Whole sections are gone.
    for length in range(1, len(data)):
        match = "lost whole sections" if length in between else "truncated"
        with pytest.raises(BitstreamError, match=match):
            unpack(data[:length])


def test_every_single_byte_change_is_an_error():
    data = pack(SMALL)
    for position in range(len(data)):
        for new in range(256):
            if new == data[position]:
                continue
            changed = bytearray(data)
            changed[position] = new
            with pytest.raises(BitstreamError) as caught:
                unpack(bytes(changed))
            message = str(caught.value)
            if position < 4:
                assert "not a tfcodec file" in message
            elif position in (24, 34, 39):  # A length may now reach too far.
                assert "altered" in message or "truncated" in message
            else:
                assert "altered" in message


def test_random_bytes_raise_nothing_but_bitstream_error():
    rng = np.random.default_rng(0)
    start = pack(SMALL)[:5]
    for _ in range(5000):
        data = rng.bytes(rng.integers(0, 80))
        kind = rng.integers(3)
        if kind:
            data = start + data
        if kind == 2 and len(data) >= 23:
            data = with_crc(data)
        try:
            container = unpack(data)
        except BitstreamError:
            continue
        assert pack(container) == data
