"""Bits of values under the coding tables, as arrays to look up."""

import keras
import numpy as np

from tfcodec.coding.tables import ESCAPE_BITS
from tfcodec.coding.tables import PRECISION
from tfcodec.coding.tables import CdfTables


class BitCosts:
    """Code lengths of a range of table rows, piecewise linear in the value.

    At integers they are those of `tfcodec.coding.code_length`. Between two
    integers, the linear interpolation is what stochastic rounding to these two
    costs on average.

    Args:
        tables: `CdfTables`.
        first, last: ints, the rows `first` to `last - 1`.
    """

    def __init__(self, tables: CdfTables, first: int, last: int):
        size, offset = tables.size[first:last], tables.offset[first:last]
        ends = np.abs([offset, offset + size])
        # Beyond, all rows escape.
        self.reach = int(ends.max()) + 1
        freq = np.diff(tables.cdf[first:last], axis=1)
        symbols = np.arange(-self.reach, self.reach + 1) - offset[:, None]
        escape = size[:, None] - 1
        escaped = (symbols < 0) | (symbols >= escape)
        symbols = np.where(escaped, escape, symbols)
        freq = np.take_along_axis(freq, symbols, axis=1)
        bits = PRECISION - np.log2(freq) + ESCAPE_BITS * escaped
        bits[size == 1] = 0.0  # skip rows
        # float32 (rows, 2 * reach + 1)
        self.bits = bits.astype(np.float32)

    def __call__(self, rows, below, fraction):
        """Bits of the values `below + fraction`.

        Args:
            rows: int32 tensor, rows counted from `first`.
            below: float32 tensor of integers that broadcasts with it.
            fraction: float32 tensor in 0..1; gradients flow through.

        Returns:
            float32 tensor.
        """
        width = self.bits.shape[1]
        place = keras.ops.clip(below, -self.reach, self.reach - 1)
        place = rows * width + self.reach + keras.ops.cast(place, "int32")
        flat = keras.ops.convert_to_tensor(self.bits.reshape(-1))
        low = keras.ops.take(flat, place)
        high = keras.ops.take(flat, place + 1)
        return low + fraction * (high - low)

    def of_integers(self, rows, values):
        """The same of integers, without a gradient.

        Args:
            rows: int array, rows counted from `first`.
            values: float32 array of integers in the same shape.

        Returns:
            float32 array.
        """
        place = np.clip(values, -self.reach, self.reach).astype(np.intp)
        return self.bits[rows, self.reach + place]
