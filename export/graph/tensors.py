"""What both directions of the coder need, in builtin TFLite ops."""

import numpy as np
import tensorflow as tf

from tfcodec.coding import CdfTables
from tfcodec.export.graph.rans_status import Status
from tfcodec.export.graph.rans_status import flag


class Rows:
    """Sizes and offsets by table row, and what may be asked for.

    Args:
        tables: the tables. One row is added to them, a skip row, for elements
            that an image does not have.
    """

    def __init__(self, tables: CdfTables):
        self.num_tables = tables.num_tables
        self._size = np.append(tables.size, 1).astype(np.int32)
        self._offset = np.append(tables.offset, 0).astype(np.int32)

    def check(self, rows, status, numbers):
        """Looks at the rows of a segment.

        Args:
            rows: int32 `(batch, elements)`, -1 for no element.
            status, numbers: as for `flag`.
        Returns:
            Rows within the tables and the added one, and the new `status` and
            `numbers`.
        """
        bad = outside(rows, -1, self.num_tables - 1)
        bad_image = tf.reduce_any(bad, axis=1)
        status, numbers = flag(status, numbers, bad_image, Status.ROWS)
        none = tf.logical_or(bad, rows < 0)
        return tf.where(none, self.num_tables, rows), status, numbers

    def size(self, rows):
        return tf.gather(tf.constant(self._size), rows)

    def offset(self, rows):
        return tf.gather(tf.constant(self._offset), rows)


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


def first_of(x):
    """Where the rows of `(batch, n)` begin in `reshape(x, [-1])`."""
    batch, length = tf.unstack(tf.shape(x))
    return tf.range(batch) * length


def take(x, index):
    """`tf.gather(x, index, batch_dims=1)` of matrices, clamped."""
    index = tf.clip_by_value(index, 0, tf.shape(x)[1] - 1)
    return tf.gather(tf.reshape(x, [-1]), first_of(x)[:, None] + index)
