"""What is fuzzed: functions of bytes that must never fail.

Each takes any bytes. What it calls may raise `BitstreamError` and nothing else;
what is accepted is held against a second opinion: `pack` has to give the
bytes back, `encode` the payload's values, and the decoder printed in
`docs/format.md` the same values or an error too.

Neither TensorFlow nor Keras is imported: `python tests/fuzz/fuzz.py` runs them
thousands of times a second.
"""

import functools
import pathlib
import re
import struct
import zlib

import numpy as np

from tfcodec import presets
from tfcodec.bitstream import Container
from tfcodec.bitstream import container as container_format
from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack
from tfcodec.bitstream.sections import ALPHA
from tfcodec.bitstream.sections import GREY
from tfcodec.bitstream.sections import MAX_METADATA
from tfcodec.bitstream.sections import known_sections
from tfcodec.bitstream.sections import metadata_of
from tfcodec.coding import CdfTables
from tfcodec.coding import RansDecoder
from tfcodec.coding import encode
from tfcodec.errors import BitstreamError
from tfcodec.file_codec import FileCodec
from tfcodec.picture import join

_DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "format.md"
_MAX_SIDE = 100  # pixels; what a header declares beyond is cut to it


def container(data):
    """`unpack`, of the bytes as they are and with the checksum mended."""
    for candidate in (data, _mended(data)):
        try:
            found = unpack(candidate)
        except BitstreamError:
            continue
        assert pack(found) == candidate


def payload(data):
    """`RansDecoder`, beside the decoder in the document.

    The first two bytes choose how many symbols two segments have; the others
    are the payload, and choose the rows too.
    """
    data, tables = bytes(data), _tables()
    counts, data = data[:2], data[2:]
    segments = [
        [(i * i + count) % tables.num_tables for i in range(count)]
        for count in counts
    ]
    values = _decoded(RansDecoder, (data, tables), segments, BitstreamError)
    # Plain integers, as the document's decoder wants them.
    lists = tables.cdf.tolist(), tables.size.tolist(), tables.offset.tolist()
    expected = _decoded(
        _document_decoder(), (data, *lists), segments, ValueError
    )
    assert values == expected
    if values is not None:
        pairs = list(zip(values, segments, strict=True))
        again = encode([tuple(map(np.array, pair)) for pair in pairs], tables)
        assert _decoded(RansDecoder, (again, tables), segments, ()) == values


def symbols(data):
    """A whole file of a real preset, as far as its symbols.

    The header is mended so that they are reached, and its picture is small.
    """
    codec = _codec()
    data = bytearray(data.ljust(container_format.HEADER.size, b"\0"))
    data[:11] = _header_start()
    for at in (11, 14):
        side = int.from_bytes(data[at : at + 3], "little")
        data[at : at + 3] = (side % _MAX_SIDE + 1).to_bytes(3, "little")
    try:
        found = unpack(_mended(data))
        z_hat, residual = codec.decode_symbols(found)
    except BitstreamError:
        return
    assert np.isfinite(z_hat).all()
    height, width = -(-found.height // 16), -(-found.width // 16)
    assert residual.shape[1:3] == (height, width)
    assert z_hat.shape[1:3] == (-(-height // 4), -(-width // 4))


def sections(data):
    """What goes beside the picture: alpha, profile, EXIF, XMP, greyscale.

    The first byte is the type of a section, the others are its content; where
    its form asks for a zlib stream or checksums, they are made too.
    """
    data = bytes(data)
    kind, content = ALPHA + (data[0] if data else 0) % 8, data[1:]
    for candidate in (content, zlib.compress(content), _alpha(content)):
        found = Container(1, bytes(4), 5, 3, 50.0, b"", ((kind, candidate),))
        try:
            known = known_sections(found)
            metadata = metadata_of(found)
            image = join(np.zeros((3, 5, 3), np.uint8), known)
        except BitstreamError:
            continue
        assert image.shape[:2] == (3, 5)
        assert image.shape[2] == {ALPHA: 4, GREY: 1}.get(kind, 3)
        for value in (metadata.icc, metadata.exif, metadata.xmp):
            assert value is None or 0 < len(value) <= MAX_METADATA


TARGETS = {f.__name__: f for f in (container, payload, sections, symbols)}


def _alpha(content):
    """A PNG of 5x3 grey pixels around the bytes of an IDAT chunk."""
    chunks = [(b"IHDR", struct.pack(">II5B", 5, 3, 8, 0, 0, 0, 0))]
    chunks += [(b"IDAT", zlib.compress(content)), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks:
        crc = zlib.crc32(kind + body).to_bytes(4, "big")
        png += len(body).to_bytes(4, "big") + kind + body + crc
    return png


def _decoded(decoder, arguments, segments, error):
    """Lists of the values of segments, or None if there was an error."""
    try:
        reader = decoder(*arguments)
        values = [list(map(int, reader.decode(rows))) for rows in segments]
        reader.finish()
    except error:
        return None
    return values


def _mended(data):
    """The bytes with the checksum that they should have."""
    data = bytes(data)
    at, size = container_format.CRC_AT, container_format.HEADER.size
    if len(data) < size:
        return data
    crc = container_format._crc(data)
    return data[:at] + crc.to_bytes(4, "little") + data[size:]


@functools.cache
def _tables():
    """Rows of one, two and many symbols, even and steep ones."""
    many = [0, *range(1, 40), 4096]
    return CdfTables.from_rows(
        [
            [0, 4096],
            [0, 1, 4096],
            [0, 4095, 4096],
            [0, 2048, 3072, 4000, 4096],
            many,
            list(range(0, 4097, 64)),
        ],
        [7, 0, -1, -1, -20, -32],
    )


@functools.cache
def _document_decoder():
    blocks = re.findall(
        r"```python\n(.*?)```", _DOCUMENT.read_text(), re.DOTALL
    )
    names = {}
    for block in blocks:
        exec(compile(block, str(_DOCUMENT), "exec"), names)
    return names["PayloadDecoder"]


@functools.cache
def _codec():
    """The newest preset, as much of it as reading symbols takes."""
    preset = presets.find("photo")
    codec = FileCodec()
    codec.coding = presets.Coding.load(preset.directory / "tables.npz")
    codec.identifier = preset.identifier
    codec.reach = {}  # of networks, which reading symbols does without
    return codec


@functools.cache
def _header_start():
    """Magic, version, preset and model hash of that preset's files."""
    codec = _codec()
    return pack(
        Container(codec.identifier, codec.coding.model_hash, 1, 1, 50.0, b"")
    )[:11]
