"""`tfcodec compress --lossless`."""

import json

import numpy as np
import pytest
from PIL import Image

from tfcodec import lossless
from tfcodec.cli.main import main
from tfcodec.cli.verify import verify
from tfcodec.errors import TfcodecError


@pytest.fixture
def call(capsys):
    """Function of arguments: exit code, stdout and stderr."""

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def rgb(photograph):
    return photograph[100:148, 200:280]


@pytest.fixture
def picture(tmp_path, rgb):
    path = tmp_path / "picture.png"
    Image.fromarray(rgb).save(path)
    return path


def test_there_and_back(call, picture, tmp_path, rgb):
    tfc, png = tmp_path / "a.tfc", tmp_path / "a.png"
    code, out, err = call("compress", "--lossless", picture, "-o", tfc)
    assert (code, err) == (0, "")
    assert out.endswith("bpp  lossless\n")
    assert tfc.read_bytes() == lossless.compress(rgb)
    code, _, err = call("decompress", tfc, "-o", png)
    assert (code, err) == (0, "")
    np.testing.assert_array_equal(np.asarray(Image.open(png)), rgb)


def test_max_error_and_verify(call, picture, tmp_path, rgb):
    tfc = tmp_path / "a.tfc"
    arguments = ("compress", "--lossless", picture, "-o", tfc, "--verify")
    code, out, _ = call(*arguments)
    assert code == 0 and out.endswith("lossless  verified: exact\n")
    code, out, _ = call(*arguments, "--max-error", 2, "--force")
    assert code == 0 and "lossless within 2  verified: " in out
    assert out.endswith(" dB\n")
    decoded = lossless.decompress(tfc.read_bytes())
    assert np.abs(decoded.astype(int) - rgb).max() == 2


def test_info(call, picture, tmp_path):
    tfc = tmp_path / "a.tfc"
    call("compress", "--lossless", "--max-error", 3, picture, "-o", tfc)
    code, out, _ = call("info", tfc, "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["lossless"] and facts["max_error"] == 3
    assert facts["preset"] == "lossless-2" and facts["model_hash_matches"]
    _, out, _ = call("info", tfc)
    assert "lossless within 3" in out


def test_transparency_and_metadata(call, tmp_path, rgb):
    alpha = np.where(rgb[:, :, :1] > 90, 0, 99).astype(np.uint8)
    pixels = np.concatenate([rgb, alpha], 2)
    path, tfc = tmp_path / "a.png", tmp_path / "a.tfc"
    exif = Image.Exif()
    exif[0x010F] = "maker"
    Image.fromarray(pixels).save(path, exif=exif)
    arguments = ("compress", "--lossless", path, "-o", tfc, "--verify")
    code, out, _ = call(*arguments)
    assert code == 0 and out.endswith("exact\n")
    assert call("decompress", tfc, "-o", tmp_path / "b.png")[0] == 0
    again = Image.open(tmp_path / "b.png")
    np.testing.assert_array_equal(np.asarray(again), pixels)
    assert again.getexif()[0x010F] == "maker"
    size = tfc.stat().st_size
    assert call(*arguments, "--strip", "--force")[0] == 0
    assert tfc.stat().st_size < size


def test_a_tree(call, picture, tmp_path):
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(picture.read_bytes())
    out = tmp_path / "out"
    arguments = ("compress", "--lossless", "-r", tmp_path / "in", "-o", out)
    assert call(*arguments, "--verify", "--jobs", 2)[0] == 0
    assert len(list(out.rglob("*.tfc"))) == 2
    before = [path.stat().st_mtime_ns for path in out.rglob("*.tfc")]
    assert call(*arguments)[0] == 0  # All is there.
    assert [path.stat().st_mtime_ns for path in out.rglob("*.tfc")] == before
    code, _, err = call(*arguments, "--max-error", 1)
    assert code == 1 and "quality 100" in err


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--lossless", "-q", "50"], "does not go with --quality"),
        (["--lossless", "--target-bytes", "9"], "with --target-bytes"),
        (["--lossless", "--target-psnr", "9"], "with --target-psnr"),
        (["--lossless", "--effort", "1"], "does not go with --effort"),
        (["--lossless", "--preset", "photo"], "does not go with --preset"),
        (["--lossless", "--runtime", "tf"], "does not go with --runtime"),
        (["--max-error", "1"], "--max-error needs --lossless"),
        (["--lossless", "--max-error", "9"], "9 is not in the range"),
    ],
)
def test_wrong_usage(call, picture, arguments, words):
    code, out, err = call("compress", picture, *arguments)
    assert code == 2 and out == ""
    assert words in err and err.count("\n") == 1
    assert not picture.with_suffix(".tfc").exists()


def test_damaged_files(call, picture, tmp_path):
    tfc = tmp_path / "a.tfc"
    call("compress", "--lossless", picture, "-o", tfc)
    data = bytearray(tfc.read_bytes())
    data[len(data) // 2] ^= 4
    tfc.write_bytes(data)
    code, out, err = call("decompress", tfc)
    assert code == 1 and out == ""
    assert err.startswith(f"{tfc}: error: ") and err.count("\n") == 1


def test_verify_sees_an_error_that_is_too_large(rgb):
    class Codec:
        def decompress(self, data, max_pixels):
            return rgb ^ 1

    assert verify(Codec(), rgb, b"", b"", 1) > 40
    with pytest.raises(TfcodecError, match="more than 0 levels"):
        verify(Codec(), rgb, b"", b"", 0)
