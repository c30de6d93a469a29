"""Whole evaluations with a tiny preset: figures, resuming, failures."""

import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
from PIL import Image

from tfcodec.errors import TfcodecError
from tfcodec.evaluation import Evaluation
from tfcodec.evaluation import Settings
from tfcodec.evaluation import evaluate_folder
from tfcodec.evaluation import run
from tfcodec.evaluation.memory import estimated_bits
from tfcodec.evaluation.pool import Workers
from tfcodec.evaluation.run import Listener
from tfcodec.evaluation.summary import format_tables
from tfcodec.metrics import bpp
from tfcodec.metrics import psnr

ROOT = pathlib.Path(__file__).parents[2]


def test_rows_are_of_real_files(evaluated, folder, tiny_codec):
    _, results = evaluated
    rows = [r for r in results["rows"] if r["codec"] == "tiny-1"]
    assert len(rows) == 6
    for row in rows:
        image = np.asarray(Image.open(folder / row["image"]))
        data = tiny_codec.compress(image, row["quality"])
        assert row["bytes"] == len(data)
        assert row["bpp"] == bpp(len(data), *image.shape[:2])
        assert row["psnr"] == psnr(image, tiny_codec.decompress(data))
        assert row["estimate"] == pytest.approx(
            estimated_bits(tiny_codec.encoder(image), row["quality"])
            / (image.shape[0] * image.shape[1])
        )
        assert row["encode_ms"] > 0 and row["decode_ms"] > 0
        assert (row["ms_ssim"] is None) == (row["image"] == "small.png")


