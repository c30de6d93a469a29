"""Presets: found by name, path and number; their integers survive a file."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

import tfcodec
from tfcodec import BitstreamError
from tfcodec import TfcodecError
from tfcodec import presets
from tfcodec.coding import CdfTables


@pytest.fixture
def shelf(tmp_path, monkeypatch, tiny_preset):
    """Three versions on the shelf; `other-1` is registered, not there."""
    for name in ("tiny-2", "tiny-10", "wide-1"):
        shutil.copytree(tiny_preset, tmp_path / name)
        path = tmp_path / name / "preset.json"
        settings = json.loads(path.read_text())
        settings["name"] = name
        path.write_text(json.dumps(settings))
    monkeypatch.setattr(presets, "_ROOT", tmp_path)
    numbers = {3: "tiny-2", 5: "tiny-10", 7: "other-1", 8: "wide-1"}
    monkeypatch.setattr(presets, "IDENTIFIERS", numbers)
    monkeypatch.setattr(presets, "RETIRED", {2: "tiny-1"})
    return tmp_path


def test_names(shelf):
    names = presets.preset_names()
    assert names == ["tiny", "wide", "tiny-2", "tiny-10", "wide-1"]
    for name in names:
        presets.find(name)


def test_a_family_is_its_newest_version(shelf):
    assert presets.find("tiny").name == "tiny-10"  # not "tiny-2"
    assert presets.find("tiny-2").name == "tiny-2"
    assert presets.find("wide").directory == shelf / "wide-1"


def test_by_path(shelf):
    assert presets.find(shelf / "tiny-2").name == "tiny-2"
    assert presets.find(str(shelf / "wide-1")).family == "tiny"


@pytest.mark.parametrize("name", ["none", "other-1", "tiny-3", "", "tiny-1"])
def test_unknown_names_list_what_there_is(shelf, name, monkeypatch):
    monkeypatch.chdir(shelf)
    with pytest.raises(TfcodecError, match="tiny, wide, tiny-2.*folder"):
        presets.find(name)


def test_by_identifier(shelf):
    assert presets.by_identifier(5).name == "tiny-10"
    for number, words in (
        (2, "tiny-1, which is retired"),
        (4, "preset number 4.*newer version"),
        (presets.UNREGISTERED, "not part of tfcodec.*--preset PATH"),
    ):
        with pytest.raises(BitstreamError, match=words):
            presets.by_identifier(number)


def test_identifiers_are_never_used_twice():
    assert not set(presets.IDENTIFIERS) & set(presets.RETIRED)
    assert presets.UNREGISTERED not in presets.IDENTIFIERS
    names = [*presets.IDENTIFIERS.values(), *presets.RETIRED.values()]
    assert len(set(names)) == len(names)
    assert all(name.rsplit("-", 1)[1].isdigit() for name in names)
    assert all(0 < n < 2**16 for n in presets.IDENTIFIERS)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"name": "x"}', '{"name": "x", "identifier": "y"}'],
)
def test_damaged_settings(tmp_path, text):
    (tmp_path / "preset.json").write_text(text)
    with pytest.raises(TfcodecError, match="Cannot read .*preset.json"):
        presets.find(tmp_path)


def test_coding_survives_its_file(tiny_codec, tmp_path):
    coding = tiny_codec.coding
    coding.save(tmp_path / "tables.npz")
    again = presets.Coding.load(tmp_path / "tables.npz")
    assert again.tables.digest() == coding.tables.digest()
    assert again.network.digest() == coding.network.digest()
    assert again.model_hash == coding.model_hash
    for a, b in zip(again.network.layers, coding.network.layers, strict=True):
        assert (a.shift, a.high, a.input_max) == (b.shift, b.high, b.input_max)
    alone = presets.Coding(coding.tables, None)
    alone.save(tmp_path / "alone.npz")
    loaded = presets.Coding.load(tmp_path / "alone.npz")
    assert loaded.network is None and loaded.model_hash == alone.model_hash
    assert alone.model_hash != coding.model_hash


def test_hash_sees_every_part(tiny_codec):
    coding = tiny_codec.coding
    cdf = np.array(coding.tables.cdf)
    row, symbol = np.argwhere(np.diff(cdf) > 2)[0]
    cdf[row, symbol + 1] += 1 if symbol == 0 else 0
    cdf[row, symbol] += 1 if symbol > 0 else 0
    tables = CdfTables(cdf, coding.tables.size, coding.tables.offset)
    for change in (
        {"tables": tables},
        {"network": None},
        {"decoder": bytes(32)},
        {"decoder": None},
    ):
        other = dataclasses.replace(coding, **change)
        assert other.model_hash != coding.model_hash
        assert len(other.model_hash) == 4


def test_damaged_tables(tiny_preset, tmp_path):
    path = tmp_path / "tables.npz"
    shutil.copy(tiny_preset / "tables.npz", path)
    presets.Coding.load(path)
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files}
    for spoil in (
        {"cdf": arrays["cdf"][:, :-1]},
        {"size": arrays["size"][1:]},
        {"kernel_2": arrays["kernel_2"][:, :-1]},
        {"bounds_1": arrays["bounds_1"][:2]},
        {"bias_0": arrays["bias_0"] * 0 + 2**24},
        {"decoder": arrays["decoder"][:-1]},
    ):
        np.savez(path, **{**arrays, **spoil})
        with pytest.raises(TfcodecError, match="tables.npz is damaged"):
            presets.Coding.load(path)
    for name in arrays.keys() - {"decoder"}:  # older presets have none
        np.savez(path, **{k: v for k, v in arrays.items() if k != name})
        with pytest.raises(TfcodecError, match="tables.npz is damaged"):
            presets.Coding.load(path)


def test_load_names_the_damaged_file(tiny_preset, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_preset, folder)
    (folder / "tables.npz").write_bytes(b"nothing")
    with pytest.raises(TfcodecError, match="Cannot read .*tables.npz"):
        tfcodec.load(folder)
    (folder / "weights.npz").unlink()
    with pytest.raises(TfcodecError, match="Cannot read .*weights.npz"):
        tfcodec.load(folder)


def test_written_settings_name_the_model_hash(tiny_preset, tiny_codec):
    settings = json.loads((tiny_preset / "preset.json").read_text())
    assert settings["model_hash"] == tiny_codec.coding.model_hash.hex()
    assert not list(tiny_preset.glob("*.part"))
    assert tiny_codec.preset.name == "tiny-1"
    assert tiny_codec.identifier == presets.UNREGISTERED
