"""Reading images: what is converted, and what is said about it."""

import numpy as np
import pytest
from PIL import Image
from PIL import ImageCms

from tfcodec.cli.images import read_rgb
from tfcodec.errors import TfcodecError


@pytest.fixture
def save(tmp_path):
    def save(image, name="image.png", **options):
        path = tmp_path / name
        image.save(path, **options)
        return path

    return save


def test_rgb_as_it_is(save, photograph):
    array, notes = read_rgb(save(Image.fromarray(photograph)))
    np.testing.assert_array_equal(array, photograph)
    assert array.dtype == np.uint8 and notes == []


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_other_modes_without_loss(save, mode):
    image = Image.new("L", (5, 4), 0)
    image.paste(255, (0, 0, 2, 4))
    array, notes = read_rgb(save(image.convert(mode)))
    np.testing.assert_array_equal(array, image.convert("RGB"))
    assert notes == []


def test_orientation_is_applied(save, photograph):
    exif = Image.Exif()
    exif[0x0112] = 6  # Turn a quarter, clockwise.
    path = save(Image.fromarray(photograph), exif=exif)
    array, notes = read_rgb(path)
    np.testing.assert_array_equal(array, np.rot90(photograph, -1))
    assert notes == []


def test_transparency_is_flattened_on_white(save):
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))
    array, notes = read_rgb(save(image))
    assert array.tolist() == [[[255, 0, 0], [255, 255, 255]]]
    assert notes == ["transparency is flattened onto white"]


def test_transparent_palette(save):
    image = Image.new("P", (2, 1), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    array, notes = read_rgb(save(image, transparency=1))
    assert array.tolist() == [[[255, 0, 0], [255, 255, 255]]]
    assert len(notes) == 1


def test_opaque_alpha_is_no_loss(save):
    array, notes = read_rgb(save(Image.new("RGBA", (2, 1), (1, 2, 3, 255))))
    assert array.tolist() == [[[1, 2, 3]] * 2]
    assert notes == []


def test_16_bit_grey(save):
    samples = np.array([[0, 128, 257 * 100, 65535]], np.uint16)
    array, notes = read_rgb(save(Image.fromarray(samples)))
    assert array[..., 0].tolist() == [[0, 0, 100, 255]]
    assert notes == ["reduced from 16 to 8 bits per sample"]


def test_16_bit_rgb(tmp_path):
    path = tmp_path / "deep.ppm"
    import struct
    import zlib

    def chunk(kind, data):
        body = kind + data
        size, crc = struct.pack(">I", len(data)), zlib.crc32(body)
        return size + body + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    row = zlib.compress(b"\0" + struct.pack(">3H", 65535, 25700, 0))
    path = tmp_path / "deep.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", row)
        + chunk(b"IEND", b"")
    )
    array, notes = read_rgb(path)
    assert array.tolist() == [[[255, 100, 0]]]
    assert notes == ["reduced from 16 to 8 bits per sample"]


def test_float_pixels_are_refused(save):
    path = save(Image.new("F", (2, 2)), "image.tiff")
    with pytest.raises(TfcodecError, match="floating-point"):
        read_rgb(path)


def test_32_bit_pixels_are_refused(save):
    image = Image.fromarray(np.array([[1 << 20]], np.int32))
    with pytest.raises(TfcodecError, match="32-bit"):
        read_rgb(save(image, "image.tiff"))


def test_metadata_is_named(save, photograph):
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    path = save(Image.fromarray(photograph), "image.jpg", exif=exif)
    assert read_rgb(path)[1] == ["metadata (EXIF) is not kept"]


def test_first_frame(save):
    frames = [Image.new("L", (4, 4), value) for value in (0, 200)]
    path = save(frames[0], "a.gif", save_all=True, append_images=frames[1:])
    array, notes = read_rgb(path)
    assert array.max() == 0
    assert notes == ["only the first of 2 frames is kept"]


def test_srgb_profile_changes_nothing(save, photograph):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    image = Image.fromarray(photograph)
    array, notes = read_rgb(save(image, icc_profile=profile.tobytes()))
    np.testing.assert_array_equal(array, photograph)
    assert notes == []


def test_broken_profile_is_ignored(save, photograph):
    image = Image.fromarray(photograph)
    array, notes = read_rgb(save(image, icc_profile=b"nonsense"))
    np.testing.assert_array_equal(array, photograph)
    assert notes == ["the colour profile cannot be used, it is ignored"]


def test_profile_is_converted(save):
    # Lab pixels are the one other profile that every Pillow can make.
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    image = Image.new("RGB", (2, 2), (10, 20, 30))
    array, notes = read_rgb(save(image, icc_profile=lab.tobytes()))
    assert len(notes) == 1 and "colour" in notes[0]
    assert array.shape == (2, 2, 3)


def test_cmyk(save):
    path = save(Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "image.jpg")
    array, notes = read_rgb(path)
    assert array.min() == 255
    assert notes == ["CMYK without a profile: colours are approximate"]


def test_notes_reach_stderr(run, save):
    path = save(Image.new("RGBA", (20, 20), (9, 9, 9, 9)))
    result = run("compress", path)
    assert result.code == 0
    assert result.err == (
        f"{path}: note: transparency is flattened onto white\n"
    )
