"""Reading images: every mode of a file, and what is said about it."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tfcodec.bitstream import Metadata
from tfcodec.cli.images import read_image
from tfcodec.errors import TfcodecError

SIXTEEN = "reduced from 16 to 8 bits per sample"


@pytest.fixture
def save(tmp_path):
    def save(image, name="image.png", **options):
        path = tmp_path / name
        image.save(path, **options)
        return path

    return save


@pytest.fixture
def picture(photograph):
    """RGBA; all of its alpha values differ from row to row."""
    rgb = photograph[100:148, 200:280]
    alpha = np.arange(48 * 80).reshape(48, 80, 1) // 15 % 256
    return np.concatenate([rgb, alpha.astype(np.uint8)], axis=2)


def check(path, pixels, *notes):
    read = read_image(path)
    np.testing.assert_array_equal(read.pixels, pixels)
    assert read.pixels.dtype == np.uint8
    assert read.notes == list(notes) and read.metadata == Metadata()


@pytest.mark.parametrize("kind", ["png", "bmp", "tga", "tiff", "ppm", "webp"])
def test_rgb_as_it_is(save, picture, kind):
    rgb = picture[:, :, :3]
    options = {"lossless": True} if kind == "webp" else {}
    check(save(Image.fromarray(rgb), f"image.{kind}", **options), rgb)


@pytest.mark.parametrize("kind", ["png", "tiff", "tga", "webp"])
def test_rgba_as_it_is(save, picture, kind):
    options = {"lossless": True, "exact": True} if kind == "webp" else {}
    path = save(Image.fromarray(picture), f"image.{kind}", **options)
    check(path, picture)


@pytest.mark.parametrize("kind", ["png", "tiff", "tga", "pgm", "bmp"])
def test_grey_as_it_is(save, picture, kind):
    grey = picture[:, :, 1]
    check(save(Image.fromarray(grey), f"image.{kind}"), grey[:, :, None])


@pytest.mark.parametrize("kind", ["png", "tiff", "tga"])
def test_grey_and_alpha_as_it_is(save, picture, kind):
    both = picture[:, :, [1, 3]]
    check(save(Image.fromarray(both), f"image.{kind}"), both)


@pytest.mark.parametrize("kind", ["png", "tiff", "bmp"])
def test_bilevel(save, picture, kind):
    image = Image.fromarray(picture[:, :, 1] > 100)
    assert image.mode == "1"
    pixels = 255 * np.asarray(image)[:, :, None].astype(np.uint8)
    check(save(image, f"image.{kind}"), pixels)


@pytest.mark.parametrize("kind", ["png", "gif", "tiff", "bmp"])
def test_palettes_become_rgb(save, picture, kind):
    image = Image.fromarray(picture[:, :, :3]).quantize(17)
    check(save(image, f"image.{kind}"), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("kind", ["png", "gif"])
def test_palette_with_a_transparent_colour(save, picture, kind):
    image = Image.fromarray(picture[:, :, :3]).quantize(17)
    read = read_image(save(image, f"image.{kind}", transparency=3))
    indexes = np.asarray(image)
    visible = indexes != 3
    assert visible.any() and not visible.all()
    np.testing.assert_array_equal(read.pixels[:, :, 3], 255 * visible)
    rgb = np.asarray(image.convert("RGB"))[visible]
    np.testing.assert_array_equal(read.pixels[visible][:, :3], rgb)


def test_palette_with_alpha(save, picture):
    image = Image.fromarray(picture[:, :, :3]).quantize(9)
    alpha = np.arange(0, 252, 28, dtype=np.uint8)
    read = read_image(save(image, transparency=alpha.tobytes()))
    np.testing.assert_array_equal(
        read.pixels[:, :, 3], alpha[np.asarray(image)]
    )


def test_transparent_colour_of_rgb_and_grey(save):
    rgb = np.array([[[1, 2, 3], [1, 2, 4], [0, 2, 3]]], np.uint8)
    path = save(Image.fromarray(rgb), transparency=(1, 2, 3))
    assert read_image(path).pixels[:, :, 3].tolist() == [[0, 255, 255]]
    grey = np.array([[7, 8]], np.uint8)
    path = save(Image.fromarray(grey), transparency=8)
    check(path, [[[7, 255], [8, 0]]])


def chunk(kind, data):
    body = kind + data
    size, crc = struct.pack(">I", len(data)), zlib.crc32(body)
    return size + body + struct.pack(">I", crc)


def png(width, depth, colour, row, *chunks):
    """A PNG file of one row."""
    header = struct.pack(">II5B", width, 1, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(chunks)
        + chunk(b"IDAT", zlib.compress(b"\0" + row))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("depth", "row", "key", "pixels"),
    [
        (1, b"\x40", 1, [[0, 255], [255, 0]]),
        (2, b"\x60", 1, [[85, 0], [170, 255]]),
        (4, b"\x3f", 15, [[51, 255], [255, 0]]),
    ],
)
def test_transparent_grey_of_few_bits(tmp_path, depth, row, key, pixels):
    path = tmp_path / "few.png"
    trns = chunk(b"tRNS", struct.pack(">H", key))
    path.write_bytes(png(2, depth, 0, row, trns))
    check(path, [pixels])


def test_transparent_grey_of_16_bits(tmp_path):
    path = tmp_path / "deep.png"
    trns = chunk(b"tRNS", struct.pack(">H", 257))
    row = struct.pack(">3H", 257, 256, 65535)
    path.write_bytes(png(3, 16, 0, row, trns))
    check(path, [[[1, 0], [1, 255], [255, 255]]], SIXTEEN)


def test_transparent_rgb_of_16_bits(tmp_path):
    path = tmp_path / "deep.png"
    trns = chunk(b"tRNS", struct.pack(">3H", 257, 514, 771))
    row = struct.pack(">6H", 257, 514, 771, 65535, 514, 771)
    path.write_bytes(png(2, 16, 2, row, trns))
    check(path, [[[1, 2, 3, 0], [255, 2, 3, 255]]], SIXTEEN)


@pytest.mark.parametrize(
    ("colour", "samples", "pixel"),
    [
        (0, [25700], [100]),
        (2, [65535, 25700, 0], [255, 100, 0]),
        (4, [25700, 65535], [100, 255]),
        (6, [65535, 25700, 0, 12850], [255, 100, 0, 50]),
    ],
)
def test_16_bit_png(tmp_path, colour, samples, pixel):
    path = tmp_path / "deep.png"
    row = struct.pack(f">{len(samples)}H", *samples)
    path.write_bytes(png(1, 16, colour, row))
    check(path, [[pixel]], SIXTEEN)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_16_bit_grey_is_rounded(save, kind):
    samples = np.array([[0, 128, 129, 257 * 100, 65535]], np.uint16)
    path = save(Image.fromarray(samples), f"image.{kind}")
    check(path, [[[0], [0], [1], [100], [255]]], SIXTEEN)


def test_16_bit_ppm(tmp_path):
    path = tmp_path / "deep.ppm"
    path.write_bytes(b"P6 1 1 65535\n" + struct.pack(">3H", 65535, 25700, 0))
    check(path, [[[255, 100, 0]]], SIXTEEN)
    path = tmp_path / "deep.pgm"
    path.write_bytes(b"P5 2 1 65535\n" + struct.pack(">2H", 65535, 25700))
    check(path, [[[255], [100]]], SIXTEEN)


def test_float_pixels_are_refused(save):
    path = save(Image.new("F", (2, 2)), "image.tiff")
    with pytest.raises(TfcodecError, match="floating-point"):
        read_image(path)


@pytest.mark.parametrize("value", [0, 1 << 20])
def test_32_bit_pixels_are_refused(save, value):
    image = Image.fromarray(np.array([[value]], np.int32))
    with pytest.raises(TfcodecError, match="32-bit"):
        read_image(save(image, "image.tiff"))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_compressed_tiff(save, picture, compression):
    image = Image.fromarray(picture)
    check(save(image, "a.tif", compression=compression), picture)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_jpeg(save, picture, mode, options):
    image = Image.fromarray(picture[:, :, :3]).convert(mode)
    path = save(image, "image.jpg", quality=90, **options)
    with Image.open(path) as image:
        expected = np.asarray(image)
    check(path, expected.reshape(48, 80, -1))


def test_cmyk(save):
    image = Image.new("CMYK", (8, 8), (0, 0, 0, 0))
    note = "CMYK without a profile: colours are approximate"
    check(save(image, "image.jpg"), np.full((8, 8, 3), 255), note)
    check(save(image, "image.tif"), np.full((8, 8, 3), 255), note)


def test_lab(save):
    image = Image.new("LAB", (3, 2), (255, 128, 128))
    read = read_image(save(image, "image.tif"))
    assert read.pixels.shape == (2, 3, 3) and read.pixels.min() >= 254
    assert read.notes == ["colours are converted to sRGB from Lab"]


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_avif(save, picture, mode):
    image = Image.fromarray(picture).convert(mode)
    path = save(image, "image.avif", quality=90)
    with Image.open(path) as image:
        assert image.mode == mode
        expected = np.asarray(image)
    check(path, expected)
    assert np.abs(expected - picture[:, :, : len(mode)].astype(int)).mean() < 9


def frames(number):
    return [Image.new("RGB", (4, 4), (90 * n, 0, 0)) for n in range(number)]


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "avif"])
def test_animations_are_refused(save, kind):
    first, *others = frames(3)
    path = save(first, f"a.{kind}", save_all=True, append_images=others)
    with pytest.raises(TfcodecError, match="animation of 3 frames.* save the"):
        read_image(path)
    assert read_image(save(first, f"b.{kind}", save_all=True)).notes == []


def test_documents_are_refused(save):
    first, *others = frames(2)
    path = save(first, "a.tiff", save_all=True, append_images=others)
    with pytest.raises(TfcodecError, match="2 pages.* save each page"):
        read_image(path)


def test_reduced_copies_are_not_pages(save):
    first, second = frames(2)
    second.encoderinfo = {"tiffinfo": {254: 1}}
    path = save(first, "a.tiff", save_all=True, append_images=[second])
    check(path, np.asarray(first), "its reduced copies are not kept")


def test_second_pictures_of_mpo(save):
    first, second = frames(2)
    path = save(first, "a.mpo", save_all=True, append_images=[second])
    with Image.open(path) as image:
        assert image.format == "MPO"
        expected = np.asarray(image)
    check(path, expected, "only the first of its 2 pictures is kept")


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 5000), (5000, 1), (7, 13), (251, 241)]
)
@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
def test_sizes(run, save, tmp_path, size, mode):
    shape = (*size[::-1], len(mode))
    pixels = np.arange(np.prod(shape)).reshape(shape) % 251
    pixels = pixels.astype(np.uint8)
    path = save(Image.fromarray(pixels.squeeze(2) if mode == "L" else pixels))
    assert run("compress", path).code == 0
    out = tmp_path / "out.png"
    assert run("decompress", path.with_suffix(".tfc"), "-o", out).code == 0
    with Image.open(out) as image:
        assert (image.size, image.mode) == (size, mode)
        if mode != "L":
            alpha = np.asarray(image.getchannel("A"))
            np.testing.assert_array_equal(alpha, pixels[:, :, -1])
