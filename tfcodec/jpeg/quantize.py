"""Blocks quantized for the least distortion plus rate."""

import dataclasses

import numpy as np

from tfcodec.jpeg.symbols import ac_symbols
from tfcodec.jpeg.symbols import bit_length

_AT_ONCE = 8192  # Blocks.
_DEAD_ZONE = 0.34  # Rounding, where rates are not known yet.
_MAX_SIZE = 10  # Bits of an AC level, one less than of a difference of DC.
_LARGEST = 2**_MAX_SIZE - 1  # T.81, tables F.1 and F.2.
_UNSEEN = 0.3  # Counts of symbols that have not come yet.
_RUNS = np.arange(63)


def round_blocks(blocks, steps, offset=_DEAD_ZONE):
    """Blocks divided by their steps and rounded, AC towards zero.

    Args:
        blocks: float32 `(blocks, 64)` of DCT coefficients, zigzag.
        steps: int `(64,)`, 1..255, zigzag.
        offset: float, 0.5 for the nearest.

    Returns:
        int32 `(blocks, 64)`.
    """
    levels = np.abs(blocks) / steps
    levels += np.where(np.arange(64) == 0, 0.5, offset)
    levels = np.minimum(levels.astype(np.int32), _LARGEST)
    return np.where(blocks < 0, -levels, levels)


def symbol_bits(counts):
    """float `(256,)`: bits of symbols that come as often as counted."""
    counts = counts + _UNSEEN
    return np.log2(counts.sum() / counts)


@dataclasses.dataclass(frozen=True)
class Rates:
    """Bits of a component's AC symbols in a scan of their own.

    Args:
        symbols: float32 `(256,)`, bits of each.
        empty: float, bits of a block without any coefficient: those that long
            runs of ends take beyond runs of one.
    """

    symbols: np.ndarray
    empty: float

    @classmethod
    def counted(cls, levels):
        """The rates of symbols that come as often as in int `(blocks, 64)`."""
        coded = ac_symbols(levels, 1, 63, 0, True).counts()
        bits = symbol_bits(coded)
        runs = np.arange(1, 15)
        longer = coded[runs << 4] @ (bits[runs << 4] + runs - bits[0])
        empty = int((~levels[:, 1:].any(1)).sum())
        return cls(bits.astype(np.float32), max(longer, 0) / max(empty, 1))


def optimize(blocks, steps, lmbda, passes=1):
    """The levels of least squared error plus `lmbda` times bits.

    Rates are counted over the blocks, first as rounded, then as each pass
    before has left them.

    Args:
        blocks, steps: see `round_blocks`.
        lmbda: float, squared units of coefficients per bit.
        passes: int.

    Returns:
        int32 `(blocks, 64)`.
    """
    levels = round_blocks(blocks, steps)
    for _ in range(passes):
        rates = Rates.counted(levels)
        for start in range(0, len(blocks), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            levels[part, 1:] = _trellis(blocks[part], steps, lmbda, rates)
    return levels


def _trellis(blocks, steps, lmbda, rates):
    """The AC levels of some blocks: the shortest path over their nonzeros.

    Candidates are the nearest level, the one below it, and zero.

    Reference: Ramchandran & Vetterli 1994, "Rate-distortion optimal fast
    thresholding with complete JPEG/MPEG decoder compatibility".
    """
    sizes = np.arange(_MAX_SIZE + 1)
    # `(size, run)`: symbol, zero runs of 16 before it, and sign and mantissa.
    bits = rates.symbols
    price = bits[(_RUNS % 16) << 4 | sizes[:, None]]
    price = price + _RUNS // 16 * bits[0xF0] + sizes[:, None]
    price = (lmbda * price).astype(np.float32)
    size = np.abs(blocks)
    nearest = np.minimum((size / steps + 0.5).astype(np.int32), _LARGEST)
    nearest[:, 0] = 0
    # Cost of a path whose last nonzero is here, less that of zeros up to it.
    cost = np.full(blocks.shape, np.inf, np.float32)
    cost[:, 0] = 0
    previous = np.zeros(blocks.shape, np.int8)
    levels = np.zeros(blocks.shape, np.int32)
    for place in range(1, 64):
        for lower in (0, 1):
            rows = np.flatnonzero(nearest[:, place] > lower)
            level = nearest[rows, place] - lower
            path = price[bit_length(level), place - 1 :: -1]
            path = path + cost[rows, :place]
            start = path.argmin(1)
            total = path[np.arange(len(rows)), start]
            value = size[rows, place]
            total += np.square(value - level * steps[place]) - np.square(value)
            better = total < cost[rows, place]
            rows = rows[better]
            cost[rows, place] = total[better]
            levels[rows, place] = level[better]
            previous[rows, place] = start[better]
    ends = cost + lmbda * bits[0]
    ends[:, 63] = cost[:, 63]
    ends[:, 0] = lmbda * rates.empty
    return _walk_back(blocks, levels, previous, ends.argmin(1))


def _walk_back(blocks, levels, previous, place):
    chosen = np.zeros(blocks.shape, np.int32)
    rows = np.arange(len(blocks))
    while len(rows):
        rows, place = rows[place > 0], place[place > 0]
        chosen[rows, place] = levels[rows, place]
        place = previous[rows, place]
    return np.where(blocks < 0, -chosen, chosen)[:, 1:]
