"""`tfcodec demo`, with the tiny preset: poor pictures, all there."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from tfcodec.bitstream import unpack
from tfcodec.cli import demo
from tfcodec.metrics import psnr

NAMES = ["comparison.png", "whale.jpg", "whale.png", "whale.tfc"]


def test_files_and_table(run, tmp_path, photograph):
    folder = tmp_path / "out"
    result = run("demo", "-o", folder, "-q", "30")
    assert result.code == 0 and result.err == ""
    assert sorted(os.listdir(folder)) == NAMES
    assert unpack((folder / "whale.tfc").read_bytes()).quality == 30
    with Image.open(folder / "comparison.png") as image:
        assert image.width > 3 * photograph.shape[1]
        assert image.height > 2 * photograph.shape[0]
    lines = result.out.splitlines()
    assert lines[0].split() == ["bytes", "bpp", "PSNR"]
    for line, name in zip(lines[2:], ("whale.tfc", "whale.jpg"), strict=False):
        assert f" {(folder / name).stat().st_size:,} " in line
    with Image.open(folder / "whale.png") as image:
        reached = psnr(np.asarray(image), photograph)
    assert f" {reached:.2f} dB  quality 30" in lines[2]
    assert lines[-1] == f"Look at {folder / 'comparison.png'}"


def test_existing_files(run, tmp_path):
    (tmp_path / "whale.jpg").write_bytes(b"precious")
    run("demo", "-o", tmp_path).check_error(1, "whale.jpg exists (--force")
    assert os.listdir(tmp_path) == ["whale.jpg"]
    assert run("demo", "-o", tmp_path, "--force").code == 0


@pytest.mark.parametrize("size", [1, 9000, 10**7])
def test_jpeg_of_nearest_size(photograph, size):
    coded = demo.by_jpeg_of_size(photograph, size)
    distance = abs(len(coded.data) - size)
    for quality in {1, 100, max(coded.quality - 1, 1)}:
        file = io.BytesIO()
        Image.fromarray(photograph).save(
            file, "JPEG", quality=quality, subsampling=0, optimize=True
        )
        assert distance <= abs(len(file.getvalue()) - size)


def test_photograph_is_bundled_and_small(photograph):
    np.testing.assert_array_equal(demo.photograph(), photograph)
    folder = demo.importlib.resources.files("tfcodec") / "demo_data"
    assert len((folder / demo.PHOTOGRAPH).read_bytes()) < 350_000
    assert "CC0" in (folder / "LICENSE.txt").read_text("utf-8")
