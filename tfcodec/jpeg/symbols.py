"""Scans of quantized blocks as Huffman symbols and raw bits.

ITU-T T.81, F.1.2 (sequential) and G.1.2 (progressive). All functions take the
blocks of a scan in its order, and go through all of them at once.
"""

import dataclasses

import numpy as np

_KEYS = 2 * 65  # Places in a block where something can be written.
_MAX_RUN = 0x7FFF  # Blocks in one end-of-band run.
_SIXTEEN_ZEROS = 0xF0
RAW = -1


@dataclasses.dataclass(frozen=True)
class Symbols:
    """What a scan writes, in the order of `order`.

    Args:
        symbol: int `(n,)`, 0..255, or `RAW`: extra bits only.
        extra: int `(n,)`, raw bits after each symbol.
        num_extra: int `(n,)`, how many.
        order: int `(n,)`, sorts the others, stably.
    """

    symbol: np.ndarray
    extra: np.ndarray
    num_extra: np.ndarray
    order: np.ndarray

    def counts(self):
        """int `(256,)`: how often each symbol is there."""
        coded = self.symbol[self.symbol != RAW]
        return np.bincount(coded, minlength=256)

    def num_raw_bits(self):
        return int(self.num_extra.sum())

    def with_blocks_at(self, ranks):
        """The same with its blocks at other places: int `(blocks,)`."""
        block, place = np.divmod(self.order, _KEYS)
        return dataclasses.replace(self, order=ranks[block] * _KEYS + place)


def dc_symbols(values):
    """Differences of DC coefficients: int `(blocks,)` of them, in order."""
    differences = np.diff(values, prepend=0)
    size = bit_length(np.abs(differences))
    extra = differences + (differences < 0) * ((1 << size) - 1)
    return Symbols(size, extra, size, np.arange(len(values)) * _KEYS)


def ac_symbols(blocks, first, last, shift=0, runs=False):
    """A band of AC coefficients, its first scan or its only one.

    Args:
        blocks: int `(blocks, 64)`, quantized, zigzag.
        first, last: ints, 1..63, ends of the band.
        shift: int, low bits that are left to `refining_symbols`.
        runs: bool. Ends of bands are counted over blocks, as in progressive
            files.

    Returns:
        `Symbols`.
    """
    band = np.abs(blocks[:, first : last + 1]) >> shift
    block, place = np.nonzero(band)
    magnitude = band[block, place]
    run = place - _previous(block, place, -1) - 1
    size = bit_length(magnitude)
    negative = blocks[block, place + first] < 0
    extra = np.where(negative, (1 << size) - 1 - magnitude, magnitude)
    key = block * _KEYS + 2 * (place + first)
    ends = np.full(len(blocks), -1)
    ends[block] = place  # The last one of a block stays.
    skips = run // 16
    return _joined(
        (np.repeat(key, skips), _SIXTEEN_ZEROS, 0, 0),
        (key + 1, (run % 16) << 4 | size, extra, size),
        _band_ends(ends, last - first, runs),
    )


def refining_symbols(blocks, first, last, shift):
    """One more bit of a band: that of weight `2**shift`.

    Args and returns as of `ac_symbols`. Reference: T.81, G.1.2.3.
    """
    band = np.abs(blocks[:, first : last + 1]) >> shift
    block, place = np.nonzero(band)
    magnitude = band[block, place]
    new = magnitude == 1
    ends = np.full(len(blocks), -1)
    ends[block[new]] = place[new]
    # Zeros in the block before each, and since the last that was new.
    index = np.arange(len(block))
    starts = np.searchsorted(block, block)
    zeros = place - (index - starts)
    last_new = np.maximum.accumulate(np.where(new, index, -1))
    last_new = np.concatenate([[-1], last_new[:-1]])[: len(block)]
    counted = np.where(last_new >= starts, zeros[last_new], 0)
    run = zeros - counted
    same = (index > starts) & (last_new < index - 1)
    before = np.where(same, run[index - 1] // 16, 0)
    skips = np.where(place <= ends[block], run // 16 - before, 0)
    key = block * _KEYS + 2 * (place + first)
    positive = blocks[block, place + first] > 0
    coded = _joined(
        (np.repeat(key, skips), _SIXTEEN_ZEROS, 0, 0),
        (key[new] + 1, (run[new] % 16) << 4 | 1, positive[new], 1),
        _band_ends(ends, last - first, True),
    )
    # Bits of what was not zero before follow the next symbol.
    events = np.sort(coded.order)
    old = ~new
    after = np.searchsorted(events, key[old] + 1, "right")
    ranks = np.empty(len(events), int)
    ranks[np.argsort(coded.order, kind="stable")] = np.arange(len(events))
    count = int(old.sum())
    return Symbols(
        np.concatenate([coded.symbol, np.full(count, RAW)]),
        np.concatenate([coded.extra, magnitude[old] & 1]),
        np.concatenate([coded.num_extra, np.ones(count, int)]),
        np.concatenate([2 * ranks, 2 * after + 1]),
    )


def bit_length(values):
    """Bits of integers from 0 to 2**24, 0 for 0."""
    return np.frexp(values.astype(np.float32))[1]


def _previous(block, place, none):
    """The place before each in its block, or `none`."""
    previous = np.concatenate([[none], place[:-1]])[: len(place)]
    changed = np.concatenate([[True], block[1:] != block[:-1]])[: len(place)]
    return np.where(changed, none, previous)


def _band_ends(ends, length, runs):
    """Where bands end early: keys, symbols, extra bits and their numbers."""
    early = ends < length
    if not runs:
        key = np.flatnonzero(early) * _KEYS + _KEYS - 1
        return key, 0, 0, 0
    index = np.arange(len(ends))
    # A block with symbols ends the run before it; so does a full run.
    group = np.cumsum((ends >= 0) | (index % _MAX_RUN == 0)) - 1
    run = np.bincount(group, early).astype(int)
    final = np.zeros(len(run), int)
    final[group] = index
    some = run > 0
    run, final = run[some], final[some]
    size = bit_length(run) - 1
    return (
        final * _KEYS + _KEYS - 1,
        size << 4,
        run - (1 << size),
        size,
    )


def _joined(*parts):
    columns = []
    for part in parts:
        key = part[0]
        columns.append([np.broadcast_to(x, key.shape) for x in part])
    key, symbol, extra, size = (
        np.concatenate(column).astype(int)
        for column in zip(*columns, strict=True)
    )
    return Symbols(symbol, extra, size, key)
