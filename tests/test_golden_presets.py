"""Every shipped preset still decodes the file it once made.

`tests/golden/NAME.tfc` and the picture it decoded to. A new preset version
gets its files by `TFCODEC_UPDATE_GOLDEN=1 pytest tests/test_golden_presets.py`;
existing ones are never written again.
"""

import hashlib
import json
import os
import pathlib

import numpy as np
import pytest
from PIL import Image

import tfcodec
from tfcodec import presets
from tfcodec.bitstream import unpack
from tfcodec.errors import BitstreamError
from tfcodec.errors import TfcodecError
from tfcodec.litert import codec as litert_codec

GOLDEN = pathlib.Path(__file__).parent / "golden"
DEMO = pathlib.Path(tfcodec.__file__).parent / "demo_data" / "whale.webp"
QUALITIES = (5, 50, 95)


def paths(name, quality):
    return (
        GOLDEN / f"{name}-q{quality}.tfc",
        GOLDEN / f"{name}-q{quality}.png",
        GOLDEN / f"{name}.json",
    )


def symbols_digest(codec, data):
    z_hat, residual = codec.decode_symbols(unpack(data))
    sha = hashlib.sha256(z_hat.astype("<i4").tobytes())
    if codec.coding.network is not None:  # A second stream.
        sha.update(residual.astype("<i4").tobytes())
    return sha.hexdigest()


def write_golden(codec, name):
    crop = np.asarray(Image.open(DEMO).convert("RGB"))[100:175, 200:301]
    digests = {}
    for quality in QUALITIES:
        tfc, png, digest = paths(name, quality)
        data = codec.compress(crop, quality)
        tfc.write_bytes(data)
        Image.fromarray(codec.decompress(data)).save(png, optimize=True)
        digests[str(quality)] = symbols_digest(codec, data)
    digest.write_text(json.dumps(digests, indent=1) + "\n")


@pytest.mark.parametrize("load", [tfcodec.load, litert_codec.load])
@pytest.mark.parametrize("name", presets.IDENTIFIERS.values())
def test_preset_decodes_its_golden_files(name, load):
    codec = load(name)
    if (
        os.environ.get("TFCODEC_UPDATE_GOLDEN")
        and not paths(name, 5)[2].exists()
    ):
        write_golden(codec, name)
    for quality in QUALITIES:
        tfc, png, digest = paths(name, quality)
        data = tfc.read_bytes()
        expected = json.loads(digest.read_text())[str(quality)]
        assert symbols_digest(codec, data) == expected
        decoded = codec.decompress(data).astype(int)
        difference = np.abs(decoded - np.asarray(Image.open(png)).astype(int))
        assert difference.max() <= 1


@pytest.mark.parametrize("name", presets.RETIRED.values())
def test_files_of_retired_presets_say_so(name):
    """One file of each is kept."""
    data = (GOLDEN / f"{name}-q50.tfc").read_bytes()
    with pytest.raises(BitstreamError, match=f"preset {name}, which is ret"):
        presets.by_identifier(unpack(data).preset_id)
    with pytest.raises(TfcodecError, match=f"'{name}' is retired"):
        tfcodec.load(name)


def test_numbers_are_those_of_the_format_document():
    text = (GOLDEN.parents[1] / "docs" / "format.md").read_text("utf-8")
    for identifier, name in presets.IDENTIFIERS.items():
        assert f"| {identifier} | {name} |" in text
    for identifier, name in presets.RETIRED.items():
        assert f"| {identifier} | {name} | retired |" in text
    assert not set(presets.IDENTIFIERS) & set(presets.RETIRED)
