"""CRC-32 in tensor ops against zlib."""

import zlib

import numpy as np
import pytest
import tensorflow as tf

from tfcodec.export.graph.crc32_graph import BLOCK
from tfcodec.export.graph.crc32_graph import Crc32Graph

OCTETS = tf.TensorSpec([None, None], tf.uint8)
VECTOR = tf.TensorSpec([None], tf.int32)


@pytest.fixture(scope="module")
def crc():
    return tf.function(Crc32Graph().crc, [OCTETS, VECTOR])


def zlib_crc(data, crc=0):
    return int(np.uint32(zlib.crc32(data, crc)).view(np.int32))


def check(crc, octets, lengths):
    expected = [
        zlib_crc(line[:length].tobytes())
        for line, length in zip(octets, lengths, strict=True)
    ]
    found = crc(octets, np.array(lengths, np.int32))
    np.testing.assert_array_equal(found, expected)


def test_the_text_of_the_document(crc):
    octets = np.frombuffer(b"123456789", np.uint8)[None]
    assert crc(octets, [9]).numpy().view(np.uint32)[0] == 0xCBF43926


@pytest.mark.parametrize("width", [0, 1, 3, BLOCK, 5 * BLOCK])
def test_every_length(crc, width):
    rng = np.random.default_rng(width)
    octets = rng.integers(0, 256, (width + 1, width), np.uint8)
    check(crc, octets, range(width + 1))


def test_random_lengths(crc):
    rng = np.random.default_rng(0)
    octets = rng.integers(0, 256, (200, 5000), np.uint8)
    check(crc, octets, rng.integers(0, 5001, 200))


@pytest.mark.parametrize("width", [60_000, 3_000_017])
def test_large(crc, width):
    octets = np.random.default_rng(1).integers(0, 256, (2, width), np.uint8)
    check(crc, octets, [width, width // 3])


@pytest.mark.parametrize("byte", [0x00, 0xFF])
def test_constant_bytes(crc, byte):
    check(crc, np.full((2, 1000), byte, np.uint8), [1000, 577])


def test_prefixes():
    octets = np.random.default_rng(2).integers(0, 256, (3, 400), np.uint8)
    ends = np.array([[0, 400], [399, 64], [60, 68]], np.int32)
    found = Crc32Graph().prefixes(octets, ends).numpy()
    for i, line in enumerate(octets):
        expected = [zlib_crc(line[:end].tobytes()) for end in ends[i]]
        assert found[i].tolist() == expected


@pytest.mark.parametrize("width", [0, 1, 2, 77])
def test_running(width):
    octets = np.random.default_rng(3).integers(0, 256, (2, width), np.uint8)
    before = [b"", b"what comes before"]
    crc = tf.constant([zlib_crc(data) for data in before])
    found = Crc32Graph().running(crc, octets).numpy()
    for i, line in enumerate(octets):
        expected = [
            zlib_crc(before[i] + line[:n].tobytes()) for n in range(width + 1)
        ]
        assert found[i].tolist() == expected


def test_no_rows(crc):
    found = crc(np.zeros((0, 7), np.uint8), np.zeros(0, np.int32))
    assert found.shape == (0,)
