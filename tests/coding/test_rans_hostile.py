"""Bytes from outside: every wrong payload raises `BitstreamError`."""

import struct

import numpy as np
import pytest

from tfcodec.coding import RansDecoder
from tfcodec.coding import encode
from tfcodec.errors import BitstreamError


def decode(payload, segment_rows, tables):
    decoder = RansDecoder(payload, tables)
    values = [decoder.decode(rows) for rows in segment_rows]
    decoder.finish()
    return values


def payload_of(lanes, states, words=()):
    return struct.pack(f"<H{len(states)}I{len(words)}H", lanes, *states, *words)


START = 1 << 15


@pytest.mark.parametrize(
    "payload, match",
    [
        (b"\x01", "at least 6"),
        (b"\x01\x00", "at least 6"),
        (b"\x01\x00\x00\x80\x00", "at least 6"),
        (payload_of(1, [START]) + b"\0", "even number"),
        (payload_of(0, [START]), "0 lanes"),
        (payload_of(4097, [START] * 4097), "4097 lanes"),
        (payload_of(65535, [START]), "65535 lanes"),
        (payload_of(2, [START]), "too short for 2 lanes"),
        (payload_of(4096, [START] * 4095), "too short for 4096 lanes"),
        (payload_of(2, [START, START - 1]), "state out of range"),
        (payload_of(2, [1 << 31, START]), "state out of range"),
        (payload_of(1, [0]), "state out of range"),
    ],
)
def test_bad_starts(payload, match, mixed_tables):
    with pytest.raises(BitstreamError, match=match):
        RansDecoder(payload, mixed_tables)


def test_payload_without_symbols(mixed_tables):
    decoder = RansDecoder(payload_of(1, [START]), mixed_tables)
    decoder.decode([1, 4])
    with pytest.raises(BitstreamError, match="no symbol is"):
        decoder.finish()


def test_symbols_without_payload(mixed_tables):
    with pytest.raises(BitstreamError, match="empty, but 1 symbols"):
        RansDecoder(b"", mixed_tables).decode([1, 0])


def test_extreme_states_decode_without_overflow(mixed_tables):
    for state in (START, 2**31 - 1):
        for row in (0, 2, 3, 5):
            payload = payload_of(2, [state, state], [0xFFFF] * 99)
            values = RansDecoder(payload, mixed_tables).decode([row] * 20)
            assert values.min() >= -32768 and values.max() <= 32767


@pytest.fixture(scope="module")
def sample(mixed_tables, draw):
    rng = np.random.default_rng(8)
    dense = (rng.integers(-2000, 2095, 550), np.full(550, 5))
    segments = [draw(rng, 100), dense]
    payload = encode(segments, mixed_tables)
    assert 2 <= payload[0] and payload[1] == 0 and len(payload) < 1400
    return payload, segments


def test_missing_words(sample, mixed_tables):
    payload, segments = sample
    rows = [rows for _, rows in segments]
    for length in range(1, len(payload)):
        with pytest.raises(BitstreamError):
            decode(payload[:length], rows, mixed_tables)


def test_missing_and_leftover_words_have_their_messages(mixed_tables):
    values, rows = np.arange(300), np.full(300, 5)
    payload = encode([(values, rows)], mixed_tables)
    with pytest.raises(BitstreamError, match="before its last symbol"):
        decode(payload[:-2], [rows], mixed_tables)
    with pytest.raises(BitstreamError, match="1 words of the payload are left"):
        decode(payload + b"\0\0", [rows], mixed_tables)
    with pytest.raises(BitstreamError, match="words of the payload are left"):
        decode(payload, [rows[:200]], mixed_tables)
    with pytest.raises(BitstreamError, match="before its last symbol"):
        decode(payload, [rows, rows], mixed_tables)
    escape = encode([([9999], [0])], mixed_tables)
    with pytest.raises(BitstreamError, match="before its last escape"):
        decode(escape[:-2], [[0]], mixed_tables)


def test_wrong_final_state(mixed_tables):
    payload = payload_of(1, [START + 4096])
    with pytest.raises(BitstreamError, match="right state"):
        decode(payload, [[2]], mixed_tables)


def test_wrong_rows_or_tables_are_noticed(sample, mixed_tables):
    payload, segments = sample
    rows = [np.where(rows == 0, 5, rows) for _, rows in segments]
    with pytest.raises(BitstreamError):
        decode(payload, rows, mixed_tables)


def test_changed_bytes_are_noticed_or_change_values(gaussian_tables, scales):
    """A change is an error, or else other values: never anything worse."""
    rng = np.random.default_rng(0)
    rows = rng.integers(3, 10, 300)
    values = np.rint(scales[rows] * rng.normal(size=300)).astype(int)
    payload = encode([(values, rows)], gaussian_tables)
    noticed = 0
    for position in range(len(payload)):
        changed = bytearray(payload)
        changed[position] ^= int(rng.integers(1, 256))
        try:
            (found,) = decode(bytes(changed), [rows], gaussian_tables)
        except BitstreamError:
            noticed += 1
        else:
            assert (found != values).any()
    # What is left is raw escapes above all: the container's CRC is for those.
    assert noticed > 0.9 * len(payload)


@pytest.mark.parametrize("seed", range(200))
def test_random_bytes_raise_nothing_but_bitstream_error(seed, mixed_tables):
    rng = np.random.default_rng(seed)
    data = bytearray(rng.bytes(rng.integers(1, 400)))
    if seed % 4 and len(data) > 6:  # Come past the first checks.
        lanes = int(rng.integers(1, 5))
        data[:2] = lanes.to_bytes(2, "little")
        for lane in range(lanes):
            data[5 + 4 * lane : 6 + 4 * lane] = b"\x55"
        data = data[: len(data) // 2 * 2]
    rows = rng.integers(0, 6, rng.integers(0, 400))
    try:
        decode(bytes(data), [rows, rows[:5]], mixed_tables)
    except BitstreamError:
        pass


def test_caller_mistakes_are_value_errors_of_their_own(sample, mixed_tables):
    decoder = RansDecoder(sample[0], mixed_tables)
    for rows in ([6], [-1], [0.5]):
        with pytest.raises(ValueError, match="`rows`") as caught:
            decoder.decode(rows)
        assert not isinstance(caught.value, BitstreamError)
