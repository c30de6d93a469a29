"""Decoder of rANS payloads in builtin TFLite ops; see `rans_graph`."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfcodec.coding import CdfTables
from tfcodec.coding import rans
from tfcodec.coding.tables import ESCAPE
from tfcodec.coding.tables import PRECISION
from tfcodec.coding.tables import TOTAL
from tfcodec.coding.tables import VALUE_MAX
from tfcodec.coding.tables import VALUE_MIN
from tfcodec.export.graph import lanes
from tfcodec.export.graph.lanes import Coded
from tfcodec.export.graph.lanes import LaneLoop
from tfcodec.export.graph.rans_status import Status
from tfcodec.export.graph.rans_status import flag
from tfcodec.export.graph.tensors import Rows
from tfcodec.export.graph.tensors import count_true
from tfcodec.export.graph.tensors import first_of
from tfcodec.export.graph.tensors import is_fine
from tfcodec.export.graph.tensors import largest_lanes
from tfcodec.export.graph.tensors import outside
from tfcodec.export.graph.tensors import put
from tfcodec.export.graph.tensors import take


class DecoderState(NamedTuple):
    """Where a batch of payloads stands between two segments."""

    words: tf.Tensor  # int32 (batch, words), 0..65535, the whole payload
    lanes: tf.Tensor  # int32 (batch,), 0 for an empty or a wrong payload
    states: tf.Tensor  # int32 (batch, largest number of lanes)
    front: tf.Tensor  # int32 (batch,), the next word
    back: tf.Tensor  # int32 (batch,), behind the next escape
    used: tf.Tensor  # bool (batch,), whether a symbol was decoded
    status: tf.Tensor  # int32 (batch,), a `Status`
    numbers: tf.Tensor  # int32 (batch, 2), what its sentence names


class GraphDecoder:
    """Call `start`, `decode_segment` once per segment, then `finish`.

    The values of an image are only to be trusted if its status is 0 then. No
    payload makes the graph read outside its tensors, or loop for longer than
    the rows say.

    Args:
        tables: the tables; they become constants of the graph.
    """

    def __init__(self, tables: CdfTables):
        self._rows = Rows(tables)
        # At place 0, for lanes that have nothing to do: the frequency 4096 and
        # `slot - start = slot` leave a state as it is.
        idle = np.stack([np.full(TOTAL, TOTAL), np.arange(TOTAL)], axis=1)
        steps = np.concatenate([idle.astype(np.int32), tables.decode_step])
        values = [np.zeros(TOTAL, np.int32), tables.decode_value]
        values = np.concatenate(values)
        # Tensors, so that a graph with many segments holds them once. Small
        # ones, since lanes look up what is far apart: both numbers of a step
        # in 25 bits, and values in 16, unless none of these is left to say
        # that there is an escape.
        self._escape = ESCAPE
        if not (values == VALUE_MIN).any():
            self._escape = VALUE_MIN
            values[values == ESCAPE] = VALUE_MIN
            values = values.astype(np.int16)
        self._step = tf.constant(steps @ np.int32([TOTAL, 1]))
        self._value = tf.constant(values)

    def start(self, payload, num_bytes) -> DecoderState:
        """Reads the beginning of payloads.

        Args:
            payload: uint8 `(batch, bytes)`, padded at the end with anything.
            num_bytes: int32 `(batch,)`, how many bytes are the payload; more
                than there are count as all of them.
        """
        num_bytes = tf.clip_by_value(num_bytes, 0, tf.shape(payload)[1])
        words = _words(payload)
        declared = words[:, 0]
        status = tf.zeros_like(num_bytes)
        numbers = tf.stack([status, status], axis=1)
        not_even = tf.not_equal(num_bytes % 2, 0)
        for bad, code in (
            (tf.logical_or(num_bytes < 6, not_even), Status.LENGTH),
            (outside(declared, 1, rans.MAX_LANES), Status.LANES),
            (num_bytes < 2 + 4 * declared, Status.SHORT),
        ):
            bad = tf.logical_and(num_bytes > 0, bad)
            status, numbers = flag(
                status, numbers, bad, code, declared, num_bytes
            )
        there = tf.logical_and(num_bytes > 0, is_fine(status))
        num_lanes = tf.where(there, declared, 0)

        lane = tf.range(largest_lanes(num_lanes))[None]
        active = lane < num_lanes[:, None]
        low = take(words, 1 + 2 * lane)
        high = take(words, 2 + 2 * lane)
        # From 2**15 to 2**31 - 1, said of the halves.
        bad = tf.logical_and(high < 1, low < rans.STATE_MIN)
        bad = tf.logical_and(active, tf.logical_or(bad, high > VALUE_MAX))
        bad = tf.reduce_any(bad, axis=1)
        status, numbers = flag(status, numbers, bad, Status.STATE)
        states = low + 65536 * tf.minimum(high, VALUE_MAX)
        return DecoderState(
            words=words,
            lanes=num_lanes,
            states=tf.where(active, states, rans.STATE_MIN),
            front=tf.where(there, 1 + 2 * num_lanes, 0),
            back=num_bytes // 2,
            used=tf.zeros_like(there),
            status=status,
            numbers=numbers,
        )

    def decode_segment(self, state: DecoderState, rows):
        """Decodes the next segment.

        Args:
            state: from `start` or from the segment before.
            rows: int32 `(batch, elements)`, the table row of each element, or
                -1 for no element.
        Returns:
            The new state, and the values, int32 `(batch, elements)`: 0 for no
            element.
        """
        places, status, numbers = self._rows.check(
            rows, state.status, state.numbers
        )
        mask = self._rows.is_coded(places)
        count = count_true(mask)
        bad = tf.logical_and(tf.equal(state.lanes, 0), count > 0)
        status, numbers = flag(status, numbers, bad, Status.EMPTY, count)
        coded = Coded(tf.logical_and(mask, is_fine(status)[:, None]))

        states, front, slots = self._decode_coded(
            state, coded, coded.take(places) * TOTAL
        )
        bad = front > state.back
        status, numbers = flag(status, numbers, bad, Status.SYMBOLS)
        values = tf.cast(tf.gather(self._value, slots), tf.int32)
        values, escapes = _unescaped(values, coded, state, self._escape)
        back = state.back - escapes
        values = coded.spread(values)
        if not self._rows.skips_zeros:
            values += self._rows.skipped(places)
        bad = back < front
        status, numbers = flag(status, numbers, bad, Status.ESCAPES)

        fine = is_fine(status)
        state = state._replace(
            states=states,
            front=tf.where(fine, front, state.front),
            back=tf.where(fine, back, state.back),
            used=tf.logical_or(state.used, count > 0),
            status=status,
            numbers=numbers,
        )
        return state, tf.where(fine[:, None], values, 0)

    def finish(self, state: DecoderState) -> DecoderState:
        """Checks that the payloads were used up exactly."""
        status, numbers = state.status, state.numbers
        bad = tf.logical_and(state.lanes > 0, tf.logical_not(state.used))
        status, numbers = flag(status, numbers, bad, Status.UNUSED)
        left = state.back - state.front
        bad = tf.not_equal(left, 0)
        status, numbers = flag(status, numbers, bad, Status.LEFT, left)
        bad = tf.not_equal(state.states, rans.STATE_MIN)
        bad = tf.reduce_any(bad, axis=1)
        status, numbers = flag(status, numbers, bad, Status.FINAL)
        return state._replace(status=status, numbers=numbers)

    def _decode_coded(self, state, coded, rows):
        """States, front and the slots of all symbols, `row + slot`.

        Args:
            state: `DecoderState`.
            coded: the symbols.
            rows: int32 `(total,)`, where a symbol's row begins in the tables.
        """
        width = tf.shape(state.states)[1]
        # Room for all that a block can ask for, from behind the last word on,
        # and for the word before the first.
        words = tf.pad(state.words, [[0, 0], [1, lanes.UNROLL * width + 1]])
        first = first_of(words)[:, None]
        limit = first + state.back[:, None] + 1
        words = tf.reshape(words, [-1])

        def block(carry, feeds):
            states, position = carry
            # Only images whose words have ended come to the limit.
            position = tf.minimum(position, limit)
            slots = []
            for row in tf.unstack(feeds[0]):
                rest = tf.bitwise.right_shift(states, PRECISION)
                slots.append(row + states % TOTAL)
                step = tf.gather(self._step, slots[-1])
                freq = tf.bitwise.right_shift(step, PRECISION)
                # `freq * rest + bias`, where `step = freq * 4096 + bias`. A
                # frequency of 4096 has the start 0: below 2**31 always.
                states = freq * (rest - TOTAL) + step
                low = states < rans.STATE_MIN
                taken = position + tf.cumsum(tf.cast(low, tf.int32), axis=1)
                word = tf.gather(words, taken)
                # What is not taken may have wrapped around.
                states = tf.where(low, 65536 * states + word, states)
                position = taken[:, -1:]
            return (states, position), tf.stack(slots)

        loop = LaneLoop(coded, tf.maximum(state.lanes, 1), width)
        (states, position), slots = loop.run(
            block,
            (state.states, first + state.front[:, None]),
            [rows],
            [0],
        )
        return states, (position - first)[:, 0], slots


def _unescaped(values, coded, state, escape):
    """Puts the raw values in place; values, and each image's escapes."""
    at, image, nth, escapes = coded.chosen(tf.equal(values, escape))
    width = tf.shape(state.words)[1]
    nth = tf.gather(state.back, image) - 1 - nth
    nth = tf.clip_by_value(nth, 0, width - 1)
    raw = tf.gather(tf.reshape(state.words, [-1]), image * width + nth)
    raw = tf.where(raw > VALUE_MAX, raw - 65536, raw)
    return values + put(raw - escape, at, coded.total), escapes


def _words(payload):
    """uint8 `(batch, bytes)` to int32 `(batch, at least 1)`, 0..65535."""
    octets = tf.cast(payload, tf.int32)
    octets = tf.pad(octets, [[0, 0], [0, 2 - tf.shape(octets)[1] % 2]])
    batch, length = tf.unstack(tf.shape(octets))
    octets = tf.reshape(octets, tf.stack([batch, length // 2, 2]))
    low, high = tf.unstack(octets, axis=2)
    return low + 256 * high
