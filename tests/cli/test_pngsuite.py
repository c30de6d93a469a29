"""All pictures of the PngSuite: there and back, or refused in one line.

http://www.schaik.com/pngsuite/, by Willem van Schaik; its licence is beside the
files.
"""

import pathlib

import numpy as np
import pytest
from PIL import Image

from tfcodec.cli.images import read_image

FOLDER = pathlib.Path(__file__).parents[1] / "data" / "pngsuite"
FILES = sorted(FOLDER.glob("*.png"))
SOUND = [path for path in FILES if not path.name.startswith("x")]
CORRUPT = [path for path in FILES if path.name.startswith("x")]
# Names of files say colour type and bits, as in "basn0g16.png".
CHANNELS = {"0g": 1, "2c": 3, "3p": 3, "4a": 2, "6a": 4}
# Those with a transparent colour, and those whose `tRNS` makes all opaque.
TRANSPARENT = ("tb", "tm", "tp1")


def test_all_are_there():
    assert (len(SOUND), len(CORRUPT)) == (161, 14)


def expected_notes(path):
    """What Pillow's reading of the headers says must be lost."""
    notes = []
    with Image.open(path) as image:
        gamma = image.info.get("gamma", 0.45455)
        image.load()
        text = bool(image.text)
    if abs(gamma - 1 / 2.2) > 0.03:
        notes.append(f"the gamma of {gamma:g} is ignored")
    if path.stem.endswith("16"):
        notes.append("reduced from 16 to 8 bits per sample")
    if text:
        notes.append("not kept: comments")
    return notes


def expected_pixels(path):
    """RGBA by Pillow, which knows no 16-bit grey and no key of few bits."""
    with Image.open(path) as image:
        if image.mode == "I;16":
            samples = np.asarray(image)
            grey = np.rint(samples / 257).astype(np.uint8)
            alpha = samples != image.info.get("transparency", -1)
        elif "transparency" in image.info and image.mode != "P":
            rgb = np.asarray(image.convert("RGB"))
            key = np.array(image.info["transparency"])
            key = key & 0xFF if path.stem.endswith("16") else key * 17
            key = key if path.name != "tbrn2c08.png" else key // 17
            alpha = (rgb != key).any(axis=2)
            grey = None
        else:
            return np.asarray(image.convert("RGBA"))
    if grey is not None:
        rgb = np.stack([grey] * 3, axis=2)
    return np.dstack([rgb, 255 * alpha.astype(np.uint8)])


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_reading(path):
    read = read_image(path)
    assert sorted(read.notes) == sorted(expected_notes(path))
    kind = path.stem[4:6]
    channels = CHANNELS[kind] + path.name.startswith(TRANSPARENT)
    expected = expected_pixels(path)
    assert read.pixels.shape == (*expected.shape[:2], channels)
    if channels < 3:
        assert (np.ptp(expected[:, :, :3], axis=2) == 0).all()
    colours = read.pixels[:, :, : 1 if channels < 3 else 3]
    np.testing.assert_array_equal(
        np.broadcast_to(colours, (*colours.shape[:2], 3)), expected[:, :, :3]
    )
    if channels in (2, 4):
        np.testing.assert_array_equal(read.pixels[:, :, -1], expected[:, :, 3])
    else:
        assert (expected[:, :, 3] == 255).all()


def test_round_trip(run, tmp_path):
    """One run of the command for all of them, as people use it."""
    result = run("compress", *SOUND, "-o", tmp_path / "tfc")
    assert result.code == 0
    notes = {
        f"{path}: note: {'; '.join(read_image(path).notes)}" for path in SOUND
    }
    assert set(result.err.splitlines()) == {
        note for note in notes if not note.endswith("note: ")
    }
    result = run("decompress", tmp_path / "tfc", "-o", tmp_path / "png")
    assert (result.code, result.err) == (0, "")
    for path in SOUND:
        before = read_image(path)
        after = read_image(tmp_path / "png" / path.name)
        assert after.pixels.shape == before.pixels.shape, path.name
        if before.pixels.shape[2] in (2, 4):
            np.testing.assert_array_equal(
                after.pixels[:, :, -1], before.pixels[:, :, -1]
            )
        assert after.metadata == before.metadata
        assert after.notes == []


@pytest.mark.parametrize("path", CORRUPT, ids=lambda path: path.stem)
def test_corrupt_ones_are_refused(run, path, tmp_path):
    result = run("compress", path, "-o", tmp_path / "out.tfc")
    result.check_error(1, path.name, "error: ")
    assert "unexpected" not in result.err
    assert list(tmp_path.glob("*.tfc")) == []
