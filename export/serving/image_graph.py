"""Image files to 8-bit RGB in stock TensorFlow ops, for servers.

PNG and JPEG, which every TensorFlow decodes. The size is read from the header
and compared with the limit before anything of that size is allocated. What
`tfcodec compress` does to pixels beyond 8-bit RGB is done here as far as stock
ops go; docs/saved_model.md lists the differences.
"""

import tensorflow as tf

from tfcodec.export.serving.batches import require

# No JPEG is longer. Sides become multiples of 16: without this, the limit on
# pixels would allow a row of them that takes 16 times its memory.
MAX_SIDE = 65536
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_GIF = b"GIF8"


def require_size(height, width, which, max_pixels):
    """An op that fails unless an image's size is one that is taken.

    Args:
        height, width: int scalars, below 2**32.
        which: int32 scalar, the image's place in the batch.
        max_pixels: int.
    """
    height, width = tf.cast(height, tf.int64), tf.cast(width, tf.int64)
    some = tf.logical_and(height > 0, width > 0)
    fine = tf.logical_and(some, height <= max_pixels // tf.maximum(width, 1))
    fine = tf.logical_and(fine, tf.maximum(height, width) <= MAX_SIDE)
    return require(
        fine,
        which,
        "The image has ",
        tf.as_string(width),
        "x",
        tf.as_string(height),
        f" pixels; 1 to {max_pixels:,} are taken, "
        f"and sides of up to {MAX_SIDE:,}.",
    )


def decode_rgb(data, which, max_pixels):
    """Decodes one image file.

    Args:
        data: string scalar, the bytes.
        which: int32 scalar, the image's place in the batch, for messages.
        max_pixels: int, the limit.

    Returns:
        uint8 `(height, width, 3)`. Transparency is flattened onto white.

    Raises:
        tf.errors.InvalidArgumentError: empty, not a PNG or JPEG image,
            truncated, or with more pixels than the limit.
    """

    def starts_with(mark):
        return tf.equal(tf.strings.substr(data, 0, len(mark)), mark)

    is_jpeg = starts_with(_JPEG)
    known = tf.logical_or(is_jpeg, starts_with(_PNG))
    text = tf.where(
        starts_with(_GIF),
        "GIFs may be animated; PNG and JPEG are taken.",
        "The bytes are not a PNG or JPEG image.",
    )
    text = tf.where(tf.equal(data, b""), "There are no bytes.", text)
    with tf.control_dependencies([require(known, which, text)]):
        data = tf.identity(data)
    pixels = tf.cond(
        is_jpeg,
        lambda: _decode_jpeg(data, which, max_pixels),
        lambda: _decode_png(data, which, max_pixels),
    )
    return tf.ensure_shape(pixels, [None, None, 3])


def _decode_jpeg(data, which, max_pixels):
    height, width, _ = tf.unstack(tf.image.extract_jpeg_shape(data))
    with tf.control_dependencies(
        [require_size(height, width, which, max_pixels)]
    ):
        # The accurate transform is the one that other decoders use.
        return tf.io.decode_jpeg(
            data, channels=3, dct_method="INTEGER_ACCURATE"
        )


def _decode_png(data, which, max_pixels):
    head = tf.strings.substr(data, 0, 25)
    head = tf.io.decode_raw(head, tf.uint8, fixed_length=25)
    sides = tf.reshape(tf.cast(head[16:24], tf.int64), [2, 4])
    sides = tf.reduce_sum(sides * [1 << 24, 1 << 16, 1 << 8, 1], axis=1)
    width, height = tf.unstack(sides)
    with tf.control_dependencies(
        [require_size(height, width, which, max_pixels)]
    ):
        rgba = tf.io.decode_png(data, channels=4)
    rgb, alpha = rgba[:, :, :3], rgba[:, :, 3:]
    # What is not there is filled with the largest value of the file's depth,
    # which may be 1, 2 or 4 bits, while colours come with 8.
    depth = tf.minimum(tf.cast(head[24], tf.int32), 8)
    filler = tf.cast(2**depth - 1, tf.uint8)
    opaque = tf.reduce_all(tf.equal(alpha, filler))
    return tf.cond(opaque, lambda: rgb, lambda: _on_white(rgb, alpha))


def _on_white(rgb, alpha):
    """`(rgb * alpha + 255 * (255 - alpha)) / 255`, rounded as Pillow does."""
    rgb, alpha = tf.cast(rgb, tf.int32), tf.cast(alpha, tf.int32)
    total = rgb * alpha + 255 * (255 - alpha) + 128
    return tf.cast((total + total // 256) // 256, tf.uint8)
