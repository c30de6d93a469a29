"""Image files to pixels in a graph, against what `tfcodec compress` reads."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfcodec.cli import images
from tfcodec.export.serving.image_graph import decode_rgb


@pytest.fixture(scope="module")
def decode():
    """Function of bytes to pixels; the image is the third of its batch."""
    function = tf.function(
        lambda data: decode_rgb(data, tf.constant(2), 10_000),
        [tf.TensorSpec([], tf.string)],
        autograph=False,
    )
    return lambda data: function(data).numpy()


@pytest.fixture
def picture(photograph):
    return Image.fromarray(photograph[100:150, 200:270])


@pytest.fixture
def as_compressed(tmp_path):
    """Function of bytes to the command line's pixels, as opaque RGB."""

    def as_compressed(data):
        path = tmp_path / "picture"
        path.write_bytes(data)
        pixels = images.read_image(path).pixels
        if pixels.shape[2] in (2, 4):
            pixels = images.flatten(pixels)
        return np.broadcast_to(pixels, (*pixels.shape[:2], 3))

    return as_compressed


def with_alpha(picture):
    alpha = np.arange(50 * 70).reshape(50, 70) % 256
    picture = picture.copy()
    picture.putalpha(Image.fromarray(alpha.astype(np.uint8)))
    return picture


KINDS = {
    "RGB": lambda picture: picture,
    "grey": lambda picture: picture.convert("L"),
    "grey with alpha": lambda picture: with_alpha(picture).convert("LA"),
    "RGB with alpha": with_alpha,
    "palette": lambda picture: picture.quantize(17),
    "palette of 4 bits": lambda picture: picture.quantize(9),
    "bilevel": lambda picture: picture.convert("1"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_png(decode, as_compressed, to_file, picture, kind):
    data = to_file(KINDS[kind](picture))
    np.testing.assert_array_equal(decode(data), as_compressed(data))


@pytest.mark.parametrize("colours", [17, 9])  # 8 and 4 bits.
@pytest.mark.parametrize("transparency", [3, bytes(range(0, 18, 2))])
def test_palette_with_transparency(
    decode, as_compressed, to_file, picture, colours, transparency
):
    picture = picture.quantize(colours)
    data = to_file(picture, transparency=transparency)
    np.testing.assert_array_equal(decode(data), as_compressed(data))


def test_16_bits(decode, as_compressed, to_file):
    samples = np.arange(3500, dtype=np.uint16).reshape(50, 70) * 18
    data = to_file(Image.fromarray(samples))
    # The graph takes the upper 8 bits, the command line rounds.
    np.testing.assert_array_equal(decode(data)[:, :, 1], samples >> 8)
    assert np.abs(decode(data).astype(int) - as_compressed(data)).max() <= 1


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_jpeg(decode, as_compressed, to_file, picture, mode, options):
    data = to_file(picture.convert(mode), "JPEG", quality=90, **options)
    expected = as_compressed(data).astype(int)
    # Two builds of libjpeg may differ in how they upsample chroma.
    assert np.abs(decode(data) - expected).max() <= 1


def test_cmyk(decode, as_compressed, to_file, picture):
    data = to_file(picture.convert("CMYK"), "JPEG", quality=95)
    expected = as_compressed(data).astype(int)
    assert np.abs(decode(data) - expected).max() <= 2


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"", "Image 2: There are no bytes."),
        (lambda data: b"\x89TFC", "Image 2: The bytes are not a PNG or JPEG"),
        (lambda data: b"GIF89a" + data, "Image 2: GIFs may be animated"),
        (lambda data: data[:16], "Image 2: The image has 0x0 pixels;"),
        (lambda data: data[:-500], "Invalid PNG"),
        (lambda data: data[:100] + b"x" + data[101:], "Invalid PNG"),
    ],
)
def test_damaged_png(decode, to_file, picture, damage, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        decode(damage(to_file(picture)))


@pytest.mark.parametrize("size", [3, 20, 400, -300])
def test_truncated_jpeg(decode, to_file, picture, size):
    data = to_file(picture, "JPEG", quality=90)[:size]
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_limit_comes_before_decoding(decode, to_file, kind):
    assert decode(to_file(np.zeros((100, 100, 3), np.uint8), kind)).any() == 0
    data = bytearray(to_file(np.zeros((3, 4, 3), np.uint8), kind))
    # A header that declares more than there is; nothing else is read.
    if kind == "PNG":
        data[16:24] = b"\xff\xff\xff\xff\x00\x00\x00\x03"
        size = "4294967295x3"
    else:
        place = data.index(b"\xff\xc0") + 5
        data[place : place + 4] = b"\xff\x00\xff\x01"
        size = "65281x65280"
    message = f"Image 2: The image has {size} pixels; 1 to 10,000 are taken"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        decode(bytes(data))
