"""The coder in tensor ops against the NumPy coder: verdicts."""

import re

import numpy as np
import pytest
import tensorflow as tf

from tfcodec.coding import encode
from tfcodec.export.graph.rans_graph import RansGraph


def test_every_truncation_has_the_same_verdict(coder, sample):
    payload, rows = sample
    cut = [payload[:n] for n in range(len(payload) + 1)] + [payload + b"\0\0"]
    status = coder.check_verdicts(cut, rows)
    assert (
        status[len(payload)] == 0 and status.astype(bool).sum() == len(cut) - 1
    )
    assert {1, 3, 5, 6, 7, 9} >= set(status) - {0} >= {1, 3, 5, 6, 9}


def test_changed_bytes_have_the_same_verdict(coder, sample):
    payload, rows = sample
    rng = np.random.default_rng(1)
    changed = []
    for position in [*range(24), *rng.integers(24, len(payload), 200)]:
        data = bytearray(payload)
        data[position] ^= int(rng.integers(1, 256))
        changed.append(bytes(data))
    status = coder.check_verdicts(changed, rows)
    assert len(set(status)) > 3


def test_random_bytes_have_the_same_verdict(coder):
    rng = np.random.default_rng(2)
    payloads = []
    for seed in range(200):
        data = bytearray(rng.bytes(2 * rng.integers(0, 200) + seed // 190))
        count = int(rng.integers(0, 5))
        if seed % 4 and len(data) > 2 + 4 * count:
            data[:2] = count.to_bytes(2, "little")
            for lane in range(count):
                data[5 + 4 * lane : 6 + 4 * lane] = b"\x55"
        payloads.append(bytes(data))
    rows = [rng.integers(0, 6, 60), rng.integers(0, 6, 5)]
    coder.check_verdicts(payloads, rows)
    coder.check_verdicts(payloads, [np.array([1, 4]), np.array([2])])
    coder.check_verdicts(payloads, [np.array([1, 4]), np.array([4])])


def test_bad_states_and_numbers_of_lanes(coder):
    def payload_of(count, *states, words=()):
        data = np.array([count], "<u2").tobytes()
        data += np.array(states, "<u4").tobytes()
        return data + np.array(words, "<u2").tobytes()

    start = 1 << 15
    payloads = [
        payload_of(0, start),
        payload_of(4097, *[start] * 4097),
        payload_of(65535, start),
        payload_of(4096, *[start] * 4095),
        payload_of(4096, *[start] * 4096),
        payload_of(2, start, start - 1),
        payload_of(2, 1 << 31, start),
        payload_of(1, (1 << 32) - 1),
        payload_of(1, 0),
        payload_of(1, start + 4096),
        payload_of(2, (1 << 31) - 1, start, words=[0xFFFF] * 99),
    ]
    coder.check_verdicts(payloads, [np.full(1, 2), np.full(0, 0)])
    coder.check_verdicts(payloads, [np.full(99, 3), np.full(9, 5)])
    coder.check_verdicts(payloads, [np.full(1, 1), np.full(1, 4)])


def test_callers_mistakes_have_their_status(coder):
    good = (0, 5)
    values, rows = zip(
        good,
        (32768, 0),
        (-32769, 5),
        (8, 1),
        (1, 4),
        (0, 6),
        (0, -2),
        (123456, -1),
        strict=True,
    )
    values, rows = (np.array(x, np.int32)[:, None] for x in (values, rows))
    fine, zero = np.full_like(rows, 5), np.zeros_like(rows)
    found = coder.encode(values, zero, rows, fine)
    expected = [0, 12, 12, 13, 13, 11, 11, 0]
    assert found["status"].numpy().tolist() == expected
    np.testing.assert_array_equal(
        found["num_bytes"].numpy() == 0, np.array(expected) > 0
    )
    found = coder.decode(found["payload"], found["num_bytes"], rows, fine)
    assert found["status"].numpy().tolist() == [0, 5, 5, 5, 5, 11, 11, 0]


def test_strings_and_sentences(mixed_tables, make_coder, reference):
    """Eager, so that it runs without a function around it, too."""
    graph = RansGraph(mixed_tables)
    payload = encode([([0, 1, 4321, 0], [0] * 4)], mixed_tables)
    rows = [np.zeros((3, 4), np.int32)]
    rows[0][1] = -1
    values = graph.decode_strings([payload, b"", payload], rows)
    expected = [[0, 1, 4321, 0], [0] * 4, [0, 1, 4321, 0]]
    assert values[0].numpy().tolist() == expected
    strings = graph.encode_strings(values, rows)
    assert strings.numpy().tolist() == [payload, b"", payload]
    for bad, row in (
        (payload[:-1], 0),
        (payload[:-2], 0),
        (b"\1\0" + payload, 0),
        (b"\0\0" + payload, 0),
        (b"\x11\0" + payload, 0),
        (b"", 0),
        (payload, 1),
        (payload, 2),
        (payload + b"abcd", 0),
        (b"\1\0\0\x90\0\0", 2),
    ):
        wrong = np.full((3, 4), row, np.int32)
        wrong[0] = -1
        message = reference(bad, [wrong[1]], mixed_tables)
        assert isinstance(message, str)
        with pytest.raises(
            tf.errors.InvalidArgumentError,
            match="Image 1: " + re.escape(message),
        ):
            graph.decode_strings([b"", bad, b""], [wrong])
    for value, row, match in (
        (40_000, 0, "`values` must be in -32768..32767"),
        (8, 1, "where the row is a skip row"),
        (0, 6, "`rows` must be in 0..5, or -1"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=match):
            graph.encode_strings([np.int32([[value]])], [np.int32([[row]])])
