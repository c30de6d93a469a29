"""`tfcodec restore`, with the trained network."""

import numpy as np
from PIL import Image

from tfcodec.metrics import psnr


def save(photograph, path, **options):
    image = photograph[60:220, 100:300]
    Image.fromarray(image).save(path, quality=15, **options)
    with Image.open(path) as opened:
        return image, np.array(opened)


def test_it_comes_nearer(call, photograph, tmp_path):
    path = tmp_path / "a.jpg"
    image, spoilt = save(photograph, path)
    before = path.read_bytes()
    result = call("restore", path)
    assert (result.code, result.err) == (0, "")
    target = tmp_path / "a.restored.png"
    assert result.out.startswith(f"{path} -> {target}  ")
    with Image.open(target) as opened:
        cleaned = np.array(opened)
    assert psnr(image, cleaned) > psnr(image, spoilt) + 0.3
    assert path.read_bytes() == before
    call("restore", path).check_error(1, "a.restored.png exists (--force")
    assert call("restore", path, "--force").code == 0


def test_metadata_and_grey(call, photograph, tmp_path):
    path, out = tmp_path / "grey.jpg", tmp_path / "out.png"
    exif = Image.Exif()
    exif[0x010E] = "a whale"
    Image.fromarray(photograph).convert("L").save(path, quality=10, exif=exif)
    assert call("restore", path, "-o", out).code == 0
    with Image.open(out) as image:
        assert image.mode == "L" and image.getexif()[0x010E] == "a whale"


def test_a_folder(call, photograph, tmp_path):
    for name in ("a.jpg", "b.jpeg"):
        save(photograph, tmp_path / name)
    (tmp_path / "c.txt").write_text("no picture")
    result = call("restore", tmp_path, "-o", tmp_path / "out/")
    assert result.code == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["a.restored.png", "b.restored.png"]


def test_bad_input(call, tmp_path):
    path = tmp_path / "a.jpg"
    call("restore", path).check_error(1, "a.jpg")
    path.write_bytes(b"no picture")
    call("restore", path).check_error(1, "a.jpg")
    call("restore", path, "-o", "x.tfc").check_error(2, "x.tfc", ".png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jpg"]
