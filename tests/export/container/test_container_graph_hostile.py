"""The container in tensor ops: the sentences of `unpack` and `Codec`."""

import pathlib
import re
import zlib

import numpy as np
import pytest
import tensorflow as tf

from tfcodec import presets
from tfcodec.bitstream import Container
from tfcodec.bitstream import container as reference
from tfcodec.bitstream import pack
from tfcodec.export.graph import container_checks
from tfcodec.export.graph.container_graph import ContainerGraph
from tfcodec.export.graph.container_status import ContainerStatus
from tfcodec.export.graph.rans_status import Status

DOCUMENT_ROW = r"\| (\d+) \| `(\w+)` \|"
HASH = b"\x0a\x0b\xec\xfd"
LIMIT = 600_000_000
SMALL = Container(
    preset_id=0x0201,
    model_hash=HASH,
    width=0x050403,
    height=0x0706,
    quality=50.01,
    latents=b"latents!",
    ancillary=((0x80, b"abc"), (0xFF, b"")),
)
DATA = pack(SMALL)
LONG = b"\xff\xff\xff\xff"


@pytest.fixture(scope="module")
def files(make_files):
    return make_files(SMALL.preset_id, HASH, LIMIT)


def with_crc(data):
    crc = zlib.crc32(data[:19] + data[23:])
    return data[:19] + crc.to_bytes(4, "little") + data[23:]


def patched(position, new):
    data = DATA[:position] + new + DATA[position + len(new) :]
    return with_crc(data)


def with_sections(sections):
    return with_crc(DATA[:23] + sections)


def check(files, cases):
    """Each file's sentence is the reference's, and matches; in one batch."""
    found = files.check([data for data, _ in cases])
    for sentence, (_, match) in zip(found, cases, strict=True):
        assert re.search(match, str(sentence)), sentence


def test_start_of_a_file(files):
    marks = [
        (bytes(begin) + mark, name) for begin, mark, name in reference.FOREIGN
    ]
    check(files, [(data + bytes(9), f"like {name}") for data, name in marks])
    check(files, [(data, f"like {name}") for data, name in marks])
    cut = [mark[:-1] for mark, _ in marks]
    assert {"This is not a tfcodec file.", "The file is empty."} <= set(
        files.check([*cut, b""])
    )
    check(
        files,
        [
            (b"hello, world", "not a tfcodec file"),
            (b"\0", "not a tfcodec file"),
            (b"\x89", "truncated"),
            (patched(0, b"\x88"), "not a tfcodec file"),
            (patched(4, b"\x02"), "format version 2, made by a newer version"),
            (patched(4, b"\xff") + b"anything", "format version 255"),
            (patched(4, b"\x00"), "altered"),
            (DATA[:4] + b"\x02" + DATA[5:], "altered"),
        ],
    )


def test_malformed(files):
    check(
        files,
        [
            (patched(11, b"\0\0\0"), "zero size"),
            (patched(14, b"\0\0\0"), "zero size"),
            (patched(11, b"\xff" * 6), r"limit of 2\*\*40"),
            (patched(33, b"\x02"), "section of type 2.*newer version"),
            (patched(33, b"\x7f"), "section of type 127.*newer version"),
            (patched(33, b"\x00"), "section of type 0.*newer version"),
            (patched(33, b"\x01"), "exactly one latents"),
            (patched(23, b"\x80"), "exactly one latents"),
            (patched(23, b"\x81\x08latents!\x01"), "section must be the first"),
            (with_sections(b""), "truncated"),
            (with_sections(b"\x01\x80\x00"), "malformed length"),
            (with_sections(b"\x01" + b"\x80" * 5 + b"\1"), "malformed length"),
            (with_sections(b"\x01" + LONG + b"\x7f"), f"needs {2**35 - 1} byt"),
            (with_sections(b"\x01" + LONG + b"\x07"), f"needs {2**31 - 1} byt"),
            (with_sections(b"\x01" + LONG + b"\x08"), "needs 24159"),
            (with_sections(b"\x01\x80\x80\x80\x80\x01"), f"needs {2**28} byt"),
            (with_sections(b"\x01\x80\x80\x80\x80\x00"), "malformed length"),
            (with_sections(b"\x01\x00\x80" + LONG + b"\x7f"), "byte 25 needs"),
            (with_sections(b"\x01\x00\x80\x80\x00"), "byte 25 has a malformed"),
            (with_sections(b"\x01\x00\x80\x80"), "byte 25 needs 1 .* 0 are"),
            (with_sections(b"\x01\x00\x03\x00\x02\x00"), "of type 3, which"),
            (DATA[:23] + b"\x01\x80\x00", "altered"),
            (DATA[:23] + b"\x01\x00\x80\x80\x00", "altered"),
            (DATA + b"\0", "1 bytes after its end"),
            (DATA + b"\x80\x00", "2 bytes after its end"),
            (DATA * 2, f"{len(DATA)} bytes after its end"),
        ],
    )


def test_every_truncation(files):
    cut = [DATA[:length] for length in range(len(DATA) + 1)]
    found = files.check([*cut, DATA])
    assert sum(isinstance(sentence, tuple) for sentence in found) == 2
    lost = [i for i, text in enumerate(found) if "lost whole" in str(text)]
    assert lost == [33, 38]


def test_every_single_byte_change(files):
    changed = []
    for position in range(len(DATA)):
        for new in {*range(256)} - {DATA[position]}:
            data = bytearray(DATA)
            data[position] = new
            changed.append(bytes(data))
    found = files.check(changed)
    assert all(isinstance(sentence, str) for sentence in found)


