"""The sections of `.tfc` files in builtin TFLite ops; see `container_graph`."""

from typing import NamedTuple

import tensorflow as tf

from tfcodec.export.graph.container_status import LOW_BITS
from tfcodec.export.graph.tensors import take


class Sections(NamedTuple):
    """What a section says at each of some positions; all `(batch, n)`."""

    position: tf.Tensor  # int32, of its type
    there: tf.Tensor  # bool, whether there is one; else the rest is anything
    kind: tf.Tensor  # int32, its type
    begin: tf.Tensor  # int32, of its bytes
    low: tf.Tensor  # int32, the lowest 28 bits of its length
    high: tf.Tensor  # int32, the 7 bits above
    malformed: tf.Tensor  # bool
    truncated: tf.Tensor  # bool, whether it reaches beyond the end
    end: tf.Tensor  # int32; the end of the file if malformed or truncated


def sections_at(octets, num_bytes, position) -> Sections:
    """Reads types and lengths.

    Args:
        octets: int32 `(batch, bytes)`, 0..255.
        num_bytes: int32 `(batch,)`, at most the number of bytes.
        position: int32 `(batch, n)`.
    """
    num_bytes = num_bytes[:, None]
    # Where the bytes end too early, 1 byte is needed behind the last.
    begin = tf.zeros_like(position) + num_bytes
    digits = []
    more = tf.ones_like(position, tf.bool)
    malformed = early = tf.logical_not(more)
    for count in range(5):
        at = position + 1 + count
        byte = take(octets, at)
        outside = tf.logical_and(more, at >= num_bytes)
        early = tf.logical_or(early, outside)
        more = tf.logical_and(more, at < num_bytes)
        digits.append(tf.where(more, byte % 128, 0))
        last = tf.logical_and(more, byte < 128)
        begin = tf.where(last, at + 1, begin)
        if count:  # Not the shortest form.
            zero = tf.logical_and(last, tf.equal(byte, 0))
            malformed = tf.logical_or(malformed, zero)
        more = tf.logical_and(more, byte >= 128)
    malformed = tf.logical_or(malformed, more)
    low = tf.add_n([digit * (1 << 7 * i) for i, digit in enumerate(digits[:4])])
    low, high = tf.where(early, 1, low), tf.where(early, 0, digits[4])
    # A length of 2**31 or more is longer than any tensor.
    length = low + (1 << LOW_BITS) * tf.minimum(high, 7)
    truncated = tf.logical_or(high > 7, length > num_bytes - begin)
    wrong = tf.logical_or(malformed, truncated)
    return Sections(
        position=position,
        there=position < num_bytes,
        kind=take(octets, position),
        begin=begin,
        low=low,
        high=high,
        malformed=malformed,
        truncated=truncated,
        end=tf.where(wrong, num_bytes, begin + length),
    )


def section_starts(octets, num_bytes, begin):
    """Where the sections from `begin` on begin.

    Each round doubles the number of those that are known: where the next
    section would begin is looked up for all positions at once, then where the
    one after the next would, and so on.

    Args:
        octets, num_bytes: as for `sections_at`.
        begin: int32 `(batch,)`, at most `num_bytes`.
    Returns:
        int32 `(batch, n)`, less `begin`, in order; for no section, how many
        bytes there are behind `begin`.
    """
    size = (num_bytes - begin)[:, None]
    longest = tf.reduce_max(tf.pad(size, [[0, 1], [0, 0]]))
    position = begin[:, None] + tf.range(longest)
    sections = sections_at(octets, num_bytes, position)
    after = tf.where(sections.there, sections.end, num_bytes[:, None])
    after = tf.concat([after - begin[:, None], size], axis=1)

    def double(after, starts):
        starts = tf.concat([starts, take(after, starts)], axis=1)
        return take(after, after), starts

    shape = tf.TensorShape([None, None])
    _, starts = tf.while_loop(
        lambda _, starts: tf.reduce_any(starts[:, -1:] < size),
        double,
        (after, tf.zeros_like(size)),
        shape_invariants=(shape, shape),
    )
    return starts
