"""Tables of integer frequencies, which both sides of the coder share.

Probabilities become integers once, in `quantize_pmf`, when a model is frozen.
From then on the tables are data: stored with the model, never rebuilt.
"""

import dataclasses
import functools
import hashlib
import heapq
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

PRECISION = 12  # Bits. The frequencies of a row sum to 1 << PRECISION.
TOTAL = 1 << PRECISION
ESCAPE_BITS = 16  # Raw bits of a value that its row has no symbol for.
VALUE_MIN, VALUE_MAX = -(1 << 15), (1 << 15) - 1
BITS_PER_LANE = 6000  # A lane costs 16 to 32 bits, so about 0.4 percent.
MIN_BITS_PER_LANE = PRECISION + ESCAPE_BITS  # Most that a symbol may cost.
ESCAPE = 1 << 20  # Stands for "escape" where values are looked up.

# Code length of a symbol by its frequency, in 2**-24 bits: integers, so that
# sums do not depend on their order. Entry 0 is never used.
COST_UNIT = 1 << 24
COST = np.rint(
    COST_UNIT * (PRECISION - np.log2(np.maximum(np.arange(TOTAL + 1), 1)))
).astype(np.int64)


@dataclasses.dataclass(frozen=True, eq=False)
class CdfTables:
    """Cumulative frequency tables, one row per distribution.

    Symbol `s < size - 1` of a row stands for the value `s + offset`. The last
    symbol, `size - 1`, is the escape: the value follows as 16 raw bits. A row
    of size 1 is a *skip row*: its only possible value is `offset`, and its
    elements take no bits at all.

    The arrays are copied and made read-only.

    Args:
        cdf: int32 `(num_tables, width + 1)`. Each row starts at 0, increases
            strictly over its first `size + 1` entries, reaches 4096 there and
            stays there.
        size: int32 `(num_tables,)`, symbols of a row, the escape included.
        offset: int32 `(num_tables,)`, the value of symbol 0.
        bits_per_lane: int, 28 to 2**31 - 1; an encoder uses one lane for so
            many bits. Fewer make faster and larger files, which any decoder
            reads: no part of the digest.
    Raises:
        ValueError: if the arrays break one of these rules.
    """

    cdf: np.ndarray
    size: np.ndarray
    offset: np.ndarray
    bits_per_lane: int = BITS_PER_LANE

    def __post_init__(self) -> None:
        for name, ndim in (("cdf", 2), ("size", 1), ("offset", 1)):
            array = int_array(getattr(self, name), name, ndim)
            if array.size and (array.min() < -(2**31) or array.max() >= 2**31):
                raise ValueError(f"`{name}` must fit in int32.")
            array = array.astype(np.int32, order="C", copy=True)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        num_tables, width = self.cdf.shape[0], self.cdf.shape[1] - 1
        if num_tables < 1 or not 1 <= width <= TOTAL:
            raise ValueError(
                "`cdf` must have at least one row and 2 to 4097 columns. "
                f"Received: cdf.shape={self.cdf.shape}"
            )
        if self.size.shape != (num_tables,) or self.offset.shape != (
            num_tables,
        ):
            raise ValueError(
                "`size` and `offset` must have one entry per row of `cdf`. "
                f"Received: size.shape={self.size.shape}, "
                f"offset.shape={self.offset.shape}, "
                f"cdf.shape={self.cdf.shape}"
            )
        if (self.size < 1).any() or (self.size > width).any():
            raise ValueError(f"`size` must be in 1..{width} (the width).")
        inside = np.arange(width) < self.size[:, None]
        steps = np.diff(self.cdf.astype(np.int64), axis=1)
        if (self.cdf[:, 0] != 0).any() or (self.cdf[:, -1] != TOTAL).any():
            raise ValueError("Each row of `cdf` must go from 0 to 4096.")
        if (steps[inside] < 1).any() or (steps[~inside] != 0).any():
            raise ValueError(
                "Each row of `cdf` must increase strictly over its first "
                "`size + 1` entries, reach 4096 there and stay there."
            )
        last = self.offset + np.maximum(self.size.astype(np.int64) - 2, 0)
        if (self.offset < VALUE_MIN).any() or (last > VALUE_MAX).any():
            raise ValueError("The values of a row must fit in int16.")
        if not MIN_BITS_PER_LANE <= self.bits_per_lane < 2**31:
            raise ValueError(
                f"`bits_per_lane` must be in {MIN_BITS_PER_LANE}..{2**31 - 1}. "
                f"Received: bits_per_lane={self.bits_per_lane}"
            )

    @classmethod
    def from_rows(
        cls,
        cdfs: Sequence[npt.ArrayLike],
        offsets: Sequence[int],
        bits_per_lane: int = BITS_PER_LANE,
    ) -> "CdfTables":
        """Stacks cdf rows of different lengths (`size + 1` entries each)."""
        rows = [int_array(cdf, "cdfs", 1) for cdf in cdfs]
        length = max((row.size for row in rows), default=0)
        cdf = np.full((len(rows), length), TOTAL, np.int64)
        for target, row in zip(cdf, rows, strict=True):
            target[: row.size] = row
        sizes = np.array([row.size - 1 for row in rows])
        return cls(cdf, sizes, np.asarray(offsets), bits_per_lane)

    @property
    def num_tables(self) -> int:
        return int(self.cdf.shape[0])

    def digest(self) -> bytes:
        """SHA-256 over precision, shape and arrays, all little-endian.

        The exact input is in `docs/format.md`, "Model hash".
        """
        sha = hashlib.sha256()
        sha.update(np.array((PRECISION, *self.cdf.shape), "<u4").tobytes())
        for array in (self.cdf, self.size, self.offset):
            sha.update(array.astype("<i4").tobytes())
        return sha.digest()

    @functools.cached_property
    def decode_step(self) -> np.ndarray:
        """int32 `(num_tables * 4096, 2)`: `freq` and `slot - start` by slot."""
        freq = np.diff(self.cdf, axis=1).ravel()
        start = self.cdf[:, :-1].ravel()
        slots = np.tile(np.arange(TOTAL, dtype=np.int32), self.num_tables)
        return np.stack(
            [np.repeat(freq, freq), slots - np.repeat(start, freq)], axis=1
        )

    @functools.cached_property
    def decode_value(self) -> np.ndarray:
        """int32 `(num_tables * 4096,)`: the value by slot, or `ESCAPE`."""
        symbols = np.arange(self.cdf.shape[1] - 1, dtype=np.int32)
        values = symbols + self.offset[:, None]
        values[(symbols == self.size[:, None] - 1) & (symbols > 0)] = ESCAPE
        return np.repeat(values.ravel(), np.diff(self.cdf, axis=1).ravel())


