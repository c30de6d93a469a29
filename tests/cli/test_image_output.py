"""Writing images: what each format takes of channels and metadata."""

import dataclasses
import zlib

import numpy as np
import pytest

from tfcodec.bitstream import Metadata
from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack
from tfcodec.cli.images import encode_image
from tfcodec.cli.images import read_image


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
def test_channels_of_each_format(
    rgb, tmp_path, suffix, channels, make_exif, profiles, to_srgb
):
    array = np.concatenate([rgb, rgb], axis=2)[:, :, :channels].copy()
    if channels in (2, 4):
        array[:, :, -1] //= 2
    metadata = Metadata(
        icc=profiles["sRGB"] if channels > 2 else profiles["grey"],
        exif=make_exif(),
    )
    data, notes = encode_image(array, suffix, metadata)
    path = tmp_path / f"out{suffix}"
    path.write_bytes(data)
    read = read_image(path)
    if suffix == ".jpg" and channels in (2, 4):
        assert notes == ["transparency is flattened onto white"]
        assert read.pixels.shape[2] == channels - 1
        alpha = array[:, :, -1:] / 255
        expected = alpha * array[:, :, :-1] + (1 - alpha) * 255
        assert np.abs(read.pixels - expected).mean() < 3
    elif suffix == ".webp" and channels < 3:
        assert notes == ["colours are converted to sRGB from Grey 1.8"]
        expected = to_srgb(
            np.ascontiguousarray(array[:, :, 0]), profiles["grey"]
        )
        np.testing.assert_array_equal(read.pixels[:, :, :3], expected)
        assert read.metadata.icc is None
        metadata = read.metadata
    else:
        assert notes == []
        if suffix != ".jpg":
            np.testing.assert_array_equal(read.pixels, array)
        assert read.pixels.shape == array.shape
    assert read.metadata == metadata


def test_metadata_too_large_for_jpeg(rgb, make_exif):
    metadata = Metadata(exif=make_exif() + bytes(70_000), xmp=bytes(70_000))
    data, notes = encode_image(rgb, ".jpg", metadata)
    assert notes == [
        "the EXIF is too large for JPEG",
        "the XMP is too large for JPEG",
    ]
    assert len(data) < 70_000
    for suffix in (".png", ".webp"):
        data, notes = encode_image(rgb, suffix, metadata)
        assert notes == [] and make_exif() + bytes(70_000) in data


def test_notes_of_decompress(run, compressed, tiny_codec, rgb, tmp_path):
    alpha = np.full((*rgb.shape[:2], 1), 100, np.uint8)
    image = np.concatenate([rgb, alpha], axis=2)
    compressed.write_bytes(tiny_codec.compress(image))
    result = run("decompress", compressed, "-o", tmp_path / "out.jpg")
    assert result.code == 0
    assert result.err == (
        f"{compressed}: note: transparency is flattened onto white\n"
    )


def test_an_orientation_in_a_foreign_file_turns_nothing(
    run, compressed, tmp_path, make_exif
):
    container = unpack(compressed.read_bytes())
    section = (0x82, zlib.compress(make_exif(6)))
    container = dataclasses.replace(container, ancillary=(section,))
    compressed.write_bytes(pack(container))
    out = tmp_path / "out.png"
    assert run("decompress", compressed, "-o", out).code == 0
    read = read_image(out)
    assert read.pixels.shape == (48, 80, 3)
    assert read.metadata.exif == make_exif(1)


def test_damaged_metadata_is_an_error(run, compressed):
    container = unpack(compressed.read_bytes())
    container = dataclasses.replace(container, ancillary=((0x83, b"x"),))
    compressed.write_bytes(pack(container))
    run("decompress", compressed).check_error(1, "The XMP section")
