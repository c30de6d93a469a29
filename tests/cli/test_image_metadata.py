"""EXIF, XMP and orientation: from image files to `.tfc` files and back."""

import re

import numpy as np
import pytest
from PIL import Image
from PIL import PngImagePlugin

import tfcodec
from tfcodec.bitstream import Metadata
from tfcodec.cli.images import read_image

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description '
    b'tiff:Orientation="1" dc:title="\xc3\xa4"/></x:xmpmeta>'
)
# Turns that make a picture of each orientation upright, as EXIF has them.
TURNS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "avif"])
def test_everything_is_kept_byte_for_byte(save_with, kind, make_exif, profiles):
    exif = make_exif()
    read = read_image(
        save_with(kind, exif=exif, xmp=XMP, icc=profiles["swapped"])
    )
    if kind == "avif":  # Pillow writes its orientation elsewhere.
        exif = Image.Exif()
        exif.load(make_exif())
        del exif[0x0112]
        exif = exif.tobytes().removeprefix(b"Exif\0\0")
    assert read.metadata == Metadata(
        icc=profiles["swapped"], exif=exif, xmp=XMP
    )
    assert read.notes == []


def test_tiff_keeps_what_is_not_about_its_samples(
    save_with, make_exif, profiles
):
    read = read_image(
        save_with("tiff", exif=make_exif(6), xmp=XMP, icc=profiles["swapped"])
    )
    assert (read.metadata.icc, read.metadata.xmp) == (profiles["swapped"], XMP)
    exif = Image.Exif()
    exif.load(read.metadata.exif)
    assert exif[0x010F] == "A camera" and 0x0112 not in exif
    assert exif.get_ifd(0x8769)[0x9003] == "2020:01:02 03:04:05"
    assert 0x0100 not in exif and 0x0111 not in exif


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_round_trip_through_files(
    run, save_with, tmp_path, kind, make_exif, profiles
):
    path = save_with("png", exif=make_exif(6), xmp=XMP, icc=profiles["swapped"])
    out = tmp_path / f"out.{kind}"
    result = run("compress", path)
    assert (result.code, result.err) == (0, "")
    tfc = path.with_suffix(".tfc")
    result = run("decompress", tfc, "-o", out)
    assert (result.code, result.err) == (0, "")
    read = read_image(out)
    assert read.pixels.shape == (80, 48, 3)
    assert read.metadata == tfcodec.read_metadata(tfc.read_bytes())
    assert read.metadata == Metadata(profiles["swapped"], make_exif(1), XMP)
    with Image.open(out) as image:
        assert image.getexif()[0x0112] == 1


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "tiff", "avif"])
def test_orientations(save_with, rgb, kind, orientation, make_exif):
    turn = TURNS[orientation]
    back = {6: 8, 8: 6}.get(orientation, orientation)
    turned = np.ascontiguousarray(TURNS[back](rgb))
    np.testing.assert_array_equal(turn(turned), rgb)
    options = {"quality": 95} if kind in ("jpg", "avif") else {}
    path = save_with(kind, turned, make_exif(orientation), **options)
    read = read_image(path)
    difference = np.abs(read.pixels.astype(int) - rgb)
    assert difference.mean() < (4 if options else 1e-9)
    assert read.notes == []
    exif = Image.Exif()
    exif.load(read.metadata.exif)
    # As in the file, and `write_sections` makes it 1; or applied by Pillow.
    assert exif.get(0x0112, orientation) in (1, orientation)


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_orientation_in_xmp_only(save_with, rgb, run, kind):
    path = save_with(kind, xmp=XMP.replace(b'n="1"', b'n="6"'))
    assert read_image(path).pixels.shape == (80, 48, 3)
    assert run("compress", path).code == 0
    data = path.with_suffix(".tfc").read_bytes()
    assert tfcodec.read_metadata(data).xmp == XMP


@pytest.mark.parametrize("orientation", [0, 9, 4000])
def test_meaningless_orientation(save_with, rgb, orientation, make_exif):
    read = read_image(save_with("png", exif=make_exif(orientation)))
    np.testing.assert_array_equal(read.pixels, rgb)


@pytest.mark.parametrize("exif", [b"nonsense", b"Exif\0\0nonsense"])
def test_damaged_exif_is_left_out(save_with, rgb, exif):
    read = read_image(save_with("png", exif=exif))
    np.testing.assert_array_equal(read.pixels, rgb)
    assert read.metadata == Metadata()
    assert read.notes == ["the EXIF cannot be read, it is not kept"]


def test_half_damaged_exif_is_kept(save_with, rgb, make_exif):
    exif = make_exif()[:40]
    assert read_image(save_with("png", exif=exif)).metadata.exif == exif


def test_xmp_that_is_not_utf_8(save_with):
    read = read_image(save_with("jpg", xmp=b"<x>\xff</x>"))
    assert read.metadata == Metadata()
    assert read.notes == ["the XMP cannot be read, it is not kept"]


def test_what_is_not_kept_is_named(save_with):
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "A picture")
    path = save_with("png", pnginfo=text)
    assert read_image(path).notes == ["not kept: comments"]
    assert read_image(path, strip=True).notes == []
    path = save_with("jpg", comment=b"A picture")
    assert read_image(path).notes == ["not kept: comments"]
    iptc = b"8BIM\x04\x04\0\0\0\0\0\x04\x1c\x02\0\0"
    segment = b"\xff\xed" + (2 + 14 + len(iptc)).to_bytes(2, "big")
    path = save_with("jpg", extra=segment + b"Photoshop 3.0\0" + iptc)
    assert read_image(path).notes == ["not kept: IPTC"]
    path = save_with("jpg", xmp=b'<x xmpNote:HasExtendedXMP="ABC"/>')
    assert read_image(path).notes == ["the second part of the XMP is not kept"]


def test_imagemagick_exif(save_with, rgb, make_exif):
    exif = make_exif(6)
    text = PngImagePlugin.PngInfo()
    lines = re.sub("(.{72})", r"\1\n", (b"Exif\0\0" + exif).hex())
    raw = f"\nexif\n{6 + len(exif):8}\n{lines}\n"
    text.add_text("Raw profile type exif", raw)
    read = read_image(save_with("png", pnginfo=text))
    assert read.metadata.exif == exif and read.notes == []
    np.testing.assert_array_equal(read.pixels, np.rot90(rgb, -1))