class Intervals(NamedTuple):
    """What the encoder needs to know about a segment; skipped ones left out."""

    freq: np.ndarray  # uint32 (num_coded,), 1..4095
    start: np.ndarray  # uint32 (num_coded,), 0..4095
    escapes: np.ndarray  # int64 (num_escapes,), values in coding order

    def cost(self) -> int:
        """Ideal code length in units of `1 / COST_UNIT` bits."""
        escape_cost = ESCAPE_BITS * COST_UNIT * self.escapes.size
        return int(COST[self.freq].sum()) + escape_cost


def intervals(
    values: npt.ArrayLike, rows: npt.ArrayLike, tables: CdfTables
) -> Intervals:
    """Finds the symbols of `values`, after checking both arguments."""
    values, rows = check_segment(values, rows)
    rows = check_rows(rows, tables)
    if values.size and (values.min() < VALUE_MIN or values.max() > VALUE_MAX):
        raise ValueError(
            f"`values` must be in {VALUE_MIN}..{VALUE_MAX}. Received: values "
            f"from {values.min()} to {values.max()}"
        )
    values = values.astype(np.int64)
    symbols = values - tables.offset[rows]
    escape = tables.size[rows] - 1
    coded = escape > 0
    if symbols[~coded].any():
        raise ValueError(
            "`values` must equal the row's offset where the row is a skip row."
        )
    if not coded.all():
        keep = np.flatnonzero(coded)
        values, rows, symbols, escape = (
            array[keep] for array in (values, rows, symbols, escape)
        )
    escaped = (symbols < 0) | (symbols >= escape)
    symbols = np.where(escaped, escape, symbols)
    # Rows of `cdf` are one longer than the number of symbols.
    position = rows * tables.cdf.shape[1] + symbols
    flat = tables.cdf.ravel()
    start = flat[position]
    freq = flat[position + 1] - start
    return Intervals(
        freq.astype(np.uint32), start.astype(np.uint32), values[escaped]
    )


