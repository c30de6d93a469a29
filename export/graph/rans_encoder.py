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
from tfcodec.export.graph.lanes import Coded
from tfcodec.export.graph.lanes import LaneLoop
from tfcodec.export.graph.rans_status import Status
from tfcodec.export.graph.rans_status import flag
from tfcodec.export.graph.tensors import Rows
from tfcodec.export.graph.tensors import any_outside
from tfcodec.export.graph.tensors import count_true
from tfcodec.export.graph.tensors import is_fine
from tfcodec.export.graph.tensors import largest_lanes
from tfcodec.export.graph.tensors import put

_LIMIT_BITS = 31 - PRECISION


class _Symbols(NamedTuple):
    """The coded symbols of a segment, all tensors `(total,)`."""

    coded: Coded
    values: tf.Tensor  # int32, within int16
    freq: tf.Tensor  # int32, 1..4096
    start: tf.Tensor  # int32, 0..4095
    escaped: tf.Tensor  # bool

    def cost(self):
        """Ideal code length in 2**-24 bits, int64 `(batch,)`."""
        cost = tf.gather(tf.constant(COST), self.freq)
        escape = tf.constant(ESCAPE_BITS * COST_UNIT, tf.int64)
        return self.coded.sums(tf.where(self.escaped, cost + escape, cost))


class _Words(NamedTuple):
    """Words of a payload in their order, `(n,)`: first the first image's."""

    word: tf.Tensor  # int32, 0..65535
    image: tf.Tensor  # int32
    nth: tf.Tensor  # int32, among the image's
    count: tf.Tensor  # int32 (batch,), how many an image has


class GraphEncoder:
    """Encoder with fixed tables.

    Args:
        tables: the tables; they become constants of the graph.
    """

    def __init__(self, tables: CdfTables):
        self._rows = Rows(tables)
        self._cdf = np.pad(tables.cdf, [[1, 0], [0, 0]])  # From place 1 on.
        # The cost from which on there are 1, 2, 3, ... lanes.
        lanes = np.arange(1, rans.MAX_LANES + 1, dtype=np.int64)
        self._lane_costs = lanes * tables.bits_per_lane * COST_UNIT

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
        checked = []
        for pair in zip(values, rows, strict=True):
            *found, status, numbers = self._check(*pair, status, numbers)
            checked.append(found)
        fine = is_fine(status)[:, None]
        parts = [self._symbols(*found, fine) for found in checked]
        lanes = self._num_lanes(parts)
        width = largest_lanes(lanes)
        states = tf.fill([tf.shape(lanes)[0], width], rans.STATE_MIN)
        words = []
        for part in reversed(parts):
            loop = LaneLoop(part.coded, tf.maximum(lanes, 1), width)
            (states,), history = loop.run(
                _encode_block,
                (states,),
                [part.freq, part.start],
                [TOTAL, 0],
                backwards=True,
            )
            full = _is_full(history, part.freq)
            words.append(_words(part.coded, full, history))
        words.reverse()
        escapes = [_words(x.coded, x.escaped, x.values) for x in parts]
        payload, num_bytes = _payload(words, escapes, lanes, states)
        return payload, num_bytes, status, numbers

    def _check(self, values, rows, status, numbers):
        """Values, places of the rows, which are coded, the new status."""
        places, status, numbers = self._rows.check(rows, status, numbers)
        values = tf.where(rows < 0, 0, values)
        bad = any_outside(values, VALUE_MIN, VALUE_MAX)
        status, numbers = flag(status, numbers, bad, Status.VALUES)
        bad = tf.not_equal(values, self._rows.skipped(places))
        coded = self._rows.is_coded(places)
        bad = tf.logical_and(bad, tf.logical_not(coded))
        bad = tf.reduce_any(bad, axis=1)
        status, numbers = flag(status, numbers, bad, Status.SKIP)
        return values, places, coded, status, numbers

    def _symbols(self, values, places, mask, fine):
        """Symbols of a segment, of the images that are fine."""
        coded = Coded(tf.logical_and(mask, fine))
        values, places = coded.take(values), coded.take(places)
        symbols = values - self._rows.offset(places)
        escape = self._rows.size(places) - 1
        escaped = tf.logical_or(symbols < 0, symbols >= escape)
        symbols = tf.where(escaped, escape, symbols)
        at = places * self._cdf.shape[1] + symbols
        flat = tf.constant(self._cdf.ravel())
        start = tf.gather(flat, at)
        freq = tf.gather(flat, at + 1) - start
        return _Symbols(coded, values, freq, start, escaped)

    def _num_lanes(self, parts):
        """int32 `(batch,)`, 0 without symbols: exactly the reference's."""
        cost = tf.add_n([part.cost() for part in parts])
        enough = cost[:, None] >= tf.constant(self._lane_costs)
        count = tf.add_n([part.coded.count for part in parts])
        return tf.where(count > 0, tf.maximum(count_true(enough), 1), 0)