def test_averages_and_bd_rates(evaluated):
    output, results = evaluated
    averages = results["codecs"]["tiny-1"]["averages"]
    assert [row["quality"] for row in averages] == [10, 50, 90]
    rows = [
        r
        for r in results["rows"]
        if r["codec"] == "tiny-1" and r["quality"] == 50
    ]
    assert averages[1]["bpp"] == pytest.approx(
        np.mean([r["bpp"] for r in rows])
    )
    assert averages[1]["images"] == 2
    large = next(r for r in rows if r["ms_ssim"] is not None)
    assert averages[1]["ms_ssim"] == large["ms_ssim"]
    matrix = results["bd_rate"]["psnr"]
    assert set(matrix) == {"tiny-1", "jpeg", "avif:speed=10", "paper"}
    assert matrix["jpeg"]["avif:speed=10"] < 0 < matrix["avif:speed=10"]["jpeg"]
    assert matrix["paper"]["jpeg"] is not None
    assert "paper" not in results["bd_rate"]["psnr_y"]
    assert json.loads((output / "results.json").read_text()) == results
    with open(output / "averages.csv", newline="") as file:
        table = list(csv.DictReader(file))
    count = sum(len(c["averages"]) for c in results["codecs"].values())
    assert len(table) == count
    with open(output / "images.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 2 * count


def test_goes_on_where_it_was(folder, settings, tiny_preset, monkeypatch):
    settings["against"] = ("jpeg",)
    measured = []

    def measure(task):
        if len(measured) == 4:
            raise KeyboardInterrupt
        measured.append(task)
        return original(task)

    original = run.measure
    monkeypatch.setattr(run, "measure", measure)
    with pytest.raises(KeyboardInterrupt):
        evaluate_folder(folder, **settings)
    store = f"{settings['output']}/results.jsonl"
    with open(store, "a") as file:
        file.write('{"sha256": "cut sho')
    monkeypatch.setattr(run, "measure", original)
    with Evaluation(Settings(str(folder), **settings)) as evaluation:
        total = 2 * (3 + len(evaluation.candidates[-1].qualities))
        assert len(evaluation.todo) == total - 4
        evaluation.measure(Listener())
        evaluation.finish(Listener())
    with Evaluation(Settings(str(folder), **settings)) as evaluation:
        assert evaluation.todo == []
    # A changed model is measured anew, the peers are not.
    changed = f"{settings['output']}-preset"
    shutil.copytree(tiny_preset, changed)
    with open(f"{changed}/weights.npz", "ab") as file:
        file.write(b"\0")
    other = {**settings, "presets": (changed,)}
    with Evaluation(Settings(str(folder), **other)) as evaluation:
        assert {task.candidate.name for task in evaluation.todo} == {"tiny-1"}
        assert len(evaluation.todo) == 6
    fresh = {**settings, "fresh": True}
    with Evaluation(Settings(str(folder), **fresh)) as evaluation:
        assert len(evaluation.todo) == total


def test_a_failure_leaves_the_image_out(
    folder, settings, tmp_path, monkeypatch
):
    pictures = tmp_path / "in"
    shutil.copytree(folder, pictures)
    (pictures / "broken.png").write_bytes(b"no image")
    settings["against"] = ("jpeg",)

    def measure(task):
        if task.picture.name == "small.png" and task.quality == 50:
            raise ValueError("too small")
        return original(task)

    original = run.measure
    monkeypatch.setattr(run, "measure", measure)
    listener = Listener()
    results = evaluate_folder(pictures, listener, **settings)
    assert [what for what, _ in listener.failures] == [
        "broken.png",
        "small.png, tiny-1, quality 50",
        "small.png, jpeg, quality 50",
    ]
    assert "broken.png : not an image" in results["failures"][0]
    assert {row["image"] for row in results["rows"]} == {"a <b>.png"}
    for codec in results["codecs"].values():
        assert {row["images"] for row in codec["averages"]} == {1}


def test_damaged_preset(folder, settings, tiny_preset, tmp_path):
    shutil.copytree(tiny_preset, tmp_path / "damaged")
    (tmp_path / "damaged" / "weights.npz").write_bytes(b"no")
    settings["presets"] = (str(tmp_path / "damaged"),)
    with pytest.raises(TfcodecError, match="damaged/weights.npz"):
        evaluate_folder(folder, **settings)


@pytest.mark.slow
def test_two_processes(folder, settings):
    results = evaluate_folder(folder, jobs=2, limit=1, **settings)
    assert results["timing"] == {"jobs": [2], "threads": [1]}
    assert len(results["images"]) == 1
    page = (pathlib.Path(settings["output"]) / "report.html").read_text()
    assert "measured under 2 jobs" in page


@pytest.mark.slow
def test_a_process_that_dies():
    with Workers(2) as workers:
        ((task, result, error),) = workers.run(os._exit, [1])
    assert (task, result) == (1, None)
    assert isinstance(error, BrokenProcessPool)


def test_imports_stay_light():
    code = (
        "import sys, tfcodec.evaluation.run, tfcodec.evaluation.memory\n"
        "heavy = {'keras', 'tensorflow', 'scipy', 'matplotlib', 'bjontegaard'}"
        "\nassert not heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_without_peers(folder, settings):
    settings["against"] = ()
    results = evaluate_folder(folder, **settings)
    assert list(results["codecs"]) == ["tiny-1"]
    assert results["bd_rate"]["psnr"] == {"tiny-1": {}}
    assert "| 50 |" in format_tables(results)


def test_nothing_to_measure(tmp_path, settings):
    with pytest.raises(TfcodecError, match="There is no folder .*none"):
        evaluate_folder(tmp_path / "none", **settings)
    with pytest.raises(TfcodecError, match="There are no images in"):
        evaluate_folder(tmp_path, **settings)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(TfcodecError, match="a.png: not an image"):
        evaluate_folder(tmp_path, **settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bpp_range": (1.0, 0.5)}, "`bpp_range` must be two rising"),
        ({"qualities": (0.5,)}, "`qualities` must be in 1..100"),
        ({"efforts": (6,)}, "`efforts` must be integers in 1..5"),
        ({"presets": ()}, "`presets` must name at least one"),
        ({"jobs": 0}, "`jobs` must be at least 1"),
        ({"slider_against": "webp"}, "`slider_against` must be one of"),
        ({"against": ("jpeg", "jpeg")}, "'jpeg' is there twice"),
    ],
)
def test_settings_that_make_no_sense(folder, settings, change, message):
    with pytest.raises(ValueError, match=message):
        evaluate_folder(folder, **{**settings, **change})


def test_missing_extra(folder, settings, monkeypatch):
    def find_spec(name):
        return None if name == "matplotlib" else original(name)

    from tfcodec.evaluation.settings import importlib as theirs

    original = theirs.util.find_spec
    monkeypatch.setattr(theirs.util, "find_spec", find_spec)
    with pytest.raises(TfcodecError, match=r"pip install 'tfcodec\[eval\]'"):
        evaluate_folder(folder, **settings)