def check_segment(
    values: npt.ArrayLike, rows: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """`values` and `rows` as arrays, after a check of types and lengths."""
    values = int_array(values, "values", 1)
    rows = int_array(rows, "rows", 1)
    if values.shape != rows.shape:
        raise ValueError(
            "`values` and `rows` must have the same length. Received: "
            f"values.shape={values.shape}, rows.shape={rows.shape}"
        )
    return values, rows


def code_length(
    values: npt.ArrayLike, rows: npt.ArrayLike, tables: CdfTables
) -> float:
    """Ideal code length of `values` under the tables, in bits.

    An escaped value costs its escape symbol and 16 bits; an element of a skip
    row costs nothing. The coder adds 16 to 32 bits per lane to this, and 16
    bits once. Each symbol's length is rounded to 2**-24 bits.

    Args:
        values: integers `(n,)` within int16.
        rows: integers `(n,)`, the table row of each value.
        tables: the tables.
    """
    return intervals(values, rows, tables).cost() / COST_UNIT


def check_rows(rows: npt.ArrayLike, tables: CdfTables) -> np.ndarray:
    """`rows` as int64 `(n,)`, after a check against the number of tables."""
    rows = int_array(rows, "rows", 1)
    if rows.size and (rows.min() < 0 or rows.max() >= tables.num_tables):
        raise ValueError(
            f"`rows` must be in 0..{tables.num_tables - 1}. Received: rows "
            f"from {rows.min()} to {rows.max()}"
        )
    return rows.astype(np.int64)


def quantize_pmf(pmf: npt.ArrayLike, precision: int = PRECISION) -> np.ndarray:
    """Integer frequencies for a probability mass function, as a cdf.

    Every symbol gets a frequency of at least 1, and the expected code length
    `sum(pmf * -log2(freq / 2**precision))` is the smallest possible. It is
    separable and convex in the frequencies, so handing out the units one by
    one, each to the symbol that gains most from it, is optimal. Of equal
    gains the lower symbol's comes first.

    Args:
        pmf: float64 `(n,)`, not negative, with a positive sum (which need not
            be 1).
        precision: bits.
    Returns:
        int32 `(n + 1,)` from 0 to `2**precision`, increasing strictly.
    """
    pmf = np.asarray(pmf, np.float64)
    total = 1 << precision
    if pmf.ndim != 1 or not 1 <= pmf.size <= total:
        raise ValueError(
            f"`pmf` must be a vector of 1 to {total} entries. "
            f"Received: pmf.shape={pmf.shape}"
        )
    if not np.isfinite(pmf).all() or (pmf < 0).any() or not pmf.any():
        raise ValueError(
            "`pmf` must be finite, not negative, and not all zero."
        )
    gain = [0.0] + [math.log1p(1 / count) for count in range(1, total + 1)]
    mass = (pmf / pmf.max()).tolist()
    freq = [1] * len(mass)
    heap = [(-p * gain[1], symbol) for symbol, p in enumerate(mass)]
    heapq.heapify(heap)
    for _ in range(total - len(mass)):
        symbol = heap[0][1]
        freq[symbol] += 1
        heapq.heapreplace(heap, (-mass[symbol] * gain[freq[symbol]], symbol))
    return np.concatenate([[0], np.cumsum(freq)]).astype(np.int32)


def int_array(array: npt.ArrayLike, name: str, ndim: int) -> np.ndarray:
    """`array` as a NumPy array, after a check of its type and rank."""
    array = np.asarray(array)
    if array.size == 0 and array.ndim == ndim:
        array = array.astype(np.int64)  # An empty list has a float dtype.
    if array.dtype.kind not in "iu" or array.ndim != ndim:
        raise ValueError(
            f"`{name}` must be an integer array of rank {ndim}. Received: "
            f"{name} with dtype={array.dtype}, shape={array.shape}"
        )
    return array
