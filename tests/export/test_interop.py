"""Runtimes read each other's files, and the matrix of them can fail."""

import importlib
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

BENCHMARKS = pathlib.Path(__file__).parents[2] / "benchmarks"
SHA = "ab" * 32
PIXELS = np.full((4, 5, 3), 100, np.uint8)


@pytest.fixture
def interop(monkeypatch):
    """Function of a name to the module `interop_NAME` of the benchmarks."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return lambda name: importlib.import_module(f"interop_{name}")


@pytest.fixture
def decode(interop, tmp_path):
    """Function of `(key, pixels, equal)` for decoders to their `Matrix`."""
    picture = interop("pictures").Picture("a", PIXELS + 3, (50.0,), False)

    class Fake:
        has_ended = False

        def __init__(self, pixels, equal):
            self.pixels, self.equal = pixels, equal

        def ask(self, action, pixels, symbols, is_reference, **request):
            np.save(pixels, self.pixels)
            if is_reference:
                np.savez(symbols, z=np.arange(6, dtype=np.int32))
            return {"seen": True, "equal": self.equal}

    def decode(*decoders):
        known = {r.key: r for r in interop("runtimes").RUNTIMES}
        runtimes = [known[key] for key, _, _ in decoders]
        matrix = interop("matrix").Matrix(runtimes, [picture], 0, tmp_path)
        (tmp_path / f"{SHA}.tfc").write_bytes(b"file")
        for runtime, (key, pixels, equal) in zip(
            runtimes, decoders, strict=True
        ):
            matrix.files[key]["a", 50.0] = SHA
            list(matrix.decode(runtime, Fake(pixels, equal)))
        return matrix

    return decode


def test_equal_decoders_break_nothing(interop, decode):
    near = PIXELS.copy()
    near[0, 0, 0] += 1
    matrix = decode(("tf", PIXELS, True), ("jax", near, True))
    assert matrix.failures == []
    found = interop("report").summary(matrix)
    assert (found["files"], found["distinct_files"]) == (2, 1)
    assert (found["decodings"], found["pairs"]) == (2, 4)
    assert found["largest_spread"] == 1
    reference, other = found["decoders"]
    assert reference["histogram"] == [60] and other["histogram"] == [59, 1]
    assert other["psnr_lost"] < 0  # nearer to the picture
    text = interop("report").markdown(found)
    assert "| Keras, JAX | 1 | 1 | 98.33333 % | 1.66667 % | 0.00000 % |" in text


@pytest.mark.parametrize(
    "others, message",
    [
        ([("jax", PIXELS + 2, True)], "pixels 2 levels apart"),
        ([("jax", PIXELS, False)], "other symbols"),
        ([("tflite-dynamic", PIXELS + 9, False)], "other symbols"),
        (
            [("jax", PIXELS + 1, True), ("c-api", PIXELS - 1, True)],
            "SavedModel, C API: a at quality 50: pixels 2 levels from",
        ),
    ],
)
def test_broken_promises_are_failures(decode, others, message):
    matrix = decode(("tf", PIXELS, True), *others)
    (failure,) = matrix.failures
    assert message in failure


def test_lossy_decoders_may_differ_in_pixels(decode):
    matrix = decode(("tf", PIXELS, True), ("tflite-dynamic", PIXELS + 9, True))
    assert matrix.failures == [] and matrix.spreads == {SHA: 0}


def test_digest_covers_the_symbols(decode, tmp_path):
    matrix = decode(("tf", PIXELS, True))
    before = matrix.digest()
    np.savez(tmp_path / f"{SHA}.npz", z=np.arange(1, 7, dtype=np.int32))
    assert matrix.digest() != before


def test_odd_pictures_have_all_shapes(interop, photograph):
    odd_pictures = interop("pictures").odd_pictures
    pictures = odd_pictures([photograph], 40, 70, seed=1)
    shapes = [picture.shape for picture in pictures]
    assert any(height == 1 < width for height, width, _ in shapes)
    assert any(width == 1 < height for height, width, _ in shapes)
    assert max(max(shape) for shape in shapes) <= 70
    assert {picture.dtype for picture in pictures} == {np.dtype(np.uint8)}
    again = odd_pictures([photograph], 40, 70, seed=1)
    assert all(map(np.array_equal, pictures, again))


def test_a_runtime_that_does_not_start_is_named(interop, tmp_path):
    runtimes = interop("runtimes")
    (litert,) = runtimes.choose("litert", False)[1:]
    with pytest.raises(runtimes.RuntimeFailure, match="ended with code 1.*no-"):
        runtimes.Process(litert, "no-preset", None, None, tmp_path / "log")


def test_steps_that_xla_compiles(interop, tiny_preset, photograph, tmp_path):
    path = tmp_path / "whale.png"
    Image.fromarray(photograph[:48, :40]).save(path)
    plain, compiled = (
        interop("worker").keras_runtime(str(tiny_preset), xla=xla)
        for xla in (False, True)
    )
    (data,) = compiled.encode(path, [40.0])
    pixels, symbols = compiled.decode(data)
    expected_pixels, expected = plain.decode(data)
    assert {name: x.shape for name, x in symbols.items()} == {
        "z": (1, 1, 4),
        "residual": (3, 3, 8),
    }
    for name, x in symbols.items():
        np.testing.assert_array_equal(x, expected[name])
    assert np.abs(np.subtract(pixels, expected_pixels, dtype=int)).max() <= 1


@pytest.mark.parametrize(
    "names, message",
    [("tf,nothing", "there is no 'nothing'"), ("old-tf", "--old-python")],
)
def test_wrong_runtimes_are_named(interop, names, message):
    with pytest.raises(ValueError, match=message):
        interop("runtimes").choose(names, has_old_python=False)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="C API's libraries")
def test_three_runtimes_agree(
    tiny_preset, tiny_codec, saved_model, photograph, tmp_path
):
    from tfcodec.export.lite.packaged import package

    exports, images = tmp_path / "exports", tmp_path / "images"
    preset = shutil.copytree(tiny_preset, tmp_path / "tiny-1")
    package(tiny_codec, preset)
    shutil.copytree(saved_model, exports / "saved-model" / "1")
    images.mkdir()
    Image.fromarray(photograph[:96, :128]).save(images / "whale.png")
    done = subprocess.run(
        [
            *(sys.executable, BENCHMARKS / "interop.py"),
            *("--images", images, "--exports", exports),
            *("--preset", preset, "--runtimes", "tf,c-api,litert"),
            *("--qualities", "20,90", "--odd", "8", "--odd-size", "70"),
            *("--json", tmp_path / "out.json"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["failures"] == []
    assert found["files"] == 3 * (2 + 8)
    assert found["pairs"] == 3 * found["files"]
    assert found["largest_spread"] <= 1
    assert [row["seen"] for row in found["decoders"]] == [True, False, True]
    for row in found["decoders"]:
        assert row["symbols"] == row["files"] == found["distinct_files"]
        assert row["largest"] <= 1
    for row in found["encoders"]:
        assert row["files"] == 10 and abs(row["psnr_reference"]) < 0.1
    assert f"Digest: `{found['digest']}`" in done.stdout
