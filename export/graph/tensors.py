"""What both directions of the coder need, in builtin TFLite ops."""

import numpy as np
import tensorflow as tf

from tfcodec.coding import CdfTables
from tfcodec.export.graph.rans_status import Status
from tfcodec.export.graph.rans_status import flag


class Rows:
    """What there is to know of table rows, and what may be asked for.

    A row's place is its number plus 1; place 0 is a skip row with the value 0,
    for elements that an image does not have.

    Args:
        tables: the tables.
    """

    def __init__(self, tables: CdfTables):
        self._num_tables = tables.num_tables
        self._size = np.append(1, tables.size).astype(np.int32)
        self._offset = np.append(0, tables.offset).astype(np.int32)
        self._coded = self._size > 1
        self._skipped = np.where(self._coded, 0, self._offset)

    def check(self, rows, status, numbers):
        """Looks at the rows of a segment.

        Args:
            rows: int32 `(batch, elements)`, -1 for no element.
            status, numbers: as for `flag`.
        Returns:
            Places, which exist also where rows do not, and the new `status`
            and `numbers`.
        """
        last = self._num_tables - 1
        bad = any_outside(rows, -1, last)
        status, numbers = flag(status, numbers, bad, Status.ROWS)
        return tf.clip_by_value(rows, -1, last) + 1, status, numbers

    def size(self, places):
        return tf.gather(tf.constant(self._size), places)

    def offset(self, places):
        return tf.gather(tf.constant(self._offset), places)

    def is_coded(self, places):
        """Whether an element takes bits: bool."""
        return tf.gather(tf.constant(self._coded), places)

    def skipped(self, places):
        """The value of an element that is not coded; 0 for the others."""
        return tf.gather(tf.constant(self._skipped), places)


def any_outside(x, low: int, high: int):
    """Of int32 `(batch, n)`, where one is outside: bool `(batch,)`."""
    return tf.logical_or(
        tf.reduce_min(x, axis=1) < low, tf.reduce_max(x, axis=1) > high
    )


def outside(x, low: int, high: int):
    return tf.logical_or(x < low, x > high)


def is_fine(status):
    """bool `(batch,)`."""
    return tf.equal(status, int(Status.OK))


def count_true(x):
    """Of bool `(batch, n)`, how many are true: int32 `(batch,)`."""
    return tf.reduce_sum(tf.cast(x, tf.int32), axis=1)


def largest_lanes(lanes):
    """The width of a tensor that has a place for each lane; at least 1."""
    return tf.reduce_max(tf.pad(lanes, [[0, 1]], constant_values=1))


def true_places(x):
    """Where bool `(n,)` is true: int32 `(count,)`."""
    return tf.reshape(tf.cast(tf.where(x), tf.int32), [-1])


def put(x, places, size):
    """Vector of `size`, 0 but for `x` `(n,)` at its places, or their sums."""
    # One more, since TFLite's op divides by the size.
    shape = tf.reshape(size + 1, [1])
    return tf.scatter_nd(places[:, None], x, shape)[:size]


def first_of(x):
    """Where the rows of `(batch, n)` begin in `reshape(x, [-1])`."""
    batch, length = tf.unstack(tf.shape(x))
    return tf.range(batch) * length


def take(x, index):
    """`tf.gather(x, index, batch_dims=1)` of matrices, clamped."""
    index = tf.clip_by_value(index, 0, tf.shape(x)[1] - 1)
    return tf.gather(tf.reshape(x, [-1]), first_of(x)[:, None] + index)
