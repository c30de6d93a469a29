"""`tfcodec info`."""

import dataclasses
import json

from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack


def test_text(call, compressed):
    result = call("info", compressed)
    size = compressed.stat().st_size
    assert result.code == 0 and result.err == ""
    for line in (
        f"  size            {size:,} bytes, {8 * size / (80 * 48):.3f} bpp",
        "  image           80 x 48 pixels",
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
        "bpp": 8 * compressed.stat().st_size / (80 * 48),
        "quality": 50.0,
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
