"""`tfcodec compress --roi`: masks of all kinds, and each way it says no."""

import numpy as np
import pytest
from PIL import Image

from tfcodec.bitstream import unpack


@pytest.fixture
def mask(rgb):
    mask = np.zeros(rgb.shape[:2], np.uint8)
    mask[8:40, 16:48] = 255
    return mask


@pytest.fixture
def save(tmp_path):
    """Function that saves an array as a mask, returns its path."""

    def save(array, name="mask.png", **options):
        path = tmp_path / name
        Image.fromarray(array).save(path, **options)
        return path

    return save


def test_files_follow_the_mask(
    run, picture, tmp_path, tiny_codec, rgb, mask, save
):
    out = tmp_path / "out.tfc"
    arguments = ("compress", picture, "-o", out, "--roi", save(mask))
    result = run(*arguments, "-q", 60)
    assert result.code == 0 and result.err == "", result
    assert result.out.endswith("  q60\n")
    expected = tiny_codec.compress(rgb, 60, 4, roi=mask, roi_gain=8.0)
    assert out.read_bytes() == expected
    assert expected != tiny_codec.compress(rgb, 60, 4)
    more = ("--roi-gain", 30, "--effort", 2, "--force")
    assert run(*arguments, *more).code == 0
    expected = tiny_codec.compress(rgb, 50, 2, roi=mask, roi_gain=30.0)
    assert out.read_bytes() == expected


def test_within_bytes(run, picture, tmp_path, rgb, mask, save, tiny_codec):
    out = tmp_path / "out.tfc"
    limit = len(tiny_codec.compress(rgb, 60))
    arguments = ("--roi", save(mask), "--effort", 2, "--target-bytes", limit)
    assert run("compress", picture, "-o", out, *arguments).code == 0
    data = out.read_bytes()
    assert len(data) <= limit
    quality = unpack(data).quality
    assert data == tiny_codec.compress(rgb, quality, 2, roi=mask)


def test_without_a_mask_effort_is_1(run, picture, tiny_codec, rgb):
    assert run("compress", picture).code == 0
    data = picture.with_suffix(".tfc").read_bytes()
    assert data == tiny_codec.compress(rgb, 50)


@pytest.mark.parametrize("kind", ["rgb", "alpha", "bilevel", "turned"])
def test_kinds_of_masks(run, picture, tmp_path, mask, save, kind):
    """All of them mean the same."""
    options = {}
    array, name = mask, "mask.png"
    if kind == "rgb":
        array = np.stack([mask] * 3, axis=-1)
    elif kind == "alpha":
        array = np.stack([np.full_like(mask, 255), mask], axis=-1)
    elif kind == "bilevel":
        array = mask > 0
    else:
        exif = Image.Exif()
        exif[0x0112] = 6  # shown turned by 90 degrees
        array = np.rot90(mask)
        array, options = np.ascontiguousarray(array), {"exif": exif}
    files = []
    for number, path in enumerate(
        (save(mask, "plain.png"), save(array, name, **options))
    ):
        out = tmp_path / f"{number}.tfc"
        arguments = ("--roi", path, "--effort", 2)
        assert run("compress", picture, "-o", out, *arguments).code == 0
        files.append(out.read_bytes())
    assert files[0] == files[1]


def test_a_mask_of_another_size(run, picture, mask, save):
    path = save(mask[:, :-3])
    result = run("compress", picture, "--roi", path)
    message = (
        f"{picture}: error: the mask {path} is 77x48 pixels, the picture 80x48"
    )
    result.check_error(1, message)
    assert not picture.with_suffix(".tfc").exists()


def test_masks_that_cannot_be_read(run, picture, tmp_path):
    missing = tmp_path / "missing.png"
    result = run("compress", picture, "--roi", missing)
    result.check_error(1, f"the mask {missing}: No such file or directory")
    text = tmp_path / "text.png"
    text.write_text("white")
    result = run("compress", picture, "--roi", text)
    result.check_error(1, f"the mask {text}: not an image that Pillow can read")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--effort", 1), "--roi needs an --effort above 1"),
        (("--runtime", "litert"), "LiteRT has no gradients"),
        (("--target-psnr", 30), "--roi does not go with --target-psnr."),
        (("-r", "-o", "out"), "--roi does not go with --recursive."),
        (("--roi-gain", 0.5), "--roi-gain"),
        (("--roi-gain", "nan"), "not a finite number"),
    ],
)
def test_usage(run, picture, mask, save, arguments, message):
    result = run("compress", picture, "--roi", save(mask), *arguments)
    result.check_error(2, message)


def test_usage_with_several_pictures(run, picture, mask, save, tmp_path):
    result = run(
        "compress",
        picture,
        picture,
        "--roi",
        save(mask),
        "-o",
        tmp_path / "out",
    )
    result.check_error(2, "would both become")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in "ab":
        Image.fromarray(mask).save(folder / f"{name}.png")
    result = run("compress", folder, "--roi", save(mask))
    result.check_error(2, "--roi goes with one picture. Received: 2 pictures.")


def test_a_gain_without_a_mask(run, picture):
    result = run("compress", picture, "--roi-gain", 4)
    result.check_error(2, "--roi-gain needs --roi MASK.")


def test_lossless(call, picture, mask, save):
    result = call("compress", picture, "--roi", save(mask), "--lossless")
    result.check_error(2, "--roi does not go with --lossless.")
