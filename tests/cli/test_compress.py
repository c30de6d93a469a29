"""`tfcodec compress`: what it makes, and each way it says no."""

import errno
import os
import re
import shutil
import signal

import numpy as np
import pytest
from PIL import Image

from tfcodec.bitstream import unpack
from tfcodec.cli import files
from tfcodec.metrics import psnr


def test_line_and_file(run, picture, tiny_codec):
    result = run("compress", picture)
    target = picture.with_suffix(".tfc")
    data = target.read_bytes()
    assert result.code == 0 and result.err == ""
    size, bpp = len(data), 8 * len(data) / (80 * 48)
    assert result.out == (
        f"{picture} -> {target}  {size:,} bytes  {bpp:.2f} bpp  q50\n"
    )
    pixels = np.asarray(Image.open(picture))
    assert data == tiny_codec.compress(pixels, 50)


def test_quality(run, picture, tmp_path):
    out = tmp_path / "out.tfc"
    result = run("compress", picture, "-o", out, "-q", "12.345")
    assert unpack(out.read_bytes()).quality in (12.34, 12.35)
    assert re.search(r"  q12\.3[45]\n$", result.out)


def test_effort(run, picture, tmp_path, tiny_codec):
    out = tmp_path / "out.tfc"
    pixels = np.asarray(Image.open(picture))
    assert run("compress", picture, "-o", out, "--effort", 3).code == 0
    assert out.read_bytes() == tiny_codec.compress(pixels, 50, effort=3)
    arguments = ("-o", out, "--force", "--effort", 2, "--target-bytes", 900)
    assert run("compress", picture, *arguments).code == 0
    assert len(out.read_bytes()) <= 900


@pytest.fixture
def limit(picture, tiny_codec):
    """Bytes halfway between those of the lowest and the highest quality."""
    pixels = np.asarray(Image.open(picture))
    return sum(len(tiny_codec.compress(pixels, q)) for q in (1, 100)) // 2


def test_target_bytes(run, picture, tmp_path, limit):
    out = tmp_path / "out.tfc"
    arguments = ("-o", out, "--target-bytes", limit)
    assert run("compress", picture, *arguments).code == 0
    assert limit - 10 < len(out.read_bytes()) <= limit


def test_target_bpp(run, picture, tmp_path, limit):
    out = tmp_path / "out.tfc"
    target = 8 * limit / (80 * 48)
    arguments = ("-o", out, "--target-bpp", target)
    assert run("compress", picture, *arguments).code == 0
    assert limit - 10 < len(out.read_bytes()) <= limit


def test_target_psnr(run, picture, tmp_path, tiny_codec):
    pixels = np.asarray(Image.open(picture))
    low, high = (
        psnr(tiny_codec.decompress(tiny_codec.compress(pixels, q)), pixels)
        for q in (1, 100)
    )
    target = (low + high) / 2
    out = tmp_path / "out.tfc"
    arguments = ("-o", out, "--target-psnr", target)
    assert run("compress", picture, *arguments).code == 0
    reached = psnr(tiny_codec.decompress(out.read_bytes()), pixels)
    assert target <= reached < high


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--target-bytes", 30), "does not fit in 30 bytes"),
        (("--target-psnr", 99), "PSNR of 99.0 dB is out of reach"),
    ],
)
def test_target_out_of_reach(run, picture, option, message):
    run("compress", picture, *option).check_error(1, "picture.png", message)
    assert not picture.with_suffix(".tfc").exists()


