"""The `.tfc` container in tensor ops, for `tf.function`, SavedModel and TFLite.

The same bytes and the same verdicts as `tfcodec.bitstream` and the checks of
`Codec.decompress`, which are the reference; `docs/format.md` specifies both.
`parse`, `latents` and `format` are of builtin ops of TFLite, and int32; `check`
needs stock TensorFlow.
"""

from typing import NamedTuple

import tensorflow as tf

from tfcodec.bitstream import container
from tfcodec.export.graph import container_checks as checks
from tfcodec.export.graph.container_checks import number_at
from tfcodec.export.graph.container_sections import section_starts
from tfcodec.export.graph.container_sections import sections_at
from tfcodec.export.graph.container_status import NUMBERS
from tfcodec.export.graph.container_status import ContainerStatus
from tfcodec.export.graph.container_status import raise_container_status
from tfcodec.export.graph.crc32_graph import Crc32Graph
from tfcodec.export.graph.crc32_graph import digits
from tfcodec.export.graph.rans_status import flag
from tfcodec.export.graph.tensors import is_fine
from tfcodec.export.graph.tensors import outside
from tfcodec.export.graph.tensors import take
from tfcodec.limits import MAX_PIXELS

_CRC_AT = container.CRC_AT
_HEADER = container.HEADER.size


class Parsed(NamedTuple):
    """What files say, all int32; 0 for a file whose status is not 0."""

    width: tf.Tensor  # (batch,), pixels
    height: tf.Tensor  # (batch,)
    hundredths: tf.Tensor  # (batch,), quality
    begin: tf.Tensor  # (batch,), where the latents begin
    length: tf.Tensor  # (batch,), their bytes
    status: tf.Tensor  # (batch,), a `ContainerStatus`
    numbers: tf.Tensor  # (batch, 4), what its sentence names