def _encode_block(carry, feeds):
    """Steps from the last to the first; the states that they began with."""
    (states,) = carry
    freq, start = feeds
    # `(rest // freq << 12) + rest % freq + start`, with fewer operations. A
    # lane with nothing to do has frequency 4096 and start 0: nothing changes.
    gap = TOTAL - freq
    # A state that is more gives off a word: `freq << 19`, which may not fit in
    # int32, less 1.
    most = (freq - 1) * (1 << _LIMIT_BITS) + ((1 << _LIMIT_BITS) - 1)
    steps = zip(*map(tf.unstack, (freq, start, gap, most)), strict=True)
    before = []
    for freq, start, gap, most in reversed(list(steps)):
        before.append(states)
        # 16 where the state is more, else 0, without bools.
        shift = -16 * tf.bitwise.right_shift(most - states, 31)
        rest = tf.bitwise.right_shift(states, shift)
        states = tf.add_n([rest, start, rest // freq * gap])
    return (states,), tf.stack(before[::-1])


def _is_full(states, freq):
    """Whether `states >= freq << 19`, which may not fit in int32."""
    return tf.bitwise.right_shift(states, _LIMIT_BITS) >= freq


def _words(coded, mask, x):
    """The low halves of int32 `(total,)` where `mask` says so."""
    at, *where = coded.chosen(mask)
    return _Words(tf.gather(x, at) % 65536, *where)


def _payload(words, escapes, lanes, states):
    """Puts all words in their places; payload and number of bytes.

    Args:
        words, escapes: `_Words` of each segment.
        lanes, states: as for the loop.
    """
    begin = tf.where(lanes > 0, 1 + 2 * lanes, 0)
    total = tf.add_n([begin, *(part.count for part in words + escapes)])
    batch, width = tf.unstack(tf.shape(states))
    # Of a batch without images, the largest is not a length.
    length = tf.maximum(tf.reduce_max(total), 0)

    halves = [states % 65536, tf.bitwise.right_shift(states, 16)]
    halves = tf.reshape(tf.stack(halves, axis=2), tf.stack([batch, 2 * width]))
    header = tf.concat([lanes[:, None], halves], axis=1)
    column = tf.range(1 + 2 * width)
    there = column < begin[:, None]
    first = tf.range(batch) * length
    place = tf.where(there, first[:, None] + column, batch * length)
    header = tf.where(there, header, 0)
    places, found = [tf.reshape(place, [-1])], [tf.reshape(header, [-1])]
    for part in words:
        places.append(tf.gather(first + begin, part.image) + part.nth)
        found.append(part.word)
        begin += part.count
    last = first + total - 1
    for part in escapes:
        places.append(tf.gather(last, part.image) - part.nth)
        found.append(part.word)
        last -= part.count
    # The place behind the last is for what is not there.
    words = put(tf.concat(found, 0), tf.concat(places, 0), batch * length)
    words = tf.reshape(words, tf.stack([batch, length]))
    octets = tf.stack([words % 256, tf.bitwise.right_shift(words, 8)], axis=2)
    octets = tf.reshape(octets, tf.stack([batch, 2 * length]))
    return tf.cast(octets, tf.uint8), 2 * total
