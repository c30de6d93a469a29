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

    Attributes:
        skips_zeros: bool, whether all skip rows have the value 0.

    Args:
        tables: the tables.
    """

    def __init__(self, tables: CdfTables):
        self._num_tables = tables.num_tables
        self._size = np.append(1, tables.size).astype(np.int32)
        self._offset = np.append(0, tables.offset).astype(np.int32)
        self._coded = self._size > 1
        self._skipped = np.where(self._coded, 0, self._offset)
        self.skips_zeros = not self._skipped.any()

    def check(self, rows, status, numbers):
        """Looks at the rows of a segment.

        Args:
            rows: int32 `(batch, elements)`, -1 for no element.
            status, numbers: as for `flag`.
        Returns:
            Places, all 0 for an image that is not fine, and the new `status`
            and `numbers`.
        """
        bad = any_outside(rows, -1, self._num_tables - 1)
        status, numbers = flag(status, numbers, bad, Status.ROWS)
        fine = tf.cast(is_fine(status), tf.int32)[:, None]
        return rows * fine + fine, status, numbers

    def size(self, places):
        return tf.gather(tf.constant(self._size), places)

    def offset(self, places):
        return tf.gather(tf.constant(self._offset), places)

    def is_coded(self, places):
        """Whether an element takes bits: bool."""
        return tf.gather(tf.constant(self._coded), places)

    def skipped(self, places):
        """The value of an element that is not coded; 0 for the others."""
        if self.skips_zeros:
            return 0
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
    places = tf.expand_dims(places, 1)
    return head(tf.scatter_nd(places, x, shape), size)


def head(x, size):
    """`x[:size]` of a vector; TFLite copies that one by element."""
    return tf.slice(x, [0], tf.reshape(size, [1]))


def part(x, top, left, height, width):
    """`x[top : top + height, left : left + width]` of `(rows, columns, n)`.

    With rows as vectors, which TFLite's slices copy at once.
    """
    rows, columns = tf.unstack(tf.shape(x)[:2])
    depth = x.shape[2]
    x = tf.reshape(x, tf.stack([rows, columns * depth]))
    size = tf.stack([height, width * depth])
    x = tf.slice(x, [top, left * depth], size)
    return tf.reshape(x, tf.stack([height, width, depth]))


def first_of(x):
    """Where the rows of `(batch, n)` begin in `reshape(x, [-1])`."""
    batch, length = tf.unstack(tf.shape(x))
    return tf.range(batch) * length


def take(x, index):
    """`tf.gather(x, index, batch_dims=1)` of matrices, clamped."""
    index = tf.clip_by_value(index, 0, tf.shape(x)[1] - 1)
    return tf.gather(tf.reshape(x, [-1]), first_of(x)[:, None] + index)