class ContainerGraph:
    """Reads and writes files of one preset.

    No bytes make the graph read outside its tensors; its time is in proportion
    to the bytes, but for a logarithm, however many sections they have.

    Args:
        identifier: int, the preset's.
        model_hash: 4 bytes, its tables'.
        max_pixels: int or None, as for `Codec.decompress`.
    """

    def __init__(
        self,
        identifier: int,
        model_hash: bytes,
        max_pixels: int | None = MAX_PIXELS,
    ):
        self._identifier = identifier
        self._hash = model_hash
        self._max_pixels = max_pixels
        self._crc32 = Crc32Graph()

    def parse(self, octets, num_bytes) -> Parsed:
        """Reads and checks whole files.

        Args:
            octets: uint8 `(batch, bytes)`, padded at the end with anything.
            num_bytes: int32 `(batch,)`, how many bytes are the file; more than
                there are count as all of them.
        """
        num_bytes = tf.clip_by_value(num_bytes, 0, tf.shape(octets)[1])
        # Room for the header of a file that has none.
        octets = tf.pad(tf.cast(octets, tf.int32), [[0, 0], [0, _HEADER]])
        verdict = checks.check_start(octets, num_bytes, *_no_verdict(num_bytes))
        sections, *verdict = self._sections(octets, num_bytes, *verdict)
        verdict = checks.check_kinds(sections, *verdict)
        width = number_at(octets, 11, 14)
        height = number_at(octets, 14, 17)
        hundredths = number_at(octets, 17, 19)
        verdict = checks.check_picture(width, height, hundredths, *verdict)
        verdict = checks.check_preset(
            octets, self._identifier, self._hash, *verdict
        )
        if self._max_pixels is not None:
            bad = checks.more_pixels(width, height, self._max_pixels)
            code = ContainerStatus.PIXELS
            verdict = flag(*verdict, bad, code, width, height)
        begin = sections.begin[:, 0]
        length = sections.end[:, 0] - begin
        fine = is_fine(verdict[0])
        return Parsed(
            *(
                tf.where(fine, x, 0)
                for x in (width, height, hundredths, begin, length)
            ),
            *verdict,
        )

    def latents(self, octets, begin, length):
        """Payloads as `RansGraph.decode` takes them.

        Args:
            octets: uint8 `(batch, bytes)`, as for `parse`.
            begin, length: from `parse`.
        Returns:
            uint8 `(batch, largest length)`, padded with anything.
        """
        size = tf.reduce_max(tf.pad(length, [[0, 1]]))
        size = tf.minimum(size, tf.shape(octets)[1])
        return take(octets, begin[:, None] + tf.range(size))

    def format(self, payload, num_bytes, width, height, hundredths):
        """Whole files, as `tfcodec.bitstream.pack` writes them.

        Args:
            payload, num_bytes: latents, from `RansGraph.encode`.
            width, height: int32 `(batch,)`, pixels.
            hundredths: int32 `(batch,)`, quality.
        Returns:
            octets: uint8 `(batch, bytes)`, padded with zeros at the end.
            num_bytes: int32 `(batch,)`; 0 for sizes and qualities that a
                `Container` does not take.
        """
        num_bytes = tf.clip_by_value(num_bytes, 0, tf.shape(payload)[1])
        start = container.MAGIC + bytes([container.FORMAT_VERSION])
        start += self._identifier.to_bytes(2, "little") + self._hash
        zeros = tf.zeros_like(num_bytes)
        header = tf.stack(
            [zeros + byte for byte in start]
            + digits(width, 3)
            + digits(height, 3)
            + digits(hundredths, 2),
            axis=1,
        )
        section, length = _section(payload, num_bytes)
        covered = tf.concat([header, section], axis=1)
        crc = self._crc32.crc(covered, _CRC_AT + length)
        crc = tf.stack(digits(crc, 4), axis=1)
        octets = tf.concat([header, crc, section], axis=1)
        bad = tf.logical_or(
            outside(width, 1, container.MAX_SIDE),
            outside(height, 1, container.MAX_SIDE),
        )
        status, _ = checks.check_picture(
            width, height, hundredths, *_no_verdict(num_bytes)
        )
        fine = tf.logical_and(is_fine(status), tf.logical_not(bad))
        octets = tf.cast(tf.where(fine[:, None], octets, 0), tf.uint8)
        return octets, tf.where(fine, _HEADER + length, 0)

    def check(self, status, numbers):
        """An op that fails if a status is not 0, as `raise_first` says."""
        return raise_container_status(
            status, numbers, self._identifier, self._hash, self._max_pixels
        )

    def _sections(self, octets, num_bytes, status, numbers):
        """The sections, the first one first, and the new verdict."""
        position = tf.zeros_like(num_bytes)[:, None] + _HEADER
        first = sections_at(octets, num_bytes, position)
        begin = tf.minimum(first.end[:, 0], num_bytes)
        # Version 1 whatever it is: it is the only one that is read.
        one = tf.ones_like(position) * container.FORMAT_VERSION
        covered = (octets[:, 5:_CRC_AT], octets[:, _HEADER:])
        covered = tf.concat([octets[:, :4], one, *covered], axis=1)
        ends = tf.stack([begin, num_bytes], axis=1) - (_HEADER - _CRC_AT)
        crc = self._crc32.prefixes(covered, tf.maximum(ends, 0))
        stored = number_at(octets, _CRC_AT, _HEADER)
        altered = tf.not_equal(crc[:, 1], stored)

        verdict = checks.check_version(octets, altered, status, numbers)
        # No work for other files.
        begin = tf.where(is_fine(verdict[0]), begin, num_bytes)
        starts = section_starts(octets, num_bytes, begin)
        sections = sections_at(
            octets,
            num_bytes,
            tf.concat([position, begin[:, None] + starts], axis=1),
        )
        size = num_bytes - begin
        # The first one has to be there.
        there = tf.ones_like(first.there)
        there = tf.concat([there, sections.there[:, 1:]], axis=1)
        sections = sections._replace(there=there)
        longest = tf.reduce_max(tf.pad(size, [[0, 1]]))
        rest = take(octets, begin[:, None] + tf.range(longest))
        crcs = take(self._crc32.running(crc[:, 0], rest), starts)
        ended = tf.logical_and(
            tf.equal(crcs, stored[:, None]), starts < size[:, None]
        )
        left = tf.where(ended, size[:, None] - starts, 0)
        left = tf.reduce_max(left, axis=1)
        code = ContainerStatus.AFTER_END
        verdict = flag(*verdict, left > 0, code, left)
        return sections, *checks.check_lengths(
            sections, num_bytes, altered, *verdict
        )


def _no_verdict(num_bytes):
    """The status and numbers of files that nothing is wrong with."""
    status = tf.zeros_like(num_bytes)
    return status, tf.stack([status] * NUMBERS, axis=1)


def _section(payload, num_bytes):
    """The latents section, int32 `(batch, bytes)`, and its length."""
    # As if its length had five bytes, of which some are then left out.
    size = 1 + tf.add_n(
        [tf.cast(num_bytes >= 1 << 7 * i, tf.int32) for i in range(1, 5)]
    )
    start = [tf.zeros_like(num_bytes) + container.LATENTS]
    for i in range(5):
        digit = tf.bitwise.right_shift(num_bytes, 7 * i) % 128
        start.append(digit + tf.where(i + 1 < size, 128, 0))
    payload = tf.cast(payload, tf.int32)
    section = tf.concat([tf.stack(start, axis=1), payload], axis=1)
    place = tf.range(tf.shape(section)[1])
    size = size[:, None]
    section = take(section, tf.where(place > size, place + 5 - size, place))
    length = 1 + size + num_bytes[:, None]
    return tf.where(place < length, section, 0), length[:, 0]
