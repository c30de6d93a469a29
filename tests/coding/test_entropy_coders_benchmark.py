"""benchmarks/entropy_coders.py: what it counts can be decoded."""

import importlib.util
import itertools
import pathlib

import numpy as np
import pytest

from tfcodec.coding import code_length
from tfcodec.coding import encode
from tfcodec.coding.tables import ESCAPE
from tfcodec.coding.tables import TOTAL

SCRIPT = pathlib.Path(__file__).parents[2] / "benchmarks/entropy_coders.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("entropy_coders", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "counts, lengths",
    [
        ([7], [1]),
        ([1, 1000], [1, 1]),
        ([1, 1, 2, 4], [3, 3, 2, 1]),
        ([5, 5, 5, 5], [2, 2, 2, 2]),
    ],
)
def test_known_codes(script, counts, lengths):
    assert script.huffman_lengths(counts).tolist() == lengths


def test_no_prefix_code_is_shorter(script):
    """Against all lengths that Kraft's inequality allows."""
    rng = np.random.default_rng(0)
    allowed = [
        lengths
        for lengths in itertools.product(range(1, 5), repeat=5)
        if sum(2.0**-n for n in lengths) <= 1
    ]
    for _ in range(20):
        counts = rng.integers(1, 100, 5)
        lengths = script.huffman_lengths(counts)
        assert np.sum(2.0**-lengths) == 1
        assert counts @ lengths == min(counts @ np.array(a) for a in allowed)


def test_octets_can_be_read_back(script):
    values = [0, 1, -1, 127, -127, 128, -128, 32767, -32768, 5]
    data, found, place = script.octets(np.array(values)), [], 0
    while place < len(data):
        size = 3 if data[place] == 128 else 1
        part = data[place + 1 : place + 3] if size == 3 else data[place:][:1]
        found.append(int.from_bytes(part, "little", signed=True))
        place += size
    assert found == values


def test_a_code_per_table(script, mixed_tables):
    """Values as the tables expect them: less than a bit each above ideal."""
    rng = np.random.default_rng(2)
    rows = rng.choice([0, 2, 3, 5], 4000)
    slots = rng.integers(0, TOTAL, rows.size)
    values = mixed_tables.decode_value[rows * TOTAL + slots]
    values[values == ESCAPE] = 9999
    coded = script.only_coded(values, rows, mixed_tables)
    bits = script.bits_by_tables(*coded, mixed_tables)
    ideal = code_length(values, rows, mixed_tables)
    assert ideal < bits < ideal + coded[0].size
    beyond = (np.array([900]), np.array([2]))  # row 2 has 5, and escapes
    assert script.bits_by_tables(*beyond, mixed_tables) == 1 + 16


def test_sizes(script, mixed_tables, draw):
    segments = [draw(np.random.default_rng(seed), 2000) for seed in (3, 4)]
    sizes = script.measure(segments, mixed_tables, lambda data: data)
    assert sizes["rANS"] == len(encode(segments, mixed_tables))
    assert sizes["code length under the tables"] < sizes["rANS"]
    coded = [script.only_coded(*s, mixed_tables)[0] for s in segments]
    raw = sum(1 if abs(v) <= 127 else 3 for c in coded for v in c.tolist())
    assert sizes["LZW"] == sizes["LZW, by table"] == raw
    assert sizes["Deflate"] < raw
