"""What can be wrong with a payload, as numbers that fit in a tensor."""

import enum

import tensorflow as tf

from tfcodec.coding.tables import VALUE_MAX
from tfcodec.coding.tables import VALUE_MIN


class Status(enum.IntEnum):
    """Verdict on one image. Numbers are never used for something else.

    1 to 10 are wrong payloads, in the order of the checks of
    `tfcodec.coding.RansDecoder`; 11 to 13 are mistakes of the caller.
    """

    OK = 0
    LENGTH = 1  # An odd number of bytes, or 1 to 5.
    LANES = 2  # Not 1 to 4096 lanes.
    SHORT = 3  # Too few bytes for the lanes.
    STATE = 4  # A first state out of range.
    EMPTY = 5  # No payload, but symbols are due.
    SYMBOLS = 6  # The words end before the symbols.
    ESCAPES = 7  # The words end before the escapes.
    UNUSED = 8  # A payload, but no symbol.
    LEFT = 9  # Words are left over.
    FINAL = 10  # A last state other than 2**15.
    ROWS = 11  # A table row that does not exist.
    VALUES = 12  # A value outside int16.
    SKIP = 13  # Not the offset in a skip row.


def flag(status, numbers, bad, code, *new):
    """Sets `code` where `bad`, unless something was wrong before.

    Args:
        status: int32 `(batch,)`.
        numbers: int32 `(batch, n)`, what the sentence of the status names.
        bad: bool `(batch,)`.
        code: a `Status`, or a `ContainerStatus`.
        new: int32 `(batch,)` or ints, at most `n`: the new numbers; the others
            become 0.
    Returns:
        The new `status` and `numbers`.
    """
    bad = tf.logical_and(bad, tf.equal(status, Status.OK))
    zeros = tf.zeros_like(status)
    new += (0,) * (numbers.shape[1] - len(new))
    new = tf.stack([zeros + number for number in new], axis=1)
    return (
        tf.where(bad, zeros + int(code), status),
        tf.where(bad[:, None], new, numbers),
    )


def raise_status(status, numbers, num_tables: int):
    """`raise_first` for a `Status`; `num_tables` for the sentence on rows."""

    def sentences(numbers):
        return _sentences(tf.as_string(numbers), num_tables)

    return raise_first(status, numbers, sentences)


def raise_first(status, numbers, sentences):
    """An op that fails with the sentence of the first image that is not OK.

    Args:
        status, numbers: as in `flag`.
        sentences: function of that image's numbers, int32 `(n,)`. It returns a
            dictionary from all statuses to lists of strings to be joined.
    Returns:
        The op; in a `tf.function` it runs whether it is used or not.
    Raises:
        tf.errors.InvalidArgumentError: when it runs.
    """
    # One more image, so that a batch without images has a first one.
    wrong = tf.concat([tf.not_equal(status, Status.OK), [True]], 0)
    which = tf.argmax(tf.cast(wrong, tf.int32), output_type=tf.int32)
    sentences = sentences(tf.pad(numbers, [[0, 1], [0, 0]])[which])
    codes = tf.constant([int(code) for code in sentences])
    texts = tf.stack([tf.strings.join(parts) for parts in sentences.values()])
    found = tf.equal(codes, tf.pad(status, [[0, 1]])[which])
    text = tf.gather(texts, tf.argmax(tf.cast(found, tf.int32)))
    place = tf.strings.join(["Image ", tf.as_string(which), ": ", text])
    fine = tf.reduce_all(tf.equal(status, Status.OK))
    return tf.debugging.Assert(fine, [place])


def _sentences(number, num_tables):
    return {
        Status.OK: [""],
        Status.LENGTH: [
            "A payload has an even number of bytes, at least 6. Received: ",
            number[1],
            " bytes.",
        ],
        Status.LANES: [
            "The payload declares ",
            number[0],
            " lanes; 1 to 4096 are allowed.",
        ],
        Status.SHORT: [
            "The payload is too short for ",
            number[0],
            " lanes. Received: ",
            number[1],
            " bytes.",
        ],
        Status.STATE: ["The payload starts with a state out of range."],
        Status.EMPTY: [
            "The payload is empty, but ",
            number[0],
            " symbols are due.",
        ],
        Status.SYMBOLS: ["The payload ends before its last symbol."],
        Status.ESCAPES: ["The payload ends before its last escape."],
        Status.UNUSED: ["The payload is not empty, but no symbol is."],
        Status.LEFT: [
            number[0],
            " words of the payload are left over after the last symbol.",
        ],
        Status.FINAL: ["The payload does not end in the right state."],
        Status.ROWS: [
            f"`rows` must be in 0..{num_tables - 1}, or -1 where there is no "
            "element."
        ],
        Status.VALUES: [f"`values` must be in {VALUE_MIN}..{VALUE_MAX}."],
        Status.SKIP: [
            "`values` must equal the row's offset where the row is a skip row."
        ],
    }
