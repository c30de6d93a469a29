"""Batches of images of different sizes, and what is wrong with one of them.

For `tf.function`; the loop does not run eagerly.
"""

import tensorflow as tf


def require(fine, which, *parts):
    """An op that fails with a sentence about an image.

    Args:
        fine: bool scalar.
        which: int32 scalar, the image's place in the batch.
        *parts: str or string scalars, the sentence.

    Returns:
        The op; in a `tf.function` it runs whether it is used or not.

    Raises:
        tf.errors.InvalidArgumentError: when it runs.
    """
    place = ["Image ", tf.as_string(which), ": "]
    return tf.debugging.Assert(fine, [tf.strings.join([*place, *parts])])


def first_bad(bad):
    """Of bool `(batch,)`: whether none is true, and the place of the first."""
    # One more image, so that a batch without images has a first one.
    places = tf.pad(tf.cast(bad, tf.int32), [[0, 1]])
    which = tf.argmax(places, output_type=tf.int32)
    return tf.logical_not(tf.reduce_any(bad)), which


def require_room(count):
    """An op that fails if a batch has too many elements for int32.

    Args:
        count: int `(batch,)`, the elements of each image; they are padded to
            the largest.
    """
    count = tf.cast(count, tf.int64)
    largest = tf.reduce_max(tf.pad(count, [[0, 1]]))
    fine = largest * tf.size(count, tf.int64) < 1 << 31
    return tf.debugging.Assert(
        fine, ["The batch is too large: send fewer or smaller images."]
    )


def to_hundredths(quality, count):
    """Qualities as the format has them, each of them checked.

    Args:
        quality: float32 `(batch,)`.
        count: int32 scalar, how many there must be.

    Returns:
        int32 `(batch,)`, 100..10000, rounded as `Codec.compress` does.

    Raises:
        tf.errors.InvalidArgumentError: NaN, out of 1..100, or not one for
            each image.
    """
    inside = tf.logical_and(quality >= 1.0, quality <= 100.0)  # False for NaN.
    fine, which = first_bad(tf.logical_not(inside))
    value = tf.as_string(tf.pad(quality, [[0, 1]])[which])
    enough = tf.equal(tf.size(quality), count)
    text = "`quality` must have one number for each image."
    checks = [
        require(fine, which, "The quality must be in 1..100. Got: ", value),
        tf.debugging.Assert(enough, [text]),
    ]
    with tf.control_dependencies(checks):
        quality = tf.identity(quality)
    return tf.cast(tf.round(tf.cast(quality, tf.float64) * 100.0), tf.int32)


def each_image(function, count, dtypes):
    """Calls a function for one image after the other, and joins the results.

    Args:
        function: of int32 scalar, the place in the batch; returns vectors of
            any lengths.
        count: int32 scalar, the number of images.
        dtypes: of the vectors.

    Returns:
        For each of the vectors a `tf.RaggedTensor` of two dimensions.
    """
    arrays = [
        tf.TensorArray(dtype, count, infer_shape=False, element_shape=[None])
        for dtype in dtypes
    ]
    lengths = [
        tf.TensorArray(tf.int32, count, element_shape=[]) for _ in dtypes
    ]

    def body(i, arrays, lengths):
        found = function(i)
        arrays = [a.write(i, x) for a, x in zip(arrays, found, strict=True)]
        lengths = [
            a.write(i, tf.size(x)) for a, x in zip(lengths, found, strict=True)
        ]
        return i + 1, arrays, lengths

    _, arrays, lengths = tf.while_loop(
        lambda i, *_: i < count,
        body,
        (tf.constant(0), arrays, lengths),
        parallel_iterations=1,  # Memory for one image.
    )
    return [
        tf.RaggedTensor.from_row_lengths(a.concat(), n.stack(), validate=False)
        for a, n in zip(arrays, lengths, strict=True)
    ]


def channel_rows(count, channels):
    """Table rows of the first segments of a batch; see `rans_graph`.

    Args:
        count: int `(batch,)`, the elements of each image.
        channels: int; channel c uses row c.

    Returns:
        int32 `(batch, largest count)`, -1 where an image has no element.
    """
    count = tf.cast(count, tf.int32)
    place = tf.range(tf.reduce_max(tf.pad(count, [[0, 1]])))
    return tf.where(place < count[:, None], place % channels, -1)


def scale_rows(indexes, first):
    """Table rows of the second segments, from a ragged tensor of indexes."""
    indexes = indexes.to_tensor(-1)
    return tf.where(indexes < 0, -1, first + indexes)