def test_folder_in_and_out(run, picture, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    Image.open(picture).save(source / "a.JPG", "JPEG")
    shutil.copy(picture, source / "b.png")
    shutil.copy(picture, source / ".hidden.png")
    (source / "notes.txt").write_text("not an image")
    (source / "deeper").mkdir()
    out = tmp_path / "new" / "out"
    result = run("compress", source, "-o", out)
    assert result.code == 0 and result.err == ""
    assert sorted(os.listdir(out)) == ["a.tfc", "b.tfc"]
    assert result.out.count("\n") == 2


def test_others_are_done_when_one_fails(run, picture, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"nonsense")
    out = tmp_path / "out"
    result = run("compress", bad, picture, tmp_path / "none.png", "-o", out)
    assert result.code == 1
    assert os.listdir(out) == ["picture.tfc"]
    first, second = result.err.splitlines()
    assert first == f"{bad}: error: not an image that Pillow can read"
    assert second.endswith("none.png: error: No such file or directory")


def test_no_such_file(run, tmp_path):
    run("compress", tmp_path / "none.png").check_error(
        1, "none.png: error: No such file or directory"
    )


def test_empty_file(run, tmp_path):
    (tmp_path / "empty.png").touch()
    run("compress", tmp_path / "empty.png").check_error(
        1, "empty.png", "the file is empty"
    )


def test_already_compressed(run, compressed):
    run("compress", compressed).check_error(1, "a .tfc file already")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_truncated_image(run, photograph, tmp_path, suffix):
    path = tmp_path / f"cut{suffix}"
    Image.fromarray(photograph).save(path)
    path.write_bytes(path.read_bytes()[:3000])
    run("compress", path).check_error(1, path.name, "truncated or damaged")


def test_decompression_bomb(run, picture):
    run("compress", picture, "--max-pixels", 80 * 48 - 1).check_error(
        1, "picture.png", "more than 3,839 pixels", "decompression bomb"
    )
    assert not picture.with_suffix(".tfc").exists()
    assert run("compress", picture, "--max-pixels", 80 * 48).code == 0


def test_the_limit_is_the_option_and_not_pillows(run, picture, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    result = run("compress", picture)
    assert result.code == 0 and result.err == ""
    assert Image.MAX_IMAGE_PIXELS == 1000


def test_existing_output(run, picture):
    target = picture.with_suffix(".tfc")
    target.write_bytes(b"precious")
    run("compress", picture).check_error(1, "exists (--force overwrites it)")
    assert target.read_bytes() == b"precious"
    assert run("compress", picture, "--force").code == 0
    assert target.read_bytes() != b"precious"


def test_two_inputs_one_output(run, picture, tmp_path):
    other = tmp_path / "picture.jpg"
    Image.open(picture).save(other)
    run("compress", picture, other).check_error(
        2, "picture.png", "picture.jpg", "would both become"
    )
    assert sorted(os.listdir(tmp_path)) == ["picture.jpg", "picture.png"]


def test_output_is_input(run, picture, tmp_path):
    odd = tmp_path / "image.tfc"  # A PNG, whatever its name says.
    shutil.copy(picture, odd)
    before = odd.read_bytes()
    run("compress", odd, "--force").check_error(1, "is an input")
    link = tmp_path / "link.tfc"
    link.symlink_to(picture)
    run("compress", picture, "-o", link, "--force").check_error(
        1, "is an input"
    )
    assert odd.read_bytes() == before


def test_output_is_not_a_file(run, picture):
    run("compress", picture, "-o", os.devnull, "--force").check_error(
        1, "not a plain file"
    )


def test_folder_without_images(run, tmp_path):
    (tmp_path / "notes.txt").touch()
    run("compress", tmp_path).check_error(2, str(tmp_path), "no file in this")


def test_several_inputs_one_file(run, picture, tmp_path):
    out = tmp_path / "out.tfc"
    run("compress", picture, tmp_path / "b.png", "-o", out).check_error(
        2, "out.tfc is a file"
    )


def test_output_named_like_an_image(run, picture, tmp_path):
    run("compress", picture, "-o", tmp_path / "new.jpg").check_error(
        2, "named like an image"
    )


@pytest.mark.parametrize(
    "options",
    [
        ("-q", "0"),
        ("-q", "101"),
        ("-q", "nan"),
        ("-q", "high"),
        ("--target-bytes", "0"),
        ("--target-bytes", "1.5"),
        ("--target-bpp", "0"),
        ("--target-bpp", "inf"),
        ("--target-psnr", "-3"),
        ("--effort", "0"),
        ("--effort", "6"),
        ("--effort", "2.5"),
        ("--no-such-option",),
    ],
)
def test_wrong_value(run, picture, options):
    run("compress", picture, *options).check_error(2, options[0])


def test_two_rates(run, picture):
    options = ("-q", 50, "--target-bpp", 1)
    run("compress", picture, *options).check_error(
        2, "Give only one of --quality and --target-bpp"
    )


def test_no_input(call):
    call("compress").check_error(2, "Missing argument 'IN...'")


def test_unknown_preset(call, picture):
    call("compress", picture, "--preset", "nothing").check_error(
        2, "no preset 'nothing'"
    )


def test_disk_full(run, picture, monkeypatch):
    def fsync(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    run("compress", picture).check_error(
        1, "cannot write", "picture.tfc", "No space left on device"
    )
    assert os.listdir(picture.parent) == ["picture.png"]


def test_ctrl_c_while_writing(run, picture, monkeypatch):
    def fsync(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fsync)
    run("compress", picture).check_error(130, "interrupted")
    assert os.listdir(picture.parent) == ["picture.png"]


def test_swallowed_ctrl_c(run, picture, tiny_codec, monkeypatch):
    compress = tiny_codec.compress

    def interrupted(*arguments, **options):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:  # As Python does in a destructor.
            pass
        return compress(*arguments, **options)

    monkeypatch.setattr(tiny_codec, "compress", interrupted)
    other = picture.with_name("other.png")
    shutil.copy(picture, other)
    result = run("compress", picture, other)
    assert (result.code, result.err) == (130, "tfcodec: interrupted\n")
    assert not other.with_suffix(".tfc").exists()


def test_unexpected_error_is_one_line(run, picture, tiny_codec, monkeypatch):
    def compress(*arguments, **options):
        raise RuntimeError("line one\nline two")

    monkeypatch.setattr(tiny_codec, "compress", compress)
    run("compress", picture).check_error(
        1, "unexpected RuntimeError: line one line two (--debug shows more)"
    )


def test_out_of_memory(run, picture, tiny_codec, monkeypatch):
    def compress(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(tiny_codec, "compress", compress)
    run("compress", picture).check_error(1, "not enough memory")


def test_debug_shows_the_traceback(run, tmp_path):
    result = run("compress", tmp_path / "none.png", "--debug")
    assert result.code == 1
    assert "Traceback" in result.err
    assert result.err.endswith("error: No such file or directory\n")


def test_odd_file_name_stays_on_one_line(run, tmp_path):
    path = tmp_path / "a\nb\x1b[31m.png"
    run("compress", path).check_error(1, r"a\nb\x1b[31m.png")


def test_written_files_do_not_replace_each_other(picture, tmp_path):
    # As on file systems that ignore case: two names, one file.
    first, second = tmp_path / "A.tfc", tmp_path / "a2.tfc"
    writer = files.Writer([], force=True)
    writer.write(first, b"one")
    os.link(first, second)
    with pytest.raises(files.TfcodecError, match="just written"):
        writer.write(second, b"two")
    assert first.read_bytes() == b"one"


def test_no_owner_only_permissions(run, picture):
    run("compress", picture)
    mask = os.umask(0)
    os.umask(mask)
    mode = picture.with_suffix(".tfc").stat().st_mode & 0o777
    assert mode == 0o666 & ~mask
