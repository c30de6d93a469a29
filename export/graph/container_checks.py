"""Checks of `.tfc` files in builtin TFLite ops; see `container_graph`.

Each returns the new `status` and `numbers`, as `flag` does. Octets are int32
`(batch, bytes)`, at least as many as a header has.
"""

import numpy as np
import tensorflow as tf

from tfcodec import presets
from tfcodec.bitstream import container
from tfcodec.export.graph.container_status import FOREIGN
from tfcodec.export.graph.container_status import ContainerStatus
from tfcodec.export.graph.rans_status import flag
from tfcodec.export.graph.tensors import count_true
from tfcodec.export.graph.tensors import outside

_FOREIGN_BYTES = max(begin + len(mark) for begin, mark, _ in FOREIGN)


def check_start(octets, num_bytes, status, numbers):
    """Magic, and length of the header."""
    verdict = flag(status, numbers, num_bytes < 1, ContainerStatus.EMPTY)
    size = len(container.MAGIC)
    magic = tf.constant(list(container.MAGIC))
    wrong = tf.not_equal(octets[:, :size], magic)
    wrong = tf.logical_and(wrong, tf.range(size) < num_bytes[:, None])
    wrong = tf.reduce_any(wrong, axis=1)

    marks = np.zeros((len(FOREIGN), _FOREIGN_BYTES), np.int32)
    marked = np.zeros(marks.shape, bool)
    for i, (begin, mark, _) in enumerate(FOREIGN):
        marks[i, begin : begin + len(mark)] = list(mark)
        marked[i, begin : begin + len(mark)] = True
    start = tf.expand_dims(octets[:, :_FOREIGN_BYTES], 1)
    differs = tf.logical_or(
        tf.not_equal(start, marks),
        tf.range(_FOREIGN_BYTES) >= num_bytes[:, None, None],
    )
    differs = tf.reduce_any(tf.logical_and(differs, marked), axis=2)
    which = tf.where(differs, len(FOREIGN), tf.range(len(FOREIGN)))
    which = tf.reduce_min(which, axis=1)
    bad = tf.logical_and(wrong, which < len(FOREIGN))
    verdict = flag(*verdict, bad, ContainerStatus.FOREIGN, which)
    verdict = flag(*verdict, wrong, ContainerStatus.NOT_TFCODEC)
    bad = num_bytes < container.HEADER.size
    return flag(*verdict, bad, ContainerStatus.HEADER, num_bytes)


def check_version(octets, altered, status, numbers):
    """Args: altered: bool `(batch,)`, the checksum is wrong for version 1."""
    version = octets[:, len(container.MAGIC)]
    bad = tf.not_equal(version, container.FORMAT_VERSION)
    only = tf.logical_or(tf.equal(version, 0), tf.logical_not(altered))
    only = tf.logical_and(bad, only)
    verdict = flag(status, numbers, only, ContainerStatus.ALTERED)
    return flag(*verdict, bad, ContainerStatus.VERSION, version)


def check_lengths(sections, num_bytes, altered, status, numbers):
    """At most one section is wrong: there are none behind it."""

    def only(bad, *fields):
        return [
            tf.reduce_sum(tf.where(bad, field, 0), axis=1) for field in fields
        ]

    bad = tf.logical_and(sections.there, sections.malformed)
    bad_file = tf.reduce_any(bad, axis=1)
    code = ContainerStatus.ALTERED
    verdict = flag(status, numbers, tf.logical_and(bad_file, altered), code)
    code = ContainerStatus.MALFORMED
    verdict = flag(*verdict, bad_file, code, *only(bad, sections.position))
    bad = tf.logical_and(sections.there, sections.truncated)
    named = only(
        bad,
        sections.position,
        sections.low,
        sections.high,
        num_bytes[:, None] - sections.begin,
    )
    bad = tf.reduce_any(bad, axis=1)
    verdict = flag(*verdict, bad, ContainerStatus.TRUNCATED, *named)
    return flag(*verdict, altered, ContainerStatus.ALTERED)