def test_random_sections(files):
    """Lengths right and wrong, and a checksum that may fit earlier."""
    rng = np.random.default_rng(0)
    batch = []
    for _ in range(1500):
        data = DATA[:23] + b"\x01\x02ab" * int(rng.random() < 0.8)
        ends = [len(data)]
        for _ in range(rng.integers(0, 9)):
            size = int(rng.choice([0, 1, 5, 130]))
            length = reference._leb128(size)
            if rng.random() < 0.05:
                length = rng.bytes(rng.integers(0, 7))
            kind = 1 if rng.random() < 0.05 else int(rng.integers(100, 256))
            data += bytes([kind]) + length + rng.bytes(size)
            ends.append(len(data))
        kind = rng.integers(4)
        if kind:  # That of all, or of some of the sections.
            end = len(data) if kind > 1 else int(rng.choice(ends))
            data = with_crc(data[:end]) + data[end:]
        batch.append(data)
    found = [re.sub(r"\d+", "", str(text)) for text in files.check(batch)]
    assert len({text for text in found if "(" not in text}) > 6


def test_random_bytes(files):
    rng = np.random.default_rng(1)
    batch = []
    for _ in range(2000):
        data = rng.bytes(rng.integers(0, 80))
        kind = rng.integers(3)
        if kind:
            data = DATA[:5] + data
        if kind == 2 and len(data) >= 23:
            data = with_crc(data)
        batch.append(data)
    files.check(batch)


def test_quality(files):
    numbers = [*range(0, 103), *range(9998, 10103), *range(60000, 65536, 97)]
    found = files.check([patched(17, n.to_bytes(2, "little")) for n in numbers])
    assert "The file declares quality 0.07, out of 1..100." in found
    assert "The file declares quality 101.0, out of 1..100." in found
    for number, text in zip(numbers, found, strict=True):
        assert isinstance(text, tuple) == (100 <= number <= 10000)


def test_presets(files, make_files):
    batch = [patched(5, n.to_bytes(2, "little")) for n in [*range(9), 65535]]
    batch += [patched(7, b"\0\x99\xff\x80"), patched(10, b"\x7d")]
    newest = max(presets.IDENTIFIERS)
    for codec in (
        files,
        make_files(newest, HASH, LIMIT),
        make_files(presets.UNREGISTERED, b"\xff" * 4, None),
    ):
        codec.check(batch)
    name = presets.IDENTIFIERS[newest]
    check(
        files,
        [
            (
                patched(5, bytes([newest, 0])),
                f"preset {name}, this .* a custom",
            ),
            (patched(5, b"\x01\x00"), "preset photo-1, which is retired"),
            (patched(5, b"\xff\xff"), "not part of tfcodec"),
            (patched(5, bytes([presets.LOSSLESS, 0])), "lossless.decompress"),
            (patched(5, b"\xfe\xff"), "needs preset number 65534"),
            (patched(7, b"\0\x99\xff\x80"), r"0099ff80\) .* \(0a0becfd\)"),
        ],
    )


def test_limit_of_pixels(files):
    def sized(width, height):
        return patched(
            11, width.to_bytes(3, "little") + height.to_bytes(3, "little")
        )

    check(
        files,
        [
            (sized(30_000, 20_000), "^.30000, 20000"),
            (sized(30_000, 20_001), "30000x20001 .* limit of 600,000,000"),
            (sized(1 << 20, 1 << 20), "more than the limit"),
            (sized((1 << 20) + 1, 1 << 20), r"2\*\*40"),
            (sized((1 << 24) - 1, 35), "^.16777215, 35"),
            (sized((1 << 24) - 1, 36), "more than the limit"),
        ],
    )


@pytest.mark.parametrize("limit", [-1, 1, 4096, 2**31, 2**40, 2**40 - 1, 2**60])
def test_more_pixels(limit):
    rng = np.random.default_rng(2)
    width = (2 ** rng.uniform(0, 24, 3000)).astype(np.int64)
    near = limit // width + rng.integers(-1, 3, width.size)
    height = np.clip(near, 1, 2**24 - 1)
    found = container_checks.more_pixels(
        *(tf.constant(x, tf.int32) for x in (width, height)), limit
    )
    np.testing.assert_array_equal(found, width * height > limit)


def test_nothing_is_said_of_files_that_are_fine(files):
    found = files.parse(*files.octet_matrix([DATA, DATA]))
    files.raise_status(found.status, found.numbers)
    files.graph.check(found.status, found.numbers)  # Eager, too.


def test_the_default_limit_is_that_of_decompress():
    graph = ContainerGraph(SMALL.preset_id, HASH)
    found = graph.parse(np.frombuffer(DATA, np.uint8)[None], [len(DATA)])
    with pytest.raises(tf.errors.InvalidArgumentError, match="178,956,970"):
        graph.check(found.status, found.numbers)


def test_numbers_of_statuses_are_documented_and_differ():
    text = (
        pathlib.Path(__file__).parents[3] / "docs" / "format.md"
    ).read_text()
    found = {int(n): name for n, name in re.findall(DOCUMENT_ROW, text)}
    known = {int(s): s.name for kind in (Status, ContainerStatus) for s in kind}
    assert known.items() <= found.items()
    assert len(known) == len(Status) + len(ContainerStatus) - 1
