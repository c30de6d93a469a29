"""Running the command line in this process, and files to run it on."""

import io
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image
from PIL import ImageCms
from PIL import PngImagePlugin

from tfcodec.cli import loading
from tfcodec.cli.main import main


class Result(NamedTuple):
    code: int
    out: str
    err: str

    def check_error(self, code, *parts):
        """One line on stderr, with all of `parts`, and nothing done."""
        assert self.code == code, self
        assert self.out == ""
        assert self.err.count("\n") == 1 and self.err.endswith("\n"), self.err
        assert "Traceback" not in self.err
        for part in parts:
            assert part in self.err


@pytest.fixture
def call(capsys):
    """Function of arguments; runs `tfcodec`, returns `Result`."""

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def run(call, monkeypatch, tiny_preset, tiny_codec):
    """`call` for `compress` and `decompress`, with the tiny preset."""
    monkeypatch.setattr(loading, "_load_keras", lambda preset: tiny_codec)

    def run(command, *arguments):
        return call(command, *arguments, "--preset", tiny_preset)

    return run


@pytest.fixture
def picture(tmp_path, photograph):
    """A small PNG, 80 x 48."""
    path = tmp_path / "picture.png"
    Image.fromarray(photograph[100:148, 200:280]).save(path)
    return path


@pytest.fixture
def compressed(tmp_path, picture, tiny_codec, photograph):
    """The `.tfc` file of `picture`, in a folder of its own."""
    path = tmp_path / "compressed" / "small.tfc"
    path.parent.mkdir()
    path.write_bytes(tiny_codec.compress(photograph[100:148, 200:280]))
    return path


@pytest.fixture
def rgb(photograph):
    return photograph[100:148, 200:280]


@pytest.fixture(scope="session")
def make_exif():
    """Function: an EXIF block with a make, an orientation and a date."""

    def make_exif(orientation=1):
        exif = Image.Exif()
        exif[0x010F] = "A camera"
        exif[0x0112] = orientation
        exif.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
        return exif.tobytes().removeprefix(b"Exif\0\0")

    return make_exif


@pytest.fixture
def save_with(tmp_path, rgb):
    """Function that saves the picture with metadata, in any format."""

    def save(kind, array=rgb, exif=None, xmp=None, icc=None, **options):
        path = tmp_path / f"image.{kind}"
        if exif is not None:
            options["exif"] = b"Exif\0\0" + exif
        if icc is not None:
            options["icc_profile"] = icc
        if xmp is not None and kind == "png":
            options["pnginfo"] = PngImagePlugin.PngInfo()
            options["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode())
        elif xmp is not None and kind == "tiff":
            options["exif"] = Image.Exif()
            options["exif"].load(exif)
            options["exif"][700] = xmp
        elif xmp is not None:
            options["xmp"] = xmp
        if kind == "webp":
            options.setdefault("lossless", True)
        Image.fromarray(array).save(path, **options)
        return path

    return save


@pytest.fixture(scope="session")
def profiles():
    """ICC profiles by name: sRGB, swapped (RGB), grey and cmyk."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    curve = b"curv" + bytes(4) + b"\0\0\0\1" + (461).to_bytes(2, "big")
    grey = _make_profile(b"GRAY", b"XYZ ", "Grey 1.8", {b"kTRC": curve})
    return {
        "sRGB": srgb,
        "swapped": _swapped_profile(srgb),
        "grey": grey,
        "cmyk": _cmyk_profile(),
    }


@pytest.fixture(scope="session")
def to_srgb():
    """Function of grey or RGB pixels and their profile: sRGB pixels."""

    def to_srgb(array, profile):
        converted = ImageCms.profileToProfile(
            Image.fromarray(array),
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
        return np.asarray(converted)

    return to_srgb


_WHITE = bytes.fromhex("0000f6d6000100000000d32d")  # D50


def _swapped_profile(srgb):
    """sRGB whose red and blue have changed places."""
    profile = bytearray(srgb)
    table = {srgb[i : i + 4]: i for i in range(132, 132 + 12 * 9, 12)}
    red, blue = (slice(table[t] + 4, table[t] + 12) for t in (b"rXYZ", b"bXYZ"))
    profile[red], profile[blue] = profile[blue], profile[red]
    # A name of the same length, so that nothing else moves.
    old, new = "sRGB built-in", "Swapped".ljust(13)
    old, new = old.encode("utf-16-be"), new.encode("utf-16-be")
    assert old in profile
    return bytes(profile).replace(old, new)


def _make_profile(space, connection, name, tags):
    """An ICC profile of these tags, and of what each must have."""
    text = name.encode("utf-16-be")
    description = b"mluc" + bytes(4) + b"\0\0\0\1\0\0\0\x0cenUS"
    description += len(text).to_bytes(4, "big") + b"\0\0\0\x1c" + text
    tags = {
        b"desc": description,
        b"wtpt": b"XYZ " + bytes(4) + _WHITE,
        **tags,
    }
    table, body = len(tags).to_bytes(4, "big"), b""
    begin = 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        data += bytes(-len(data) % 4)
        table += tag + (begin + len(body)).to_bytes(4, "big")
        table += len(data).to_bytes(4, "big")
        body += data
    header = bytearray(128)
    header[0:4] = (begin + len(body)).to_bytes(4, "big")
    header[8:12] = b"\x04\x20\0\0"
    header[12:24] = b"prtr" + space + connection
    header[36:40] = b"acsp"
    header[68:80] = _WHITE
    return bytes(header) + table + body


def _cmyk_profile():
    """Ink of any colour is grey, and the lightness that it leaves: L of Lab."""
    same = bytes(range(256))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0])
    lut += b"".join(
        int(i % 4 == 0).to_bytes(2, "big") + b"\0\0" for i in range(9)
    )
    lut += same * 4
    for inks in np.ndindex(2, 2, 2, 2):
        lut += bytes([255 if not any(inks) else 0, 128, 128])
    lut += same * 3
    return _make_profile(b"CMYK", b"Lab ", "Grey ink", {b"A2B0": lut})