def check_kinds(sections, status, numbers):
    """Which sections there are."""
    kind, there = sections.kind, sections.there
    latents = tf.logical_and(there, tf.equal(kind, container.LATENTS))
    bad = tf.logical_and(there, kind < container.FIRST_ANCILLARY)
    bad = tf.logical_and(bad, tf.not_equal(kind, container.LATENTS))
    count = tf.shape(kind)[1]
    first = tf.where(bad, tf.range(count), count)
    first = tf.reduce_min(first, axis=1)[:, None]
    first = tf.equal(tf.range(count), first)
    named = tf.reduce_sum(tf.where(first, kind, 0), axis=1)
    bad = tf.reduce_any(bad, axis=1)
    verdict = flag(status, numbers, bad, ContainerStatus.SECTION, named)
    bad = tf.not_equal(count_true(latents), 1)
    verdict = flag(*verdict, bad, ContainerStatus.LATENTS)
    bad = tf.logical_not(latents[:, 0])
    return flag(*verdict, bad, ContainerStatus.LATENTS_FIRST)


def check_picture(width, height, hundredths, status, numbers):
    """Size and quality."""
    zero = tf.minimum(width, height) < 1
    beyond = more_pixels(width, height, container.MAX_PIXELS)
    low, high = container.QUALITY_MIN, container.QUALITY_MAX
    quality = outside(hundredths, low, high)
    verdict = (status, numbers)
    for bad, code, *named in (
        (zero, ContainerStatus.ZERO_SIZE, width, height),
        (beyond, ContainerStatus.MAX_SIZE, width, height),
        (quality, ContainerStatus.QUALITY, hundredths),
    ):
        verdict = flag(*verdict, bad, code, *named)
    return verdict


def check_preset(octets, identifier: int, model_hash: bytes, status, numbers):
    """What `Codec` checks before it decodes."""
    found = number_at(octets, 5, 7)
    other = tf.not_equal(found, identifier)
    known = _is_one_of(found, presets.IDENTIFIERS)
    lossless = tf.equal(found, presets.LOSSLESS)
    unregistered = tf.equal(found, presets.UNREGISTERED)
    retired = _is_one_of(found, presets.RETIRED)
    verdict = (status, numbers)
    for bad, code in (
        (lossless, ContainerStatus.LOSSLESS),
        (known, ContainerStatus.OTHER_PRESET),
        (unregistered, ContainerStatus.UNREGISTERED),
        (retired, ContainerStatus.RETIRED),
        (other, ContainerStatus.UNKNOWN_PRESET),
    ):
        verdict = flag(*verdict, tf.logical_and(other, bad), code, found)
    found = number_at(octets, 7, 11)
    bad = tf.not_equal(found, int.from_bytes(model_hash, "little", signed=True))
    return flag(*verdict, bad, ContainerStatus.OTHER_TABLES, found)


def more_pixels(width, height, limit: int):
    """bool `(batch,)`: `width * height > limit`, for sides below 2**24."""
    limit = min(max(limit, 0), 1 << 48)
    # The product is `high * 2**24 + low`, from halves of 12 bits.
    middle = width // 4096 * (height % 4096) + width % 4096 * (height // 4096)
    low = width % 4096 * (height % 4096) + middle % 4096 * 4096
    high = width // 4096 * (height // 4096) + middle // 4096 + low // (1 << 24)
    low = low % (1 << 24)
    most, rest = divmod(limit, 1 << 24)
    return tf.logical_or(
        high > most, tf.logical_and(tf.equal(high, most), low > rest)
    )


def number_at(octets, begin: int, end: int):
    """Little-endian number of 2 to 4 bytes, int32 `(batch,)`; 4 are signed."""
    parts = [octets[:, i] for i in range(begin, end)]
    if len(parts) == 4:
        parts[3] = (parts[3] + 128) % 256 - 128
    return tf.add_n([part * (1 << 8 * i) for i, part in enumerate(parts)])


def _is_one_of(x, numbers):
    found = [tf.equal(x, number) for number in numbers]
    return tf.reduce_any(tf.stack(found, axis=0), axis=0)
