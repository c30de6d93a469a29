"""examples/tune.py: a small grid, and losses that compare."""

import importlib.util
import pathlib

import keras
import numpy as np
import pytest
from PIL import Image

from tfcodec.models import Factorized
from tfcodec.training.crop_batches import CropBatches

SCRIPT = pathlib.Path(__file__).parents[2] / "examples/tune.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("tune", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_grid(example, crops, tmp_path, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, crop in enumerate(crops):
        Image.fromarray(crop).save(folder / f"{number}.png")
    (folder / "notes.txt").write_text("no picture")
    arguments = [str(folder), "--epochs", "1", "--crop", "32"]
    arguments += ["--learning-rates", "1e-3,1e-9", "--channels", "4"]
    arguments += ["--rate-balances", "0.5", "--output", str(tmp_path / "out")]
    example.main(arguments)
    lines = capsys.readouterr().out.strip().splitlines()[-4:]
    assert lines[0].startswith("| learning rate | channels | rate balance |")
    cells = [[c.strip() for c in line.split("|")[1:-1]] for line in lines[2:]]
    assert {c[0] for c in cells} == {"0.001", "1e-09"}
    assert all(c[1:3] == ["4", "0.5"] for c in cells)
    losses = [float(c[3]) for c in cells]
    assert losses == sorted(losses) and losses[0] < losses[1]
    assert (tmp_path / "out/grid").is_dir()


def test_losses_compare(example, crops):
    """Models that differ in their balance alone are judged alike."""
    losses = []
    batches = CropBatches(
        crops, "validation", batch_size=2, crop=32, validation_fraction=0.3
    )
    for balance in (0.0, 0.9):
        keras.utils.set_random_seed(3)
        model = Factorized(6, 4, rate_balance=balance, seed=3)
        model.build()
        model.compile()
        model.evaluate(batches, verbose=0)
        losses.append(example.judge(model, batches)["loss"])
    assert np.isfinite(losses[0]) and losses[0] == pytest.approx(losses[1])


def test_an_empty_folder(example, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        example.main([str(tmp_path)])
    assert caught.value.code == 2
    assert f"{tmp_path} has no .png" in capsys.readouterr().err
