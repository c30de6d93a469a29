"""What can be wrong with a `.tfc` file, as numbers that fit in a tensor."""

import enum

import tensorflow as tf

from tfcodec import presets
from tfcodec.bitstream import container
from tfcodec.export.graph.crc32_graph import digits
from tfcodec.export.graph.rans_status import raise_first

NUMBERS = 4  # How many numbers a sentence may name.
LOW_BITS = 28  # Of a section's length, which may have 35.

# Bytes at a position, and the name of the format that has them there.
FOREIGN = container.FOREIGN


class ContainerStatus(enum.IntEnum):
    """Verdict on one file, in the order of the checks of `unpack` and `Codec`.

    Numbers are never used for something else, and are none of `Status`, so
    that one number per image may hold either. docs/format.md has the same list.
    Behind each is what its numbers are.
    """

    OK = 0
    EMPTY = 101
    FOREIGN = 102  # Which of `FOREIGN`.
    NOT_TFCODEC = 103
    HEADER = 104  # Bytes of the file.
    VERSION = 105  # Version.
    AFTER_END = 106  # Bytes after the end.
    MALFORMED = 107  # Position.
    TRUNCATED = 108  # Position, length (lowest 28 bits, higher bits), left.
    ALTERED = 109  # Also said before, where only the version was altered.
    SECTION = 110  # Type.
    LATENTS = 111
    LATENTS_FIRST = 112
    ZERO_SIZE = 113  # Width, height.
    MAX_SIZE = 114  # Width, height.
    QUALITY = 115  # Hundredths.
    OTHER_PRESET = 116  # Identifier.
    UNREGISTERED = 117
    RETIRED = 118  # Identifier.
    UNKNOWN_PRESET = 119  # Identifier.
    OTHER_TABLES = 120  # The four bytes of the hash, lowest first.
    PIXELS = 121  # Width, height.
    LOSSLESS = 122


def raise_container_status(
    status, numbers, identifier: int, model_hash: bytes, max_pixels: int | None
):
    """`raise_first` for a `ContainerStatus`; arguments of `ContainerGraph`."""

    def sentences(numbers):
        return {
            **_of_the_file(numbers),
            **_of_the_preset(numbers, identifier, model_hash, max_pixels),
        }

    return raise_first(status, numbers, sentences)


def _of_the_file(numbers):
    """Sentences of `tfcodec.bitstream.unpack`."""
    number = tf.as_string(numbers)
    high = tf.cast(numbers[2], tf.int64) * (1 << LOW_BITS)
    length = tf.as_string(high + tf.cast(numbers[1], tf.int64))
    names = {i: name for i, (_, _, name) in enumerate(FOREIGN)}
    size = [number[0], "x", number[1]]
    fractions = {i: str(i / 100)[1:] for i in range(100)}
    quality = [
        tf.as_string(numbers[0] // 100),
        _one_of(fractions, numbers[0] % 100),
    ]
    return {
        ContainerStatus.OK: [""],
        ContainerStatus.EMPTY: ["The file is empty."],
        ContainerStatus.FOREIGN: [
            "This is not a tfcodec file; it looks like ",
            _one_of(names, numbers[0]),
            ".",
        ],
        ContainerStatus.NOT_TFCODEC: ["This is not a tfcodec file."],
        ContainerStatus.HEADER: [
            "The file is truncated: the header needs "
            f"{container.HEADER.size} bytes. Received: ",
            number[0],
            " bytes.",
        ],
        ContainerStatus.VERSION: [
            "The file has format version ",
            number[0],
            ", made by a newer version of tfcodec; this one reads version "
            f"{container.FORMAT_VERSION}.",
        ],
        ContainerStatus.AFTER_END: [
            "The file has ",
            number[0],
            " bytes after its end.",
        ],
        ContainerStatus.MALFORMED: [
            "The section at byte ",
            number[0],
            " has a malformed length.",
        ],
        ContainerStatus.TRUNCATED: [
            "The file is truncated: the section at byte ",
            number[0],
            " needs ",
            length,
            " bytes, ",
            number[3],
            " are left.",
        ],
        ContainerStatus.ALTERED: [
            "The file was altered, or lost whole sections at its end: "
            "its checksum does not match."
        ],
        ContainerStatus.SECTION: [
            "The file has a section of type ",
            number[0],
            ", which this version does not know: it was made by a newer "
            "version of tfcodec.",
        ],
        ContainerStatus.LATENTS: [
            "The file must have exactly one latents section."
        ],
        ContainerStatus.LATENTS_FIRST: [
            "The latents section must be the first one."
        ],
        ContainerStatus.ZERO_SIZE: [
            "The file declares an image of zero size: ",
            *size,
            ".",
        ],
        ContainerStatus.MAX_SIZE: [
            "The file declares an image beyond the limit of 2**40 pixels: ",
            *size,
            ".",
        ],
        ContainerStatus.QUALITY: [
            "The file declares quality ",
            *quality,
            ", out of 1..100.",
        ],
    }


def _of_the_preset(numbers, identifier, model_hash, max_pixels):
    """Sentences of `tfcodec.codec.Codec.decompress`."""
    number = tf.as_string(numbers)
    needed = _one_of(presets.IDENTIFIERS, numbers[0])
    hexadecimal = {i: f"{i:02x}" for i in range(256)}
    found = [_one_of(hexadecimal, digit) for digit in digits(numbers[0], 4)]
    limit = "" if max_pixels is None else f"{max_pixels:,}"
    return {
        ContainerStatus.OTHER_PRESET: [
            "The file was made with preset ",
            needed,
            ", this codec is "
            f"{presets.IDENTIFIERS.get(identifier, 'a custom one')}."
            " Use tfcodec.load('",
            needed,
            "').",
        ],
        ContainerStatus.LOSSLESS: [
            "The file is lossless: use tfcodec.lossless.decompress."
        ],
        ContainerStatus.UNREGISTERED: [
            "The file was made with a preset that is not part of tfcodec. "
            "Name that preset's folder: --preset PATH."
        ],
        ContainerStatus.RETIRED: [
            "The file was made with preset ",
            _one_of(presets.RETIRED, numbers[0]),
            ", which is retired. Use a version of tfcodec that still has it.",
        ],
        ContainerStatus.UNKNOWN_PRESET: [
            "The file needs preset number ",
            number[0],
            ", which this version of tfcodec does not have. It was made by a "
            "newer version.",
        ],
        ContainerStatus.OTHER_TABLES: [
            "The file was made with other tables (model hash ",
            *found,
            f") than this preset's ({model_hash.hex()}): another training of "
            "it.",
        ],
        ContainerStatus.PIXELS: [
            "The file declares ",
            number[0],
            "x",
            number[1],
            f" pixels, more than the limit of {limit}.",
        ],
    }


def _one_of(texts, number):
    """The text of a number; any text for a number that has none."""
    found = tf.equal(tf.constant(list(texts), tf.int32), number)
    which = tf.argmax(tf.cast(found, tf.int32))
    return tf.gather(tf.constant(list(texts.values())), which)
