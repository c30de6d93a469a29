"""Tables of near-lossless files, the preset's folder, and its golden files."""

import hashlib
import json
import os
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from tfcodec import lossless
from tfcodec import presets
from tfcodec.bitstream import unpack
from tfcodec.errors import TfcodecError
from tfcodec.lossless.model import Model

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / presets.LOSSLESS_NAME
FORMAT = pathlib.Path(__file__).parents[2] / "docs" / "format.md"
ERRORS = (0, 1, 4)


@pytest.fixture(scope="module")
def preset():
    return presets.by_identifier(presets.LOSSLESS)


def masses(tables, row):
    """Frequency of each value of a row, and of the escape as None."""
    size, offset = int(tables.size[row]), int(tables.offset[row])
    freq = np.diff(tables.cdf[row, : size + 1]).tolist()
    values = [*range(offset, offset + size - 1), None]
    return dict(zip(values, freq, strict=True))


@pytest.mark.parametrize("max_error", [1, 3, 8])
def test_coarser_tables_add_up_the_finer_ones(max_error):
    model = lossless.load().model
    coarse = model.tables_for(max_error)
    for row in range(0, coarse.num_tables, 7):
        expected = {}
        for value, mass in masses(model.tables, row).items():
            if value is not None and row >= model.layer.channels:
                value = round(value / (2 * max_error + 1))
            expected[value] = expected.get(value, 0) + mass
        assert masses(coarse, row) == expected


def test_the_folder(preset, tmp_path):
    model = Model.load(preset.directory)
    settings = preset.settings
    assert settings["model_hash"] == model.model_hash.hex()
    assert settings["identifier"] == presets.LOSSLESS
    total = sum(path.stat().st_size for path in preset.directory.iterdir())
    assert total < 700_000
    model.save(tmp_path)
    again = Model.load(tmp_path)
    assert again.model_hash == model.model_hash
    image = np.zeros((20, 20, 3), np.uint8)
    codec = lossless.codec.LosslessCodec(again)
    assert codec.compress(image) == lossless.compress(image)


@pytest.mark.parametrize("name", ["tables.npz", "weights.npz"])
def test_damaged_folders(preset, tmp_path, name):
    shutil.copytree(preset.directory, tmp_path, dirs_exist_ok=True)
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(TfcodecError, match=name):
        Model.load(tmp_path)
    np.savez(tmp_path / name, cdf=np.zeros(3, np.int32))
    with pytest.raises(TfcodecError, match="is damaged"):
        Model.load(tmp_path)


def test_it_is_no_preset_of_the_other_commands(preset):
    assert presets.LOSSLESS not in presets.IDENTIFIERS
    assert presets.LOSSLESS not in presets.RETIRED
    assert preset.name not in presets.preset_names()
    assert f"| {presets.LOSSLESS} | {preset.name} |" in FORMAT.read_text(
        "utf-8"
    )


def write_golden():
    """By `TFCODEC_UPDATE_GOLDEN=1 pytest ...`, unless there are such files."""
    demo = pathlib.Path(lossless.__file__).parents[1] / "demo_data/whale.webp"
    crop = np.asarray(Image.open(demo).convert("RGB"))[100:175, 200:301]
    GOLDEN.mkdir()
    digests = {}
    for max_error in ERRORS:
        data = lossless.compress(crop, max_error)
        (GOLDEN / f"within-{max_error}.tfc").write_bytes(data)
        decoded = lossless.decompress(data)
        digests[str(max_error)] = hashlib.sha256(decoded.tobytes()).hexdigest()
    Image.fromarray(crop).save(GOLDEN / "picture.png", optimize=True)
    text = json.dumps(digests, indent=1) + "\n"
    (GOLDEN / "pixels.json").write_text(text)


def test_golden_files():
    if os.environ.get("TFCODEC_UPDATE_GOLDEN") and not GOLDEN.exists():
        write_golden()
    digests = json.loads((GOLDEN / "pixels.json").read_text())
    picture = np.asarray(Image.open(GOLDEN / "picture.png"))
    for max_error in ERRORS:
        data = (GOLDEN / f"within-{max_error}.tfc").read_bytes()
        assert unpack(data).preset_id == presets.LOSSLESS
        decoded = lossless.decompress(data)
        digest = hashlib.sha256(decoded.tobytes()).hexdigest()
        assert digest == digests[str(max_error)]
        assert np.abs(decoded.astype(int) - picture).max() == max_error
