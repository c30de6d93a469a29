"""Huffman codes fitted to counts, and bits to bytes (ITU-T T.81, C and K)."""

import heapq

import numpy as np

from tfcodec.jpeg.symbols import RAW

MAX_BITS = 16
_RESERVED = 256  # So that no code is all ones.


class HuffmanCode:
    """The best code for some counts.

    Args:
        counts: int `(256,)`; symbols that never come get no code.

    Attributes:
        lengths: int `(256,)`, bits of each symbol's code, 0 if it has none.
        codes: int `(256,)`.

    Reference: T.81, annex K.2, with the codes of annex C.
    """

    def __init__(self, counts):
        self._symbols, self._per_length = _fit(counts)
        self.lengths = np.zeros(256, int)
        self.codes = np.zeros(256, int)
        code, index = 0, 0
        for length, number in enumerate(self._per_length, 1):
            for symbol in self._symbols[index : index + number]:
                self.lengths[symbol], self.codes[symbol] = length, code
                code += 1
            index += number
            code <<= 1

    def num_bits(self, symbols):
        """Bits of a scan's `Symbols`, this code's own description included."""
        coded = int((symbols.counts() * self.lengths).sum())
        return coded + symbols.num_raw_bits() + 8 * len(self.segment(0))

    def segment(self, slot):
        """The content of a DHT segment, for a class and number `slot`."""
        return bytes([slot, *self._per_length, *self._symbols])


def entropy_coded(parts):
    """The bytes of a scan.

    Args:
        parts: list of `(Symbols, HuffmanCode)`, merged by their `order`.

    Returns:
        bytes, padded with ones, zeros stuffed after 0xFF.
    """
    columns = []
    for symbols, code in parts:
        coded = symbols.symbol != RAW
        symbol = np.where(coded, symbols.symbol, 0)
        length = np.where(coded, code.lengths[symbol], 0)
        value = np.where(coded, code.codes[symbol], 0)
        value = value << symbols.num_extra | symbols.extra
        columns.append((value, length + symbols.num_extra, symbols.order))
    value, length, order = map(np.concatenate, zip(*columns, strict=True))
    order = np.argsort(order, kind="stable")
    return pack(value[order], length[order]).replace(b"\xff", b"\xff\x00")


def pack(values, lengths):
    """Values of up to 32 bits one after the other, then ones, as bytes."""
    total = int(lengths.sum())
    padding = -total % 8
    values = np.append(values, (1 << padding) - 1).astype(np.uint64)
    lengths = np.append(lengths, padding)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    word = starts >> 5
    room = 64 - (starts & 31) - lengths
    shifted = values << room.astype(np.uint64)
    # Sums of bits at different places: exact in float64.
    high = (shifted >> np.uint64(32)).astype(float)
    low = (shifted & np.uint64(0xFFFFFFFF)).astype(float)
    count = int(word[-1]) + 2
    words = np.bincount(word, high, count) + np.bincount(word + 1, low, count)
    data = words.astype(">u4").tobytes()
    return data[: (total + padding) // 8]


def _fit(counts):
    """`(symbols by length of code, numbers of codes of 1 to 16 bits)`."""
    heap = [(int(n), -s, [s]) for s, n in enumerate(counts) if n]
    heap.append((0, -_RESERVED, [_RESERVED]))
    heapq.heapify(heap)
    depth = dict.fromkeys((entry[2][0] for entry in heap), 0)
    while len(heap) > 1:
        first, second = heapq.heappop(heap), heapq.heappop(heap)
        members = first[2] + second[2]
        for symbol in members:
            depth[symbol] += 1
        total = first[0] + second[0]
        heapq.heappush(heap, (total, max(first[1], second[1]), members))
    per_length = _limited(np.bincount(list(depth.values())))
    # The reserved symbol has the longest code of all; it is left out.
    longest = max(i for i, number in enumerate(per_length) if number)
    per_length[longest] -= 1
    del depth[_RESERVED]
    return sorted(depth, key=lambda s: (depth[s], s)), per_length


def _limited(numbers):
    """Numbers of codes by length, none above 16 bits (T.81, figure K.3)."""
    numbers = [*map(int, numbers), *[0] * MAX_BITS]
    for length in range(len(numbers) - 1, MAX_BITS, -1):
        while numbers[length]:
            shorter = length - 2
            while not numbers[shorter]:
                shorter -= 1
            numbers[length] -= 2
            numbers[length - 1] += 1
            numbers[shorter + 1] += 2
            numbers[shorter] -= 1
    return numbers[1 : MAX_BITS + 1]
