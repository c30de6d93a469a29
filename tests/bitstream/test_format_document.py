"""`docs/format.md` is enough to read a file, and its example is true."""

import hashlib
import pathlib
import re

import numpy as np
import pytest

from tfcodec.bitstream import Container
from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack
from tfcodec.coding import CdfTables
from tfcodec.coding import RansDecoder
from tfcodec.coding import encode

TEXT = (pathlib.Path(__file__).parents[2] / "docs" / "format.md").read_text()


def example_bytes(title):
    """The hex block below the heading or line that starts with `title`."""
    block = re.search(
        re.escape(title) + r".*?```hex\n(.*?)```", TEXT, re.DOTALL
    )
    lines = (line.split("#")[0] for line in block[1].splitlines())
    return bytes.fromhex("".join(lines))


@pytest.fixture(scope="module")
def example(document):
    tables = CdfTables.from_rows(document["EXAMPLE_CDF"], [-1, 0, 0])
    np.testing.assert_array_equal(tables.size, document["EXAMPLE_SIZE"])
    np.testing.assert_array_equal(tables.offset, document["EXAMPLE_OFFSET"])
    segments = list(
        zip(document["EXAMPLE_VALUES"], document["EXAMPLE_ROWS"], strict=True)
    )
    return tables, segments


def test_worked_example_is_what_the_code_writes(example):
    tables, segments = example
    container = Container(
        preset_id=65535,
        model_hash=hashlib.sha256(tables.digest()).digest()[:4],
        width=40,
        height=30,
        quality=50.0,
        latents=encode(segments, tables),
    )
    data = pack(container)
    assert data == example_bytes("## Worked example")
    assert unpack(data) == container


def test_worked_example_trace_is_true(example, document):
    """The states in the trace, recomputed by the book."""
    tables, segments = example
    latents = unpack(example_bytes("## Worked example")).latents
    words = [
        int.from_bytes(latents[i : i + 2], "little")
        for i in range(0, len(latents), 2)
    ]
    state, words, lines = words[1] | words[2] << 16, words[3:], []
    for _, rows in segments:
        for row in rows:
            if tables.size[row] == 1:
                continue
            slot = state & 4095
            cdf = tables.cdf[row]
            symbol = int(np.searchsorted(cdf, slot, "right")) - 1
            freq = int(cdf[symbol + 1] - cdf[symbol])
            after = freq * (state >> 12) + slot - int(cdf[symbol])
            line = [row, state, slot, symbol]
            if symbol < tables.size[row] - 1:
                line.append(symbol + int(tables.offset[row]))
            line += [freq, int(cdf[symbol]), after]
            state = after
            if state < 1 << 15:
                line.append(words.pop(0))
                state = state << 16 | line[-1]
            lines.append(line)
    assert state == 1 << 15
    table = re.search(r"\| row \|.*?\n\n", TEXT, re.DOTALL)[0].splitlines()[2:]
    found = [
        [int(n, 0) for n in re.findall(r"0x[0-9a-f]+|-?\d+", line)]
        for line in table
        if line
    ]
    assert found == lines


def test_reference_decoder_reads_the_example(example, document):
    found = document["read_file"](example_bytes("## Worked example"))
    _, segments = example
    assert found["width"] == 40 and found["height"] == 30
    assert found["quality"] == 50.0
    decoder = document["PayloadDecoder"](
        found["latents"],
        document["EXAMPLE_CDF"],
        document["EXAMPLE_SIZE"],
        document["EXAMPLE_OFFSET"],
    )
    for values, rows in segments:
        assert decoder.decode(rows) == values
    decoder.finish()


@pytest.mark.parametrize("seed", range(6))
def test_reference_decoder_agrees_with_the_coder(seed, document):
    rng = np.random.default_rng(seed)
    tables = CdfTables.from_rows(
        [[0, 100, 3000, 4096], range(0, 4097, 8), [0, 4096], [0, 9, 4096]],
        [0, -250, 3, 6],
    )
    segments = []
    for n in rng.integers(0, 1500, 3):
        rows = rng.integers(0, 4, n)
        values = np.where(rows == 2, 3, rng.integers(-300, 300, n))
        segments.append((values, rows))
    payload = encode(segments, tables)
    assert seed == 0 or payload[0] > 1
    lists = [
        row[: size + 1].tolist()
        for row, size in zip(tables.cdf, tables.size, strict=True)
    ]
    slow = document["PayloadDecoder"](
        payload, lists, tables.size.tolist(), tables.offset.tolist()
    )
    fast = RansDecoder(payload, tables)
    for values, rows in segments:
        expected = values.tolist()
        assert slow.decode(rows.tolist()) == expected
        assert fast.decode(rows).tolist() == expected
    slow.finish()
    fast.finish()


def test_reference_decoder_refuses_damage(document):
    data = example_bytes("## Worked example")
    for length in range(len(data)):
        with pytest.raises(ValueError):
            document["read_file"](data[:length])
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1
        with pytest.raises(ValueError):
            document["read_file"](bytes(changed))
