"""`tfcodec jpeg`."""

import numpy as np
import pytest
from PIL import Image

from tfcodec.metrics import psnr


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_file_beside_the_input(call, picture):
    result = call("jpeg", picture)
    target = picture.with_suffix(".jpg")
    assert result.code == 0 and result.err == ""
    assert result.out.startswith(f"{picture} -> {target}  ")
    assert f"{target.stat().st_size:,} bytes" in result.out
    assert result.out.endswith("q75\n")
    with Image.open(target) as image:
        assert image.format == "JPEG" and image.size == (80, 48)
        assert image.info["progressive"]
    assert psnr(pixels(target), pixels(picture)) > 28


def test_targets(call, picture, tmp_path):
    target = tmp_path / "out.jpg"
    assert call("jpeg", picture, "-o", target, "--target-bytes", 1500).code == 0
    assert 1350 < target.stat().st_size <= 1500
    result = call("jpeg", picture, "-o", target, "--target-psnr", 33, "--force")
    assert result.code == 0
    assert 33 <= psnr(pixels(target), pixels(picture)) < 33.3


def test_options(call, picture, tmp_path):
    for subsampling, factor in (("444", 1), ("420", 2)):
        target = tmp_path / f"{subsampling}.jpeg"
        options = ("--subsampling", subsampling, "--baseline", "-q", 60)
        assert call("jpeg", picture, "-o", target, *options).code == 0
        with Image.open(target) as image:
            assert image.layer[0][1:3] == (factor, factor)
            assert "progressive" not in image.info


def test_metadata_is_kept_and_upright(
    call, save_with, make_exif, profiles, rgb, tmp_path
):
    source = save_with(
        "png", exif=make_exif(6), icc=profiles["swapped"], xmp=b"<x:xmpmeta/>"
    )
    target = tmp_path / "out.jpg"
    assert call("jpeg", source, "-o", target, "-q", 90).code == 0
    with Image.open(target) as image:
        assert image.info["icc_profile"] == profiles["swapped"]
        assert image.info["xmp"] == b"<x:xmpmeta/>"
        assert image.getexif()[0x010F] == "A camera"
        assert image.getexif()[0x0112] == 1
        assert image.size == (48, 80)
        assert psnr(np.asarray(image), np.rot90(rgb, -1)) > 28
    stripped = tmp_path / "stripped.jpg"
    assert call("jpeg", source, "-o", stripped, "--strip").code == 0
    with Image.open(stripped) as image:
        assert not {"exif", "icc_profile", "xmp"} & set(image.info)


def test_grey_stays_grey(call, rgb, tmp_path):
    source, target = tmp_path / "grey.png", tmp_path / "grey.jpg"
    Image.fromarray(rgb[..., 1]).save(source)
    assert call("jpeg", source).code == 0
    found = pixels(target)
    assert found.ndim == 2 and psnr(found, rgb[..., 1]) > 28


def test_transparency_is_flattened_with_a_note(call, rgb, tmp_path):
    source, target = tmp_path / "clear.png", tmp_path / "clear.jpg"
    alpha = np.full((*rgb.shape[:2], 1), 255, np.uint8)
    alpha[:16] = 0
    Image.fromarray(np.concatenate([rgb, alpha], 2)).save(source)
    result = call("jpeg", source)
    assert result.code == 0
    assert "note: transparency is flattened onto white" in result.err
    assert pixels(target)[:8].min() > 230


def test_nothing_is_overwritten(call, picture, tmp_path):
    target = tmp_path / "out.jpg"
    target.write_bytes(b"mine")
    result = call("jpeg", picture, "-o", target)
    result.check_error(1, str(picture), "exists (--force overwrites it)")
    assert target.read_bytes() == b"mine"
    assert call("jpeg", picture, "-o", target, "--force").code == 0
    result = call("jpeg", target, "--force")
    result.check_error(1, "is an input")


@pytest.mark.parametrize(
    "arguments, code, parts",
    [
        (["-o", "out.png"], 2, ["must end in .jpg or .jpeg"]),
        (["-q", "0"], 2, ["-q", "range"]),
        (["-q", "50", "--target-psnr", "30"], 2, ["Give only one of"]),
        (["--target-bytes", "50"], 1, ["does not fit in 50 bytes"]),
        (["--target-psnr", "90"], 1, ["90 dB is out of reach"]),
        (["--max-pixels", "99"], 1, ["more than 99 pixels"]),
    ],
)
def test_mistakes_are_one_line(
    call, picture, tmp_path, monkeypatch, arguments, code, parts
):
    monkeypatch.chdir(tmp_path)
    call("jpeg", picture, *arguments).check_error(code, *parts)
    assert not list(tmp_path.glob("*.jpg"))


def test_what_is_no_image(call, tmp_path):
    empty, text = tmp_path / "empty.png", tmp_path / "text.png"
    empty.touch()
    text.write_text("not a picture")
    call("jpeg", empty).check_error(1, str(empty), "the file is empty")
    call("jpeg", text).check_error(1, str(text), "not an image")
    missing = tmp_path / "missing.png"
    call("jpeg", missing).check_error(1, str(missing), "No such file")
