"""Which scans a file has, and their symbols (ITU-T T.81, annexes F and G)."""

import dataclasses

import numpy as np

from tfcodec.jpeg.huffman import HuffmanCode
from tfcodec.jpeg.symbols import ac_symbols
from tfcodec.jpeg.symbols import dc_symbols
from tfcodec.jpeg.symbols import refining_symbols

_AC = 0x10  # Class of AC codes, in their slots.
_SPLITS = (5, 12)  # Where the first scan of a band may end.
_MAX_SHIFT = 2  # Bits of AC coefficients that refining scans may add.
_HEADER_BITS = 8 * 14  # SOS, and DHT without its content.


@dataclasses.dataclass(frozen=True)
class Component:
    """One of Y, Cb and Cr.

    Args:
        levels: int `(rows, columns, 64)`, quantized, zigzag.
        used: `(rows, columns)`, ints: blocks with samples of the picture; the
            others fill up a unit of 4:2:0.
        factor: int, blocks of a unit in each direction, 1 or 2.
    """

    levels: np.ndarray
    used: tuple
    factor: int

    def in_rows(self):
        """Used blocks, `(blocks, 64)`, in the order of a scan of their own."""
        rows, columns = self.used
        return self.levels[:rows, :columns].reshape(-1, 64)

    def in_units(self):
        """All blocks, `(blocks, 64)`, unit by unit."""
        rows, columns = self.levels.shape[:2]
        f = self.factor
        units = self.levels.reshape(rows // f, f, columns // f, f, 64)
        return units.transpose(0, 2, 1, 3, 4).reshape(-1, 64)


@dataclasses.dataclass(frozen=True)
class Scan:
    """One scan.

    Args:
        components: list of `(index, dc, ac)`, ints: numbers of the codes.
        symbols: list of `(slot, Symbols)`. Slots are numbers of codes, plus 16
            for AC.
        first, last: ints, 0..63, ends of the band.
        high, low: ints, the bits that come: T.81's Ah and Al.
    """

    components: list
    symbols: list
    first: int
    last: int
    high: int = 0
    low: int = 0

    def codes(self):
        """Dict of slot to the `HuffmanCode` that fits its symbols."""
        counts = {}
        for slot, symbols in self.symbols:
            counts[slot] = counts.get(slot, 0) + symbols.counts()
        return {slot: HuffmanCode(counts[slot]) for slot in sorted(counts)}


def sequential_scans(components):
    """One scan of everything, as in baseline files.

    Args:
        components: list of one or three `Component`.

    Returns:
        List of one `Scan`.
    """
    symbols, headers, before = [], [], 0
    in_unit = sum(part.factor**2 for part in components)
    for index, part in enumerate(components):
        code, number = min(index, 1), part.factor**2
        headers.append((index, code, code))
        blocks = part.in_rows() if len(components) == 1 else part.in_units()
        index = np.arange(len(blocks))
        rank = index // number * in_unit + before + index % number
        for slot, coded in (
            (code, dc_symbols(blocks[:, 0])),
            (_AC | code, ac_symbols(blocks, 1, 63)),
        ):
            symbols.append((slot, coded.with_blocks_at(rank)))
        before += number
    return [Scan(headers, symbols, 0, 63)]


def progressive_scans(components):
    """The scans of a progressive file: those that take the fewest bits.

    A scan of DC for each component, then its AC coefficients: at once or in
    two bands, whole or with their last bits in scans of their own.

    Args and returns as of `sequential_scans`.
    """
    firsts, rest = [], []
    for index, part in enumerate(components):
        blocks = part.in_rows()
        dc = dc_symbols(blocks[:, 0])
        firsts.append(Scan([(index, 0, 0)], [(0, dc)], 0, 0))
        rest.append(_ac_scans(index, blocks))
    # Coarse bits of all components before fine ones of any.
    rest = sorted(sum(rest, []), key=lambda scan: -scan.low)
    return firsts + rest


def _ac_scans(index, blocks):
    def scan(symbols, first, last, high, low):
        return Scan([(index, 0, 0)], [(_AC, symbols)], first, last, high, low)

    best = None
    refining, refining_bits = [], 0
    for shift in range(_MAX_SHIFT + 1):
        if shift:
            symbols = refining_symbols(blocks, 1, 63, shift - 1)
            refining = [scan(symbols, 1, 63, shift, shift - 1), *refining]
            refining_bits += _bits(symbols)
        whole = ac_symbols(blocks, 1, 63, shift, True)
        total = _bits(whole) + refining_bits
        if best is not None and total >= best[0]:
            break
        best = total, shift, whole, refining
    _, shift, whole, refining = best
    bits, chosen = _bits(whole), [scan(whole, 1, 63, 0, shift)]
    for split in _SPLITS:
        bands = [(1, split), (split + 1, 63)]
        parts = [ac_symbols(blocks, *band, shift, True) for band in bands]
        total = sum(map(_bits, parts))
        if total < bits:
            bits = total
            chosen = [
                scan(symbols, *band, 0, shift)
                for symbols, band in zip(parts, bands, strict=True)
            ]
    return chosen + refining


def _bits(symbols):
    code = HuffmanCode(symbols.counts())
    return code.num_bits(symbols) + _HEADER_BITS
