"""Encoder of rANS payloads in builtin TFLite ops; see `rans_graph`."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfcodec.coding import CdfTables
from tfcodec.coding import rans
from tfcodec.coding.tables import COST
from tfcodec.coding.tables import COST_UNIT
from tfcodec.coding.tables import ESCAPE_BITS
from tfcodec.coding.tables import PRECISION
from tfcodec.coding.tables import TOTAL
from tfcodec.coding.tables import VALUE_MAX
from tfcodec.coding.tables import VALUE_MIN
from tfcodec.export.graph.lanes import LaneLoop
from tfcodec.export.graph.rans_status import Status
from tfcodec.export.graph.rans_status import flag
from tfcodec.export.graph.tensors import Rows
from tfcodec.export.graph.tensors import count_true
from tfcodec.export.graph.tensors import is_fine
from tfcodec.export.graph.tensors import largest_lanes
from tfcodec.export.graph.tensors import outside


class _Symbols(NamedTuple):
    """A segment, all `(batch, elements)`."""

    values: tf.Tensor  # int32, within int16
    freq: tf.Tensor  # int32, 1..4096
    start: tf.Tensor  # int32, 0..4095
    coded: tf.Tensor  # bool
    escaped: tf.Tensor  # bool

    def cost(self):
        """Ideal code length in 2**-24 bits, int64 `(batch,)`."""
        cost = tf.gather(tf.constant(COST), self.freq)
        cost = tf.where(self.coded, cost, tf.zeros_like(cost))
        escapes = tf.cast(count_true(self.escaped), tf.int64)
        return tf.reduce_sum(cost, axis=1) + escapes * ESCAPE_BITS * COST_UNIT


class GraphEncoder:
    """Encoder with fixed tables.

    Args:
        tables: the tables; they become constants of the graph.
    """

    def __init__(self, tables: CdfTables):
        self._rows = Rows(tables)
        # A row that is a skip row, for elements that are not there.
        none = np.full((1, tables.cdf.shape[1]), TOTAL, np.int32)
        none[0, 0] = 0
        self._cdf = np.concatenate([tables.cdf, none])
        # The cost from which on there are 1, 2, 3, ... lanes.
        lanes = np.arange(1, rans.MAX_LANES + 1, dtype=np.int64)
        self._lane_costs = lanes * rans.BITS_PER_LANE * COST_UNIT

    def encode(self, values: Sequence, rows: Sequence):
        """Encodes the segments of a batch of images.

        Args:
            values: for each segment int32 `(batch, elements)`, within int16;
                anything where there is no element.
            rows: for each segment int32 `(batch, elements)`, the table row of
                each element, or -1 for no element.
        Returns:
            payload: uint8 `(batch, bytes)`, padded with zeros at the end.
            num_bytes: int32 `(batch,)`.
            status, numbers: int32 `(batch,)` and `(batch, 2)`, as for `flag`.
                An image whose status is not 0 has no bytes.
        """
        status = tf.zeros([tf.shape(rows[0])[0]], tf.int32)
        numbers = tf.stack([status, status], axis=1)
        parts = []
        for pair in zip(values, rows, strict=True):
            part, status, numbers = self._symbols(*pair, status, numbers)
            parts.append(part)
        fine = is_fine(status)[:, None]
        parts = [
            part._replace(
                coded=tf.logical_and(part.coded, fine),
                escaped=tf.logical_and(part.escaped, fine),
            )
            for part in parts
        ]
        lanes = self._num_lanes(parts)
        width = largest_lanes(lanes)
        states = tf.fill([tf.shape(lanes)[0], width], rans.STATE_MIN)
        histories = []
        for part in reversed(parts):
            loop = LaneLoop(part.coded, tf.maximum(lanes, 1), width)
            (states,), history = loop.run(
                _encode_block,
                (states,),
                [part.freq, part.start],
                [TOTAL, 0],
                backwards=True,
            )
            histories.append(history)
        payload, num_bytes = _payload(parts, histories[::-1], lanes, states)
        return payload, num_bytes, status, numbers

    def _symbols(self, values, rows, status, numbers):
        """Symbols of a segment, and the new status."""
        rows, status, numbers = self._rows.check(rows, status, numbers)
        there = tf.not_equal(rows, self._rows.num_tables)
        bad = tf.logical_and(there, outside(values, VALUE_MIN, VALUE_MAX))
        bad = tf.reduce_any(bad, axis=1)
        status, numbers = flag(status, numbers, bad, Status.VALUES)
        values = tf.clip_by_value(values, VALUE_MIN, VALUE_MAX)
        symbols = values - self._rows.offset(rows)
        escape = self._rows.size(rows) - 1
        coded = escape > 0
        bad = tf.logical_and(there, tf.not_equal(symbols, 0))
        bad = tf.reduce_any(tf.logical_and(bad, escape < 1), axis=1)
        status, numbers = flag(status, numbers, bad, Status.SKIP)
        beyond = tf.logical_or(symbols < 0, symbols >= escape)
        symbols = tf.where(beyond, escape, symbols)
        place = rows * self._cdf.shape[1] + symbols
        flat = tf.constant(self._cdf.ravel())
        start = tf.gather(flat, place)
        part = _Symbols(
            values=values,
            freq=tf.gather(flat, place + 1) - start,
            start=start,
            coded=coded,
            escaped=tf.logical_and(coded, beyond),
        )
        return part, status, numbers

    def _num_lanes(self, parts):
        """int32 `(batch,)`, 0 without symbols: exactly the reference's."""
        cost = tf.add_n([part.cost() for part in parts])
        enough = cost[:, None] >= tf.constant(self._lane_costs)
        count = tf.add_n([count_true(part.coded) for part in parts])
        return tf.where(count > 0, tf.maximum(count_true(enough), 1), 0)


