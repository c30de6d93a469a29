"""`tfcodec decompress`: formats, and one clear line for each damaged file."""

import dataclasses
import os
import shutil
import tracemalloc

import numpy as np
import pytest
from PIL import Image
from PIL import JpegImagePlugin

from tfcodec import presets
from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack


@pytest.fixture
def pixels(compressed, tiny_codec):
    return tiny_codec.decompress(compressed.read_bytes())


def test_png_beside_the_input(run, compressed, pixels):
    result = run("decompress", compressed)
    target = compressed.with_suffix(".png")
    assert result.code == 0 and result.err == ""
    size = target.stat().st_size
    assert result.out == (
        f"{compressed} -> {target}  {size:,} bytes  80 x 48\n"
    )
    with Image.open(target) as image:
        assert image.format == "PNG" and image.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_webp_is_lossless(run, compressed, pixels, tmp_path):
    out = tmp_path / "out.WEBP"
    assert run("decompress", compressed, "-o", out).code == 0
    with Image.open(out) as image:
        assert image.format == "WEBP"
        np.testing.assert_array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize("name", ["out.jpg", "out.jpeg"])
def test_jpeg_is_444(run, compressed, pixels, tmp_path, name):
    out = tmp_path / name
    assert run("decompress", compressed, "-o", out).code == 0
    with Image.open(out) as image:
        assert image.format == "JPEG"
        assert JpegImagePlugin.get_sampling(image) == 0
        difference = np.asarray(image).astype(int) - pixels
        assert np.abs(difference).mean() < 4


def test_folder(run, compressed, tmp_path):
    shutil.copy(compressed, compressed.with_name("other.tfc"))
    result = run("decompress", compressed.parent, "-o", tmp_path / "out")
    assert result.code == 0
    assert sorted(os.listdir(tmp_path / "out")) == ["other.png", "small.png"]


def test_new_folder_with_slash(run, compressed, tmp_path):
    assert run("decompress", compressed, "-o", f"{tmp_path}/new/").code == 0
    assert os.listdir(tmp_path / "new") == ["small.png"]


@pytest.mark.parametrize("name", ["out", "out.gif"])
def test_unknown_ending(run, compressed, tmp_path, name):
    run("decompress", compressed, "-o", tmp_path / name).check_error(
        2, name, "must end in one of .png, .jpg, .jpeg, .webp"
    )


def test_empty_file(run, tmp_path):
    path = tmp_path / "empty.tfc"
    path.touch()
    run("decompress", path).check_error(1, "empty.tfc", "The file is empty")


@pytest.mark.parametrize("name", ["photo.jpg", "photo.tfc"])
def test_jpeg_as_input(run, picture, tmp_path, name):
    path = tmp_path / name
    Image.open(picture).save(path, "JPEG")
    run("decompress", path).check_error(1, name, "looks like JPEG")


def test_png_as_input(run, picture):
    # Its output would be itself; what it is, is the better message.
    run("decompress", picture, "--force").check_error(1, "looks like PNG")


@pytest.mark.parametrize("length", [3, 10, 22, 23, 25, 60, -1])
def test_truncated_file(run, compressed, length):
    compressed.write_bytes(compressed.read_bytes()[:length])
    run("decompress", compressed).check_error(1, "small.tfc", "truncated")
    assert os.listdir(compressed.parent) == ["small.tfc"]


@pytest.mark.parametrize("position", [5, 8, 12, 17, 20, 30, -1])
def test_flipped_byte(run, compressed, position):
    data = bytearray(compressed.read_bytes())
    data[position] ^= 0x10
    compressed.write_bytes(data)
    run("decompress", compressed).check_error(1, "small.tfc", "altered")
    assert os.listdir(compressed.parent) == ["small.tfc"]


def test_payload_of_another_file(run, compressed):
    container = unpack(compressed.read_bytes())
    wrong = dataclasses.replace(container, height=container.height + 64)
    compressed.write_bytes(pack(wrong))  # With a valid checksum.
    run("decompress", compressed).check_error(1, "small.tfc: error: ")


def test_no_such_file(run, tmp_path):
    run("decompress", tmp_path / "none.tfc").check_error(
        1, "none.tfc: error: No such file or directory"
    )


def test_folder_without_files(run, tmp_path):
    run("decompress", tmp_path).check_error(2, "ends in .tfc")


def test_own_preset_must_be_named(call, compressed):
    call("decompress", compressed).check_error(1, "small.tfc", "--preset PATH")


def test_no_such_preset(call, compressed):
    call("decompress", compressed, "--preset", "nothing").check_error(
        2, "no preset 'nothing'"
    )


def test_preset_of_a_newer_version(run, compressed):
    container = unpack(compressed.read_bytes())
    other = dataclasses.replace(container, preset_id=4242)
    compressed.write_bytes(pack(other))
    run("decompress", compressed).check_error(1, "preset number 4242", "newer")


def test_the_file_names_its_preset(run, compressed, monkeypatch):
    asked = []

    def by_identifier(identifier):
        asked.append(identifier)
        raise presets.BitstreamError("asked")

    monkeypatch.setattr(presets, "by_identifier", by_identifier)
    container = unpack(compressed.read_bytes())
    compressed.write_bytes(pack(dataclasses.replace(container, preset_id=1)))
    run("decompress", compressed).check_error(1, "asked")
    assert asked == [1]


def test_other_training_of_the_preset(run, compressed):
    container = unpack(compressed.read_bytes())
    other = dataclasses.replace(container, model_hash=b"\1\2\3\4")
    compressed.write_bytes(pack(other))
    run("decompress", compressed).check_error(1, "model hash 01020304")


def test_declared_size_is_limited(run, compressed):
    container = unpack(compressed.read_bytes())
    bomb = dataclasses.replace(container, width=1 << 20, height=1 << 20)
    compressed.write_bytes(pack(bomb))
    run("decompress", compressed).check_error(1, "decompression bomb")


def test_the_largest_header_is_refused_at_once(run, compressed):
    container = unpack(compressed.read_bytes())
    for width, height in ((65535, 65535), (13378, 13378), ((1 << 24) - 1, 11)):
        bomb = dataclasses.replace(container, width=width, height=height)
        compressed.write_bytes(pack(bomb))
        tracemalloc.start()
        result = run("decompress", compressed)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        result.check_error(1, "pixels, more than 178,956,970")
        assert peak < 1 << 22


def test_max_pixels(run, compressed):
    run("decompress", compressed, "--max-pixels", 3839).check_error(
        1, "80 x 48", "--max-pixels"
    )
    assert run("decompress", compressed, "--max-pixels", 3840).code == 0


def test_existing_output(run, compressed):
    target = compressed.with_suffix(".png")
    target.write_bytes(b"precious")
    run("decompress", compressed).check_error(1, "exists (--force")
    assert target.read_bytes() == b"precious"
    assert run("decompress", compressed, "--force").code == 0


def test_two_inputs_one_output(run, compressed, tmp_path):
    other = tmp_path / "small.tfc"
    shutil.copy(compressed, other)
    arguments = (compressed, other, "-o", f"{tmp_path}/out/")
    run("decompress", *arguments).check_error(2, "would both become")
    assert not (tmp_path / "out").exists()
