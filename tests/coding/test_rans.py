"""Round trips, sizes and golden bytes of the coder."""

import dataclasses
import json
import os
import pathlib

import numpy as np
import pytest

from tfcodec.coding import CdfTables
from tfcodec.coding import RansDecoder
from tfcodec.coding import code_length
from tfcodec.coding import encode
from tfcodec.coding import rans

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "rans.json"


def decode(payload, segment_rows, tables):
    decoder = RansDecoder(payload, tables)
    values = [decoder.decode(rows) for rows in segment_rows]
    decoder.finish()
    return values


def check_round_trip(segments, tables):
    payload = encode(segments, tables)
    decoded = decode(payload, [rows for _, rows in segments], tables)
    for (values, _), found in zip(segments, decoded, strict=True):
        assert found.dtype == np.int16
        np.testing.assert_array_equal(found, values)
    return payload


def num_lanes(payload):
    return int.from_bytes(payload[:2], "little")


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 99, 1000, 12345, 100_000])
def test_round_trip(n, mixed_tables, draw):
    check_round_trip([draw(np.random.default_rng(n), n)], mixed_tables)


@pytest.mark.parametrize("seed", range(20))
def test_round_trip_of_many_segments(seed, mixed_tables, draw):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, rng.choice([2, 50, 4000]), rng.integers(0, 6))
    check_round_trip([draw(rng, n) for n in sizes], mixed_tables)


@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("steps", [1, 2, 250])
def test_round_trip_at_lane_boundaries(steps, extra, mixed_tables):
    # 12 bits a symbol, so 250 symbols fill a lane.
    rng = np.random.default_rng(steps)
    lanes = 9
    n = 250 * lanes + 1
    first = rng.integers(-2000, 2095, n - lanes * steps - extra)
    second = rng.integers(-2000, 2095, n - first.size)
    payload = check_round_trip(
        [(part, np.full(part.size, 5)) for part in (first, second)],
        mixed_tables,
    )
    assert num_lanes(payload) == lanes


def test_bits_per_lane_as_documented():
    tables = CdfTables([[0, 1, 4096]], [2], [0])
    assert tables.bits_per_lane == 6000
    for wrong in (27, 2**31):
        match = rf"`bits_per_lane` must be in 28.*Received.*={wrong}"
        with pytest.raises(ValueError, match=match):
            dataclasses.replace(tables, bits_per_lane=wrong)


def test_number_of_lanes(mixed_tables):
    def lanes(n, row, value):
        return num_lanes(
            encode([(np.full(n, value), np.full(n, row))], mixed_tables)
        )

    assert lanes(1, 5, 0) == 1
    assert [lanes(n, 5, 0) for n in (499, 500, 749, 750)] == [1, 2, 2, 3]
    assert lanes(250 * 4097, 5, 0) == 4096
    assert lanes(100_000, 2, 5) == 1  # 35 bits.


def test_big_payload_in_blocks(gaussian_tables, scales):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 10, 300_001)
    values = np.rint(rng.normal(size=rows.size) * scales[rows]).astype(int)
    parts = np.split(np.arange(rows.size), [100, 150_000])
    payload = check_round_trip(
        [(values[part], rows[part]) for part in parts], gaussian_tables
    )
    assert num_lanes(payload) > 256


@pytest.mark.parametrize(
    "value", [-32768, -10_000, -4, -2, 2, 3, 10_000, 32767]
)
def test_escapes(value, mixed_tables):
    values = [0, value, 1, 4321, -1]
    payload = check_round_trip([(values, [0] * 5)], mixed_tables)
    # The first escape is the last word, the second the one before it.
    tail = np.frombuffer(payload, "<i2")[-2:]
    np.testing.assert_array_equal(tail, [4321, value])


@pytest.mark.parametrize("block", [1, 7, 100, 1000])
def test_blocks_do_not_show(block, mixed_tables, draw, monkeypatch):
    """The payload is one, and each reads what the other wrote."""
    rng = np.random.default_rng(block)
    segments = [draw(rng, n) for n in (300, 0, 1, 2345)]
    segments.append((rng.integers(-2000, 2095, 1500), np.full(1500, 5)))
    payload = check_round_trip(segments, mixed_tables)
    assert num_lanes(payload) > 3
    monkeypatch.setattr(rans, "_BLOCK", block)
    monkeypatch.setattr(rans, "_REMEMBERED", 2)
    assert check_round_trip(segments, mixed_tables) == payload


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint64])
def test_any_type_of_integers(dtype, mixed_tables):
    values, rows = np.arange(120) % 3, np.arange(120) % 2 * 2
    payload = encode([(values, rows)], mixed_tables)
    small = [(values.astype(np.int16), rows.astype(dtype))]
    assert check_round_trip(small, mixed_tables) == payload


def test_escapes_across_segments_and_lanes(mixed_tables):
    rng = np.random.default_rng(3)
    segments = []
    for n in (700, 0, 900):
        values = rng.integers(-32768, 32768, n)
        segments.append((values, rng.choice([0, 2, 3, 5], n)))
    assert num_lanes(check_round_trip(segments, mixed_tables)) > 3


