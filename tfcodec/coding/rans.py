"""Interleaved rANS: many lanes, one stream of 16-bit words.

State `x` in [2**15, 2**31), 12-bit tables, 16-bit renormalisation. One step
handles one symbol in each lane, so the cost of a NumPy call is shared by all
lanes. The encoder runs backwards through the symbols. The bytes and the
decoding steps are specified in `docs/format.md`.

References: Duda 2013, "Asymmetric numeral systems", section 4,
https://arxiv.org/abs/1311.2540 (the states); Giesen 2014, "Interleaved
entropy coders", https://arxiv.org/abs/1402.3392 (the lanes).
"""

import functools
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tfcodec.coding.tables import COST_UNIT
from tfcodec.coding.tables import ESCAPE
from tfcodec.coding.tables import PRECISION
from tfcodec.coding.tables import TOTAL
from tfcodec.coding.tables import CdfTables
from tfcodec.coding.tables import Intervals
from tfcodec.coding.tables import check_rows
from tfcodec.coding.tables import check_segment
from tfcodec.coding.tables import int_array
from tfcodec.coding.tables import intervals
from tfcodec.errors import BitstreamError

STATE_MIN = 1 << 15
STATE_MAX = (1 << 31) - 1
MAX_LANES = 4096
# Elements per block: its arrays stay in the cache, and memory is that of the
# values and rows alone. The encoder remembers so many blocks of its first pass.
_BLOCK = 1 << 16
_REMEMBERED = 64

Segment: TypeAlias = tuple[npt.ArrayLike, npt.ArrayLike]  # Values, rows.


