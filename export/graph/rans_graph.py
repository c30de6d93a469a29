"""The entropy coder in tensor ops, for `tf.function`, SavedModel and TFLite.

The same bytes and the same verdicts as `tfcodec.coding`, whose NumPy code is
the reference; `docs/format.md` specifies both. All numbers are int32, and no
product or sum leaves it; only the sum that chooses the lanes' number is int64.

A batch of images of different sizes is coded in one loop, and each image as if
it were alone. The row of an element is -1 where an image has no such element.
`decoder` and `encoder` are the numeric core, of builtin ops of TFLite, with a
status for each image; the methods for strings need stock TensorFlow, and fail
if one status is not 0.
"""

from collections.abc import Sequence

import tensorflow as tf

from tfcodec.coding import CdfTables
from tfcodec.export.graph.rans_decoder import GraphDecoder
from tfcodec.export.graph.rans_encoder import GraphEncoder
from tfcodec.export.graph.rans_status import raise_status


class RansGraph:
    """Encoder and decoder with fixed tables.

    Where the rows of a segment depend on the one before, `decoder` decodes
    segment by segment, and `check` looks at its status.

    Args:
        tables: the tables; they become constants of the graph, 12 bytes for
            each of the 4096 slots of a row.
    """

    def __init__(self, tables: CdfTables):
        self._num_tables = tables.num_tables
        self.decoder = GraphDecoder(tables)
        self.encoder = GraphEncoder(tables)

    def decode(self, payload, num_bytes, rows: Sequence):
        """Decodes payloads when the rows of all segments are known.

        Args:
            payload: uint8 `(batch, bytes)`, padded at the end with anything.
            num_bytes: int32 `(batch,)`, how many bytes are the payload.
            rows: for each segment int32 `(batch, elements)`.
        Returns:
            For each segment the values, int32 `(batch, elements)`; the state
            at the end, whose `status` is int32 `(batch,)`.
        """
        state, values = self.decoder.start(payload, num_bytes), []
        for segment in rows:
            state, found = self.decoder.decode_segment(state, segment)
            values.append(found)
        return values, self.decoder.finish(state)

    def encode(self, values: Sequence, rows: Sequence):
        """See `GraphEncoder.encode`."""
        return self.encoder.encode(values, rows)

    def check(self, status, numbers):
        """An op that fails if a status is not 0, as `raise_status` says."""
        return raise_status(status, numbers, self._num_tables)

    def decode_strings(self, payloads, rows: Sequence):
        """Decodes payloads, string `(batch,)`, to the values as above.

        Raises:
            tf.errors.InvalidArgumentError: for a payload that `RansDecoder`
                does not take, with its sentence.
        """
        payload, num_bytes = to_bytes(payloads)
        values, state = self.decode(payload, num_bytes, rows)
        with tf.control_dependencies([self.check(state.status, state.numbers)]):
            return [tf.identity(found) for found in values]

    def encode_strings(self, values: Sequence, rows: Sequence):
        """Encodes values as above to payloads, string `(batch,)`.

        Raises:
            tf.errors.InvalidArgumentError: for rows or values that
                `tfcodec.coding.encode` does not take.
        """
        payload, num_bytes, status, numbers = self.encode(values, rows)
        with tf.control_dependencies([self.check(status, numbers)]):
            return to_strings(payload, num_bytes)


def to_bytes(strings):
    """string `(batch,)` to uint8 `(batch, bytes)` and lengths, int32."""
    lengths = tf.strings.length(strings)
    longest = tf.reduce_max(tf.pad(lengths, [[0, 1]], constant_values=1))
    return tf.io.decode_raw(strings, tf.uint8, fixed_length=longest), lengths


def to_strings(octets, lengths):
    """uint8 `(batch, bytes)` and lengths, int32, to string `(batch,)`."""
    # A tensor's protocol buffer ends with its contents. This is much faster
    # than to look up each byte's string and to join them.
    buffer = tf.io.serialize_tensor(octets)
    batch, width = tf.unstack(tf.shape(octets))
    begin = tf.strings.length(buffer) - batch * width
    return tf.strings.substr(
        tf.fill([batch], buffer), begin + width * tf.range(batch), lengths
    )