def test_skip_rows_take_no_bytes(mixed_tables):
    skipped = ([7, 0, 7, 7], [1, 4, 1, 1])
    assert encode([], mixed_tables) == b""
    assert encode([([], [])], mixed_tables) == b""
    assert check_round_trip([skipped, skipped], mixed_tables) == b""
    plain = encode([([0, 1, 0], [0, 0, 0])], mixed_tables)
    among = [([7, 0, 0, 7, 1, 0, 0], [1, 4, 0, 1, 0, 0, 4])]
    assert check_round_trip(among, mixed_tables) == plain


@pytest.mark.parametrize(
    "values, rows, match",
    [
        ([8], [1], "skip row"),
        ([0, 1], [0, 4], "skip row"),
        ([32768], [0], "-32768..32767"),
        ([-32769], [0], "-32768..32767"),
        ([2**63], [0], "-32768..32767"),
        ([0], [6], "`rows` must be in 0..5"),
        ([0], [-1], "`rows` must be in 0..5"),
        ([0, 0], [0], "same length"),
        ([0.0], [0], "integer array"),
        ([0], [0.0], "integer array"),
        ([[0]], [[0]], "rank 1"),
    ],
)
def test_encode_rejects(values, rows, match, mixed_tables):
    with pytest.raises(ValueError, match=match):
        encode([(np.array(values), np.array(rows))], mixed_tables)


def test_arguments_are_left_alone(mixed_tables, draw):
    values, rows = draw(np.random.default_rng(5), 500)
    before = values.copy(), rows.copy()
    check_round_trip([(values, rows)], mixed_tables)
    np.testing.assert_array_equal(values, before[0])
    np.testing.assert_array_equal(rows, before[1])


@pytest.mark.parametrize("n", [1, 20, 300, 3000, 30_000])
@pytest.mark.parametrize("row", range(10))
def test_real_size_meets_ideal_size(n, row, gaussian_tables, scales):
    rng = np.random.default_rng(row)
    values = np.rint(scales[row] * rng.normal(size=n)).astype(int)
    rows = np.full(n, row)
    payload = check_round_trip([(values, rows)], gaussian_tables)
    ideal, real = code_length(values, rows, gaussian_tables), 8 * len(payload)
    assert ideal <= real
    if len(payload) > 4096:
        assert real <= 1.01 * ideal
    else:
        assert real <= ideal + 8 * 64


@pytest.mark.parametrize("row", [0, 3, 9])
def test_ideal_size_meets_entropy(row, gaussian_tables, scales):
    """Tables of 12 bits cost next to nothing over the true distribution."""
    rng = np.random.default_rng(row)
    values = np.rint(scales[row] * rng.normal(size=100_000)).astype(int)
    counts = np.unique(values, return_counts=True)[1] / values.size
    entropy = -(counts * np.log2(counts)).sum() * values.size
    ideal = code_length(values, np.full(values.size, row), gaussian_tables)
    assert entropy < ideal < 1.02 * entropy + 64


def golden_cases():
    """Name -> (tables, segments), from seeds that must never change."""
    small = CdfTables.from_rows(
        [[0, 2048, 3072, 4000, 4096], [0, 4096], [0, 4095, 4096]], [-1, 3, 5]
    )
    state = 12345

    def draw(n, count):  # A generator of our own: NumPy's may change.
        nonlocal state
        numbers = []
        for _ in range(n):
            state = (state * 1103515245 + 12345) % 2**31
            numbers.append((state >> 16) % count)
        return numbers

    wide = CdfTables.from_rows(
        [range(0, 4097, 16), [0, 4096]], [-100, 0], bits_per_lane=3000
    )
    z = draw(700, 250)
    rows = draw(600, 2)
    y = [
        (1 - row) * (n - 90)
        for row, n in zip(rows, draw(600, 256), strict=True)
    ]
    return {
        "nothing": (small, []),
        "one_symbol": (small, [([1], [0])]),
        "three_symbols": (small, [([0, 1, -1], [0, 0, 0])]),
        "escapes": (small, [([-32768, 5, 32767, 3, -2], [0, 2, 2, 1, 0])]),
        "segments": (small, [([0, 1], [0, 0]), ([3, 5, 0, -1], [1, 2, 0, 0])]),
        "lanes": (wide, [([n - 100 for n in z], [0] * 700), (y, rows)]),
    }


@pytest.mark.parametrize("name", golden_cases())
def test_golden_bytes(name):
    tables, segments = golden_cases()[name]
    record = {
        "cdf": tables.cdf.tolist(),
        "size": tables.size.tolist(),
        "offset": tables.offset.tolist(),
        "segments": [
            {"values": list(values), "rows": list(rows)}
            for values, rows in segments
        ],
        "payload": encode(segments, tables).hex(),
    }
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if os.environ.get("TFCODEC_UPDATE_GOLDEN") == "1":
        golden[name] = record
        lines = (f"{json.dumps(k)}: {json.dumps(golden[k])}" for k in golden)
        GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    assert record == golden[name]
    # Old files must stay readable: decode what is on disk, not what we wrote.
    tables = CdfTables(*(golden[name][k] for k in ("cdf", "size", "offset")))
    stored = golden[name]["segments"]
    found = decode(
        bytes.fromhex(golden[name]["payload"]),
        [segment["rows"] for segment in stored],
        tables,
    )
    assert [f.tolist() for f in found] == [s["values"] for s in stored]


def test_golden_file_covers_lanes_and_has_no_stale_case():
    golden = json.loads(GOLDEN.read_text())
    assert set(golden) == set(golden_cases())
    assert num_lanes(bytes.fromhex(golden["lanes"]["payload"])) >= 2
