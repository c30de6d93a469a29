"""CRC-32 in builtin TFLite ops: zlib's, of many rows of bytes at once.

A CRC is linear: what a byte does to the register depends on the byte and on how
many bytes follow, and the contributions of all bytes are joined by exclusive
or. So the rows are cut in blocks, each block's contribution is looked up and
folded in vector steps, and the blocks are joined by a scan in a logarithmic
number of steps. int32 holds the register's bit pattern.
"""

import numpy as np
import tensorflow as tf

from tfcodec.export.graph.tensors import first_of
from tfcodec.export.graph.tensors import take

_LEVEL = 6
BLOCK = 1 << _LEVEL  # Bytes.
_LEVELS = 31  # So that 2**31 bytes are enough.
# A register of 0 becomes the one that a CRC starts with, all ones.
_START = (0x62, 0xF5, 0x26, 0x92)


class Crc32Graph:
    """CRC-32 of rows; its tables, 200 kB, become constants of the graph."""

    def __init__(self):
        # Of a byte, by how many bytes follow: at most what `ends` looks up.
        self._byte = tf.constant(_of_bytes(BLOCK + 3))
        # Of a register's four bytes, when 1, 2, 4, ... bytes follow.
        self._register = tf.constant(_of_registers())

    def crc(self, octets, num_bytes):
        """CRC of each row, int32 `(batch,)`.

        Args:
            octets: uint8 or int32 in 0..255, `(batch, bytes)`, padded at the
                end with anything.
            num_bytes: int32 `(batch,)`, the rows' lengths.
        """
        return self.prefixes(octets, num_bytes[:, None])[:, 0]

    def prefixes(self, octets, ends):
        """CRCs of the first `ends` bytes of each row, for a few ends.

        Args:
            octets: as for `crc`.
            ends: int32 `(batch, n)`, each from 0 to the number of bytes.
        Returns:
            int32 `(batch, n)`.
        """
        octets = tf.cast(octets, tf.int32)
        start = tf.zeros_like(ends[:, :1]) + tf.constant([_START])
        octets = tf.concat([start, octets], axis=1)
        blocks = self._before_blocks(octets)
        # At least 4 bytes after the block's begin, which take up the register.
        block = ends // BLOCK
        register = tf.gather(
            tf.reshape(blocks, [-1]), first_of(blocks)[:, None] + block
        )
        width = 2 * BLOCK
        rest = tf.expand_dims(ends + len(_START) - BLOCK * block, 2)
        batch, count = tf.unstack(tf.shape(ends))
        places = tf.expand_dims(BLOCK * block, 2) + tf.range(width)
        flat = tf.reshape(places, tf.stack([batch, count * width]))
        window = tf.reshape(take(octets, flat), tf.shape(places))
        first = tf.stack(digits(register, 4), axis=2)
        first = tf.pad(first, [[0, 0], [0, 0], [0, width - 4]])
        window = tf.bitwise.bitwise_xor(window, first)
        follow = rest - 1 - tf.range(width)
        found = tf.gather(self._byte, 256 * tf.maximum(follow, 0) + window)
        return -1 - _fold(tf.where(follow < 0, 0, found))

    def running(self, crc, octets):
        """CRCs of rows that go on for 0, 1, 2, ... bytes more.

        Args:
            crc: int32 `(batch,)`, of what comes before.
            octets: as for `crc`.
        Returns:
            int32 `(batch, bytes + 1)`.
        """
        found = tf.gather(self._byte, tf.cast(octets, tf.int32))
        found = tf.concat([-1 - crc[:, None], found], axis=1)
        return -1 - self._scan(found, 0)

    def _before_blocks(self, octets):
        """Registers before each block and behind the last whole one."""
        batch, length = tf.unstack(tf.shape(octets))
        count = length // BLOCK
        octets = tf.reshape(
            octets[:, : count * BLOCK], tf.stack([batch, count, BLOCK])
        )
        follow = tf.range(BLOCK - 1, -1, -1)
        found = _fold(tf.gather(self._byte, 256 * follow + octets))
        return self._scan(tf.pad(found, [[0, 0], [1, 0]]), _LEVEL)

    def _scan(self, registers, level: int):
        """Adds to each register what the ones before it contribute.

        Args:
            registers: int32 `(batch, n)`, `2**level` bytes apart.
        """
        size = tf.shape(registers)[1]

        def step(level, distance, x):
            before = tf.slice(x, [0, 0], tf.stack([-1, size - distance]))
            before = self._followed(before, level)
            before = tf.pad(before, [[0, 0], tf.stack([distance, 0])])
            return level + 1, 2 * distance, tf.bitwise.bitwise_xor(x, before)

        _, _, registers = tf.while_loop(
            lambda level, distance, x: distance < size,
            step,
            (tf.constant(level), tf.constant(1), registers),
            shape_invariants=(
                tf.TensorShape([]),
                tf.TensorShape([]),
                tf.TensorShape([None, None]),
            ),
        )
        return registers

    def _followed(self, registers, level):
        """Registers after `2**level` bytes of 0."""
        found = [
            tf.gather(self._register, 1024 * level + 256 * i + digit)
            for i, digit in enumerate(digits(registers, 4))
        ]
        low = tf.bitwise.bitwise_xor(found[0], found[1])
        high = tf.bitwise.bitwise_xor(found[2], found[3])
        return tf.bitwise.bitwise_xor(low, high)


def digits(x, count: int):
    """The lowest bytes of int32, lowest first, int32 in 0..255."""
    return [tf.bitwise.right_shift(x, 8 * i) % 256 for i in range(count)]


def _fold(x):
    """Exclusive or over the last axis, whose size is a power of 2."""
    while x.shape[-1] > 1:
        half = x.shape[-1] // 2
        x = tf.bitwise.bitwise_xor(x[..., :half], x[..., half:])
    return x[..., 0]


def _of_bytes(count):
    """Registers of single bytes, `[follow, byte]`, int32 `(count * 256,)`."""
    rows = [np.arange(256, dtype=np.uint32)]
    for _ in range(8):
        rows[0] = rows[0] >> 1 ^ np.where(rows[0] & 1, np.uint32(0xEDB88320), 0)
    while len(rows) < count:
        rows.append(rows[0][rows[-1] & 255] ^ rows[-1] >> 8)
    return np.concatenate(rows).astype(np.uint32).view(np.int32)


def _of_registers():
    """`[level, byte of the register, its value]`, int32, flat."""
    byte = _of_bytes(1).view(np.uint32)
    start = np.arange(256, dtype=np.uint32) << 8 * np.arange(4)[:, None]
    start = start.astype(np.uint32)
    levels = [byte[start & 255] ^ start >> 8]
    while len(levels) < _LEVELS:
        last = levels[-1]
        found = [last[i][last >> 8 * i & 255] for i in range(4)]
        levels.append(np.bitwise_xor.reduce(found))
    return np.concatenate(levels, axis=None).view(np.int32)
