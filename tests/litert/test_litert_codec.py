"""The codec in LiteRT against the one in Keras; and alone in its process."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tfcodec import weights
from tfcodec.bitstream import unpack
from tfcodec.errors import TfcodecError
from tfcodec.litert.codec import STEPS
from tfcodec.litert.codec import load
from tfcodec.litert.graph_file import WEIGHTS
from tfcodec.litert.graph_file import GraphFile

SIZES = [(48, 80), (1, 1), (17, 130)]  # in this order: shapes change


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("quality", [3.0, 88.5])
def test_both_decode_what_either_encodes(
    lite_codec, tiny_codec, photograph, size, quality
):
    image = photograph[100 : 100 + size[0], 100 : 100 + size[1]]
    for writer in (lite_codec, tiny_codec):
        data = writer.compress(image, quality)
        container = unpack(data)
        symbols = [
            c.decode_symbols(container) for c in (lite_codec, tiny_codec)
        ]
        for ours, theirs in zip(*symbols, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        pixels = [c.decompress(data) for c in (lite_codec, tiny_codec)]
        assert pixels[0].dtype == np.uint8
        assert pixels[0].shape == image.shape
        difference = pixels[0].astype(int) - pixels[1]
        assert np.abs(difference).max() <= 1


def test_files_have_the_same_size_but_for_roundings(
    lite_codec, tiny_codec, photograph
):
    image = photograph[:160, :240]
    ours, theirs = (
        len(c.compress(image, 60.0)) for c in (lite_codec, tiny_codec)
    )
    assert abs(ours - theirs) < 0.002 * theirs


def test_efforts_are_refused(lite_codec, photograph):
    with pytest.raises(ValueError, match="tfcodec.load"):
        lite_codec.compress(photograph[:32, :32], 50.0, effort=2)


def test_a_preset_without_a_graph(tiny_preset):
    with pytest.raises(TfcodecError, match="export.lite.packaged"):
        load(tiny_preset)


def test_a_graph_of_other_weights(graph_preset, tmp_path, photograph):
    folder = shutil.copytree(graph_preset, tmp_path / "other")
    arrays = weights.read_npz(folder / "weights.npz")
    arrays = {key: array * 1.5 for key, array in arrays.items()}
    np.savez_compressed(folder / "weights.npz", **arrays)
    codec = load(folder)
    with pytest.raises(TfcodecError, match="does not belong to the weights"):
        codec.compress(photograph[:32, :32])


def test_a_graph_whose_weights_are_missing(graph_preset, tmp_path, photograph):
    folder = shutil.copytree(graph_preset, tmp_path / "missing")
    np.savez_compressed(folder / "weights.npz", something=np.zeros(3))
    codec = load(folder)
    with pytest.raises(TfcodecError, match="graph.npz is damaged"):
        codec.compress(photograph[:32, :32])


def test_a_graph_of_an_older_version(graph_preset, tmp_path):
    folder = shutil.copytree(graph_preset, tmp_path / "old")
    with np.load(folder / "graph.npz") as file:
        arrays = {name: file[name] for name in file if name != "reach"}
    np.savez_compressed(folder / "graph.npz", **arrays)
    with pytest.raises(TfcodecError, match="older version.*lite.packaged"):
        load(folder)


def test_tiles_change_nothing(graph_preset, photograph, monkeypatch):
    image = np.tile(photograph, (2, 2, 1))[:400, :610]
    codec = load(graph_preset, num_threads=1)
    data = codec.compress(image, 55.0)
    pixels = codec.decompress(data).astype(int)
    released = []
    monkeypatch.setattr(codec, "tile_pixels", 26 * 26 * 256)
    monkeypatch.setattr(codec, "release", lambda: released.append(1))
    assert codec.compress(image, 55.0) == data
    assert np.abs(codec.decompress(data) - pixels).max() <= 1
    assert released  # There was more than one tile.


@pytest.mark.parametrize("damage", ["cut", "other"])
def test_a_damaged_graph(graph_preset, tmp_path, damage):
    folder = shutil.copytree(graph_preset, tmp_path / "damaged")
    path = folder / "graph.npz"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    else:
        np.savez_compressed(path, something=np.zeros(3))
    with pytest.raises(TfcodecError, match="graph.npz"):
        load(folder)


def test_the_graphs_are_stored_without_the_weights(graph_preset):
    path = graph_preset / "graph.npz"
    graphs = GraphFile(graph_preset)
    assert sorted(graphs.steps) == sorted(STEPS)
    whole = sum(len(graphs.read(step)) for step in graphs.steps)
    stored = (graph_preset / "weights.npz").stat().st_size
    assert path.stat().st_size < 120_000
    assert whole > stored


def test_a_step_reads_its_own_weights_only(graph_preset, monkeypatch):
    read, asked = weights.read_npz, []

    def spy(path, names=None):
        arrays = read(path, names)
        asked.append((path.name, len(arrays)))
        return arrays

    monkeypatch.setattr(weights, "read_npz", spy)
    graphs = GraphFile(graph_preset)
    graphs.read("hyper")
    graphs.read("synthesise")
    (_, of_hyper), (_, of_synthesise) = asked[1:]
    assert 0 < of_hyper < of_synthesise < len(read(graph_preset / WEIGHTS))


def test_command_line_without_tensorflow(graph_preset, tmp_path, photograph):
    """In a process of its own, where TensorFlow and Keras do not exist."""
    picture = tmp_path / "picture.png"
    Image.fromarray(photograph[:64, :96]).save(picture)
    code = f"""
import sys
for name in ("tensorflow", "keras", "jax"):
    sys.modules[name] = None
from tfcodec.cli.main import main
preset = ["--preset", {str(graph_preset)!r}]
assert main(["compress", {str(picture)!r}, *preset]) == 0
packed = {str(picture.with_suffix(".tfc"))!r}
out = ["-o", {str(tmp_path / "out.png")!r}]
assert main(["decompress", packed, *out, *preset]) == 0
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (96, 64)


def test_too_little_memory(lite_codec, photograph):
    image = photograph[:32, :48]
    expected = lite_codec.compress(image)

    def run(**inputs):
        raise RuntimeError("XNNPack delegate failed to reshape runtime")

    lite_codec._runners["analyse"] = run
    with pytest.raises(MemoryError, match="LiteRT, analyse: XNNPack"):
        lite_codec.compress(image)
    assert lite_codec.compress(image) == expected  # with a runner made anew