def _encode_block(carry, feeds):
    """Steps from the last to the first; the states that they began with."""
    (states,) = carry
    freq, start = feeds
    # `(rest // freq << 12) + rest % freq + start`, with fewer operations. A
    # lane with nothing to do has frequency 4096 and start 0: nothing changes.
    gap = TOTAL - freq
    steps = zip(*map(tf.unstack, (freq, start, gap)), strict=True)
    before = []
    for freq, start, gap in reversed(list(steps)):
        before.append(states)
        rest = tf.where(
            _is_full(states, freq), tf.bitwise.right_shift(states, 16), states
        )
        states = rest + start + rest // freq * gap
    return (states,), tf.stack(before[::-1])


def _is_full(states, freq):
    """Whether `states >= freq << 19`, which may not fit in int32."""
    return tf.bitwise.right_shift(states, 31 - PRECISION) >= freq


def _payload(parts, histories, lanes, states):
    """Puts all words in their places; payload and number of bytes."""
    part = _Symbols(
        *(tf.concat(arrays, 1) for arrays in zip(*parts, strict=True))
    )
    history = tf.concat(histories, axis=1)
    full = tf.logical_and(part.coded, _is_full(history, part.freq))
    header = tf.where(lanes > 0, 1 + 2 * lanes, 0)
    total = header + count_true(full) + count_true(part.escaped)

    lane = tf.range(tf.shape(states)[1])[None]
    active = lane < lanes[:, None]
    high = tf.bitwise.right_shift(states, 16)
    one = tf.ones_like(lanes)[:, None]
    nth_word = tf.cumsum(tf.cast(full, tf.int32), axis=1)
    nth_escape = tf.cumsum(tf.cast(part.escaped, tf.int32), axis=1)
    pieces = (
        # Whether it is there, where, and the word.
        (lanes[:, None] > 0, 0 * one, lanes[:, None]),
        (active, (1 + 2 * lane) * one, states % 65536),
        (active, (2 + 2 * lane) * one, high),
        (full, header[:, None] + nth_word - 1, history % 65536),
        (part.escaped, total[:, None] - nth_escape, part.values % 65536),
    )
    there, place, word = (
        tf.concat(arrays, 1) for arrays in zip(*pieces, strict=True)
    )
    batch, length = tf.shape(lanes)[0], tf.reduce_max(total)
    length = tf.maximum(length, 0)  # Of a batch without images, it is not.
    place = tf.range(batch)[:, None] * length + place
    place = tf.where(there, place, batch * length)
    word = tf.where(there, word, 0)
    words = tf.scatter_nd(
        tf.reshape(place, [-1, 1]),
        tf.reshape(word, [-1]),
        tf.reshape(batch * length + 1, [1]),
    )
    words = tf.reshape(words[:-1], tf.stack([batch, length]))
    octets = tf.stack([words % 256, tf.bitwise.right_shift(words, 8)], axis=2)
    octets = tf.reshape(octets, tf.stack([batch, 2 * length]))
    return tf.cast(octets, tf.uint8), 2 * total
