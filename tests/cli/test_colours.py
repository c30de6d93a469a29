"""Colour profiles: which are kept, and what becomes of pixels without them."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tfcodec.bitstream import Metadata
from tfcodec.bitstream import unpack
from tfcodec.cli.images import encode_image
from tfcodec.cli.images import read_image


def test_pixels_of_a_kept_profile_are_untouched(save_with, rgb, profiles):
    read = read_image(save_with("png", icc=profiles["swapped"]))
    np.testing.assert_array_equal(read.pixels, rgb)
    assert read.metadata.icc == profiles["swapped"] and read.notes == []


def test_strip_converts_colours(save_with, rgb, make_exif, profiles, to_srgb):
    path = save_with(
        "png", exif=make_exif(6), xmp=b"<x/>", icc=profiles["swapped"]
    )
    read = read_image(path, strip=True)
    expected = to_srgb(rgb, profiles["swapped"])
    assert np.abs(expected.astype(int) - rgb).mean() > 10
    np.testing.assert_array_equal(read.pixels, np.rot90(expected, -1))
    assert read.metadata == Metadata()
    assert read.notes == ["colours are converted to sRGB from Swapped"]


def test_strip_leaves_srgb_alone(save_with, rgb, profiles):
    read = read_image(save_with("png", icc=profiles["sRGB"]), strip=True)
    np.testing.assert_array_equal(read.pixels, rgb)
    assert read == (read.pixels, Metadata(), [])


def test_strip_on_the_command_line(run, save_with, make_exif, profiles):
    path = save_with("jpg", exif=make_exif(), xmp=b"<x/>", icc=profiles["sRGB"])
    assert run("compress", path).code == 0
    tfc = path.with_suffix(".tfc")
    whole = tfc.stat().st_size
    assert run("compress", path, "--strip", "--force").code == 0
    assert unpack(tfc.read_bytes()).ancillary == ()
    assert tfc.stat().st_size < whole - 400


def test_grey_profile(save_with, rgb, profiles, to_srgb):
    grey = np.ascontiguousarray(rgb[:, :, 1])
    path = save_with("png", grey, icc=profiles["grey"])
    read = read_image(path)
    np.testing.assert_array_equal(read.pixels[:, :, 0], grey)
    assert read.metadata.icc == profiles["grey"] and read.notes == []
    read = read_image(path, strip=True)
    expected = to_srgb(grey, profiles["grey"])[:, :, :1]
    assert np.abs(expected[:, :, 0].astype(int) - grey).mean() > 5
    np.testing.assert_array_equal(read.pixels, expected)
    assert read.notes == ["colours are converted to sRGB from Grey 1.8"]


def test_grey_picture_with_rgb_profile_becomes_rgb(save_with, rgb, profiles):
    both = np.ascontiguousarray(rgb[:, :, :2])
    read = read_image(save_with("png", both, icc=profiles["swapped"]))
    np.testing.assert_array_equal(read.pixels, both[:, :, [0, 0, 0, 1]])
    assert read.metadata.icc == profiles["swapped"]


def test_unusable_profiles_are_ignored(save_with, rgb, profiles):
    for profile in (b"nonsense", profiles["sRGB"][:200], profiles["grey"]):
        read = read_image(save_with("png", icc=profile))
        np.testing.assert_array_equal(read.pixels, rgb)
        assert read.metadata == Metadata()
        assert read.notes == [
            "the colour profile cannot be used, it is ignored"
        ]


@pytest.mark.parametrize("kind", ["jpg", "tif"])
def test_cmyk_goes_through_its_profile(tmp_path, kind, profiles):
    image = Image.new("CMYK", (16, 8))
    image.paste((255, 0, 0, 0), (8, 0, 16, 8))
    path = tmp_path / f"cmyk.{kind}"
    image.save(path, icc_profile=profiles["cmyk"])
    read = read_image(path)
    assert read.pixels.shape == (8, 16, 3)
    assert read.pixels[:, :8].min() > 250  # Cyan ink is black by it.
    assert read.pixels[:, 8:].max() < 5
    assert read.metadata == Metadata()
    assert read.notes == ["colours are converted to sRGB from Grey ink"]


def test_cmyk_profile_that_is_none(tmp_path, profiles):
    path = tmp_path / "cmyk.jpg"
    Image.new("CMYK", (8, 8)).save(path, icc_profile=profiles["sRGB"])
    assert read_image(path).notes == [
        "the colour profile cannot be used, it is ignored",
        "CMYK without a profile: colours are approximate",
    ]


def test_gamma_without_a_profile(tmp_path):
    body = b"gAMA" + struct.pack(">I", 100_000)
    gama = struct.pack(">I", 4) + body + struct.pack(">I", zlib.crc32(body))
    data = encode_image(np.zeros((2, 2, 3), np.uint8), ".png")[0]
    path = tmp_path / "gamma.png"
    path.write_bytes(data[:33] + gama + data[33:])
    assert read_image(path).notes == ["the gamma of 1 is ignored"]
