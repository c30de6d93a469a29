"""`tfcodec info`."""

import dataclasses
import json

import numpy as np

from tfcodec.bitstream import Metadata
from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack


def test_text(call, compressed):
    result = call("info", compressed)
    size = compressed.stat().st_size
    assert result.code == 0 and result.err == ""
    for line in (
        f"  size            {size:,} bytes, {8 * size / (80 * 48):.3f} bpp",
        "  image           80 x 48 pixels, RGB",
        "  colours         sRGB",
        "  quality         50",
        "  format version  1",
        "  checksum        ok",
    ):
        assert f"{line}\n" in result.out
    assert "not part of tfcodec" in result.out


def test_json(call, compressed, tiny_codec):
    container = unpack(compressed.read_bytes())
    container = dataclasses.replace(container, ancillary=((0x90, b"abc"),))
    compressed.write_bytes(pack(container))
    result = call("info", compressed, "--json")
    assert json.loads(result.out) == {
        "file": str(compressed),
        "bytes": compressed.stat().st_size,
        "width": 80,
        "height": 48,
        "greyscale": False,
        "alpha": False,
        "profile": None,
        "bpp": 8 * compressed.stat().st_size / (80 * 48),
        "quality": 50.0,
        "lossless": False,
        "max_error": None,
        "preset": "unregistered",
        "preset_identifier": 65535,
        "preset_installed": False,
        "model_hash": tiny_codec.coding.model_hash.hex(),
        "model_hash_matches": None,
        "format_version": 1,
        "sections": [
            {"type": 1, "name": "latents", "bytes": len(container.latents)},
            {"type": 0x90, "name": "ancillary", "bytes": 3},
        ],
        "checksum": "ok",
    }


def test_what_is_beside_the_picture(call, compressed, tiny_codec, profiles):
    grey = np.arange(48 * 80 * 2, dtype=np.uint8).reshape(48, 80, 2)
    metadata = Metadata(profiles["grey"], b"MM\0*" + bytes(8), b"<x/>")
    data = tiny_codec.compress(grey, metadata=metadata)
    compressed.write_bytes(data)
    facts = json.loads(call("info", compressed, "--json").out)
    assert facts["greyscale"] and facts["alpha"]
    assert facts["profile"] == "Grey 1.8"
    names = [section["name"] for section in facts["sections"]]
    assert names == "latents,alpha,ICC profile,EXIF,XMP,greyscale".split(",")
    sizes = [len(content) for _, content in unpack(data).ancillary]
    assert [section["bytes"] for section in facts["sections"]][1:] == sizes
    out = call("info", compressed).out
    assert "  image           80 x 48 pixels, greyscale and alpha\n" in out
    assert "  colours         Grey 1.8\n" in out
    assert f"EXIF (type 130) {sizes[2]} bytes" in out


def test_damage_beside_the_picture(call, compressed):
    container = unpack(compressed.read_bytes())
    container = dataclasses.replace(container, ancillary=((0x84, b"x"),))
    compressed.write_bytes(pack(container))
    call("info", compressed).check_error(1, "greyscale section must be empty")


def test_unknown_preset(call, compressed):
    container = unpack(compressed.read_bytes())
    other = dataclasses.replace(container, preset_id=4242)
    compressed.write_bytes(pack(other))
    assert "unknown (not installed)" in call("info", compressed).out


def test_damaged(call, compressed):
    data = bytearray(compressed.read_bytes())
    data[30] ^= 1
    compressed.write_bytes(data)
    call("info", compressed).check_error(1, "small.tfc", "altered")


def test_foreign(call, picture):
    call("info", picture, "--json").check_error(1, "looks like PNG")


def test_folder(call, tmp_path):
    call("info", tmp_path).check_error(1, str(tmp_path))


def test_no_such_file(call, tmp_path):
    call("info", tmp_path / "none.tfc").check_error(1, "No such file")


def test_preset(call, tiny_preset, tiny_codec):
    result = call("info", "--preset", tiny_preset)
    assert result.code == 0 and result.err == ""
    assert result.out.startswith("tiny-1\n")
    for line in (
        "  identifier      none, not part of tfcodec",
        f"  model hash      {tiny_codec.coding.model_hash.hex()}",
        f"  parameters      {tiny_codec.model.count_params():,}",
    ):
        assert f"{line}\n" in result.out
    assert "model card" not in result.out  # It has none.
    assert "kMAC per pixel" in result.out


def test_preset_as_json(call, tiny_preset, tiny_codec):
    result = call("info", "--json", "--preset", tiny_preset)
    facts = json.loads(result.out)
    assert facts["preset"] == "tiny-1" and facts["licence"] is None
    encode, decode = (
        facts["kmac_per_pixel"][key] for key in ("encode", "decode")
    )
    # The linear transforms of 16x16 blocks, known by hand: 8 latents.
    assert encode["analysis"] > 3 * 8 / 1e3
    assert decode["synthesis"] > 3 * 8 / 1e3
    assert "analysis" not in decode and "synthesis" not in encode
    assert encode["scale_network"] == decode["scale_network"]


def test_shipped_preset(call):
    facts = json.loads(call("info", "--json", "--preset", "photo").out)
    assert facts["preset_identifier"] >= 1
    assert facts["model_card"].endswith("MODEL_CARD.md")
    assert 1 < sum(facts["kmac_per_pixel"]["decode"].values()) < 100


def test_file_or_preset(call, compressed, tiny_preset):
    call("info").check_error(2, "Give either FILE or --preset NAME.")
    call("info", compressed, "--preset", tiny_preset).check_error(
        2, "Give either FILE or --preset NAME."
    )
    call("info", "--preset", "nothing").check_error(2, "no preset 'nothing'")
