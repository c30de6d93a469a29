"""Codes that decoders take, and bits in their order."""

import numpy as np
import pytest

from tfcodec.jpeg.huffman import HuffmanCode
from tfcodec.jpeg.huffman import pack


def words(code):
    return [
        format(code.codes[s], f"0{code.lengths[s]}b")
        for s in np.flatnonzero(code.lengths)
    ]


@pytest.mark.parametrize(
    "counts",
    [
        [0, 5],
        [7, 0, 7, 7],
        [1] * 256,
        [int(1.6**i) for i in range(40)],  # Would need 40 bits.
        np.random.default_rng(3).integers(0, 900, 162).tolist(),
    ],
)
def test_codes_are_prefix_free_and_short_enough(counts):
    counts = np.array(counts + [0] * (256 - len(counts)))
    code = HuffmanCode(counts)
    assert ((code.lengths > 0) == (counts > 0)).all()
    assert code.lengths.max() <= 16
    found = sorted(words(code))
    assert not any(
        b.startswith(a) for a, b in zip(found, found[1:], strict=False)
    )
    assert all("0" in word for word in found), "all ones is reserved"


def test_code_is_near_the_entropy():
    counts = np.zeros(256, int)
    counts[:60] = np.random.default_rng(0).geometric(0.05, 60) ** 2
    share = counts[:60] / counts.sum()
    entropy = -counts[:60] @ np.log2(share)
    bits = counts @ HuffmanCode(counts).lengths
    assert entropy < bits < 1.02 * entropy


def test_segment_lists_the_symbols_by_length():
    code = HuffmanCode(
        np.bincount([9] * 8 + [4] * 4 + [3] * 2 + [77], None, 256)
    )
    segment = code.segment(0x11)
    assert segment == bytes([0x11, 1, 1, 1, 1, *[0] * 12, 9, 4, 3, 77])
    assert words(code) == ["110", "10", "0", "1110"]


def test_pack_is_the_bits_one_after_the_other():
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 33, 1000)
    values = rng.integers(0, 2**32, 1000) & ((1 << lengths) - 1)
    bits = "".join(
        format(v, f"0{n}b") if n else ""
        for v, n in zip(values.tolist(), lengths.tolist(), strict=True)
    )
    bits += "1" * (-len(bits) % 8)
    expected = int(bits, 2).to_bytes(len(bits) // 8, "big")
    assert pack(values, lengths) == expected
