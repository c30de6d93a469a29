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

import numpy as np

from tfcodec import presets
from tfcodec.bitstream import Container
from tfcodec.bitstream import container as container_format
from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack
from tfcodec.coding import CdfTables
from tfcodec.coding import RansDecoder
from tfcodec.coding import encode
from tfcodec.errors import BitstreamError
from tfcodec.file_codec import FileCodec

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


TARGETS = {f.__name__: f for f in (container, payload, symbols)}


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
    return next(
        value
        for value in names.values()
        if isinstance(value, type) and hasattr(value, "finish")
    )


@functools.cache
def _codec():
    """The newest preset, as much of it as reading symbols takes."""
    preset = presets.find("photo")
    codec = FileCodec()
    codec.coding = presets.Coding.load(preset.directory / "tables.npz")
    codec.identifier = preset.identifier
    return codec


@functools.cache
def _header_start():
    """Magic, version, preset and model hash of that preset's files."""
    codec = _codec()
    return pack(
        Container(codec.identifier, codec.coding.model_hash, 1, 1, 50.0, b"")
    )[:11]