def encode(segments: Iterable[Segment], tables: CdfTables) -> bytes:
    """Encodes segments of values into one payload.

    Args:
        segments: pairs `(values, rows)` of integer arrays `(n,)` of any type:
            values within int16, and their table rows. The decoder gets them
            back segment by segment, in the same order.
        tables: the tables.
    Returns:
        The payload; empty if there is nothing to code, which is the case for
        no symbols at all and for skip rows only.
    Raises:
        ValueError: for a value outside int16, a value other than the offset
            in a skip row, or a row that does not exist.
    """
    arrays = [check_segment(values, rows) for values, rows in segments]

    @functools.lru_cache(_REMEMBERED)
    def block(number: int, begin: int) -> Intervals:
        where = slice(begin, begin + _BLOCK)
        values, rows = arrays[number]
        return intervals(values[where], rows[where], tables)

    # Where blocks begin, and how many symbols of the segment come before.
    places: list[tuple[int, int, int]] = []
    escapes, cost, num_coded = [np.zeros(0, np.int64)], 0, 0
    for number, (values, _) in enumerate(arrays):
        coded = 0
        for begin in range(0, values.size, _BLOCK):
            part = block(number, begin)
            places.append((number, begin, coded))
            escapes.append(part.escapes)
            cost += part.cost()
            coded += part.freq.size
        num_coded += coded
    if num_coded == 0:
        return b""
    # A lane has more bits than a symbol costs: none stays without one.
    lane_cost = tables.bits_per_lane * COST_UNIT
    lanes = min(max(cost // lane_cost, 1), MAX_LANES)

    states = np.full(lanes, STATE_MIN, np.uint32)
    chunks: list[np.ndarray] = []  # Last words of the payload first.
    for number, begin, coded in reversed(places):
        part = block(number, begin)
        for where, active in reversed(_steps(part.freq.size, coded, lanes)):
            freq, start = part.freq[where], part.start[where]
            _encode_steps(states[active], freq, start, chunks)

    last = np.concatenate(escapes)[::-1]
    header = np.array([lanes], "<u2").tobytes() + states.astype("<u4").tobytes()
    words = [chunk.tobytes() for chunk in reversed(chunks)]
    return b"".join([header, *words, last.astype("<i2").tobytes()])


def _steps(count: int, before: int, lanes: int) -> list[tuple[slice, slice]]:
    """How the next symbols of a segment divide into steps.

    A step may begin in one block and end in another one: a part of its lanes
    is a step of its own.

    Args:
        count: int, symbols.
        before: int, symbols of the segment that came before these.
        lanes: int.
    Returns:
        List of pairs of slices: of the symbols, and of the lanes that take
        turns with them.
    """
    first = before % lanes
    head = min(-before % lanes, count)
    full = head + (count - head) // lanes * lanes
    parts = (
        (slice(0, head), slice(first, first + head)),
        (slice(head, full), slice(0, lanes)),
        (slice(full, count), slice(0, count - full)),
    )
    return [part for part in parts if part[0].stop > part[0].start]


def _encode_steps(
    states: np.ndarray,
    freq: np.ndarray,
    start: np.ndarray,
    chunks: list[np.ndarray],
) -> None:
    """Encodes whole steps, last step first; changes `states`."""
    shape = (-1, states.size)
    freq, start = freq.reshape(shape), start.reshape(shape)
    # All in uint32: a state is below 2**31, and a word leaves the lane before
    # `x >= freq << 19`, so that the quotient is below 2**19.
    limit = freq << np.uint32(31 - PRECISION)
    gap = np.uint32(TOTAL) - freq
    history = np.empty((len(freq) + 1, states.size), np.uint32)
    full = np.empty(freq.shape, bool)
    history[-1] = states
    shift, rest, quotient = (np.empty_like(states) for _ in range(3))
    sixteen = np.array(16, np.uint32)
    # Names without dots: the attribute look-ups are a part of the step's time.
    greater_equal, multiply, add = np.greater_equal, np.multiply, np.add
    right_shift, floor_divide = np.right_shift, np.floor_divide
    steps = (history[:0:-1], history[-2::-1], full, limit, freq, start, gap)
    for x, x_next, full_, limit_, freq_, start_, gap_ in zip(
        *steps[:2], *(array[::-1] for array in steps[2:]), strict=True
    ):
        greater_equal(x, limit_, full_)
        multiply(full_, sixteen, shift)
        right_shift(x, shift, rest)
        # (rest // freq << 12) + rest % freq + start, with fewer operations.
        floor_divide(rest, freq_, quotient)
        multiply(quotient, gap_, quotient)
        add(rest, start_, rest)
        add(rest, quotient, x_next)
    states[:] = history[0]
    # The words are the low halves of the states that were full; read in
    # decoding order, which is step by step and lane by lane.
    chunks.append(history[1:][full].astype("<u2"))


class RansDecoder:
    """Decodes one payload, segment by segment.

    Call `decode` once per segment, in the encoder's order, then `finish`. The
    values are only to be trusted once `finish` has returned.

    Args:
        payload: bytes from `encode`, or from anybody.
        tables: the tables that were used to encode.
    Raises:
        BitstreamError: if the payload cannot be what `encode` wrote.
    """

    def __init__(self, payload: bytes, tables: CdfTables):
        self._tables = tables
        self._num_decoded = 0
        self._lanes = 0
        if len(payload) == 0:
            words = np.zeros(0, "<u2")
        else:
            if len(payload) < 6 or len(payload) % 2:
                raise BitstreamError(
                    "A payload has an even number of bytes, at least 6. "
                    f"Received: {len(payload)} bytes."
                )
            words = np.frombuffer(payload, "<u2")
            self._lanes = int(words[0])
            if not 1 <= self._lanes <= MAX_LANES:
                raise BitstreamError(
                    f"The payload declares {self._lanes} lanes; "
                    f"1 to {MAX_LANES} are allowed."
                )
            if words.size < 1 + 2 * self._lanes:
                raise BitstreamError(
                    f"The payload is too short for {self._lanes} lanes. "
                    f"Received: {len(payload)} bytes."
                )
        begin = 1 + 2 * self._lanes if self._lanes else 0
        states = words[1:begin].astype(np.int64)
        self._states = states[0::2] | states[1::2] << 16
        if ((self._states < STATE_MIN) | (self._states > STATE_MAX)).any():
            raise BitstreamError(
                "The payload starts with a state out of range."
            )
        # Words are taken from the front, escapes from the back.
        self._words = words[begin:].astype(np.int64)
        self._front, self._back = 0, self._words.size

    def decode(self, rows: npt.ArrayLike) -> np.ndarray:
        """Decodes the next segment.

        Args:
            rows: integers `(n,)`, the table row of each element.
        Returns:
            int16 `(n,)`, the values.
        Raises:
            BitstreamError: if the payload does not hold so many symbols.
        """
        rows = int_array(rows, "rows", 1)
        values = np.empty(rows.size, np.int16)
        before = 0
        for begin in range(0, rows.size, _BLOCK):
            where = slice(begin, begin + _BLOCK)
            block = check_rows(rows[where], self._tables)
            found = self._tables.offset[block]
            coded = np.flatnonzero(self._tables.size[block] > 1)
            if coded.size:
                if not self._lanes:
                    raise BitstreamError(
                        f"The payload is empty, but {coded.size} symbols are "
                        "due."
                    )
                found[coded] = self._decode_coded(block[coded], before)
                before += coded.size
            values[where] = found
        self._num_decoded += before
        return values

    def finish(self) -> None:
        """Checks that the payload was used up exactly.

        Raises:
            BitstreamError: if not: the payload was changed, or belongs to
                other tables or rows.
        """
        if self._lanes and not self._num_decoded:
            raise BitstreamError("The payload is not empty, but no symbol is.")
        if self._front != self._back:
            raise BitstreamError(
                f"{self._back - self._front} words of the payload are left "
                "over after the last symbol."
            )
        if (self._states != STATE_MIN).any():
            raise BitstreamError("The payload does not end in the right state.")

    def _decode_coded(self, rows: np.ndarray, before: int) -> np.ndarray:
        # First the row's place in the tables, then the slot's in the row.
        index = rows * TOTAL
        for where, active in _steps(rows.size, before, self._lanes):
            self._decode_steps(self._states[active], index[where])
        values: np.ndarray = self._tables.decode_value[index]
        escaped = np.flatnonzero(values == ESCAPE)
        back = self._back - escaped.size
        if back < self._front:
            raise BitstreamError("The payload ends before its last escape.")
        raw = self._words[back : self._back][::-1]
        values[escaped] = raw.astype(np.uint16).view(np.int16)
        self._back = back
        return values

    def _decode_steps(self, states: np.ndarray, index: np.ndarray) -> None:
        """Decodes whole steps; changes `states` and adds slots to `index`."""
        lanes = states.size
        # Frequency and `slot - start` travel as one item of 64 bits.
        take = self._tables.decode_step.view(np.int64)[:, 0].take
        packed, slot = np.empty((2, lanes), np.int64)
        freq, bias = packed.view(np.int32).reshape(lanes, 2).T
        low = np.empty(lanes, bool)
        low_lanes = low.nonzero
        words, front, back = self._words, self._front, self._back
        mask, twelve, sixteen, state_min = (
            np.array(number) for number in (TOTAL - 1, 12, 16, STATE_MIN)
        )
        # Names without dots, as in the encoder.
        bitwise_and, bitwise_or, add = np.bitwise_and, np.bitwise_or, np.add
        multiply, less = np.multiply, np.less
        left_shift, right_shift = np.left_shift, np.right_shift
        for index_ in index.reshape(-1, lanes):
            bitwise_and(states, mask, slot)
            add(index_, slot, index_)
            take(index_, 0, packed, "clip")
            right_shift(states, twelve, states)
            multiply(states, freq, states)
            add(states, bias, states)
            less(states, state_min, low)
            (refill,) = low_lanes()
            begin, front = front, front + refill.size
            if front > back:
                raise BitstreamError("The payload ends before its last symbol.")
            state = states[refill]
            left_shift(state, sixteen, state)
            bitwise_or(state, words[begin:front], state)
            states[refill] = state
        self._front = front
