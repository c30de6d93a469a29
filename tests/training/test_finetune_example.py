"""examples/finetune.py: pages from seeds, a preset of them, and its curves."""

import importlib.util
import pathlib
import sys

import numpy as np
import pytest

import tfcodec

FOLDER = pathlib.Path(__file__).parents[2] / "examples"


@pytest.fixture
def example(monkeypatch):
    """The script as a module, found with what lies beside it."""
    monkeypatch.syspath_prepend(str(FOLDER))
    spec = importlib.util.spec_from_file_location(
        "finetune", FOLDER / "finetune.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("finetune_documents")


def test_pages_are_functions_of_their_seeds(example):
    pages = [example.page(seed, 200) for seed in (1, 1, 2)]
    assert pages[0].shape == (200, 200, 3) and pages[0].dtype == np.uint8
    np.testing.assert_array_equal(pages[0], pages[1])
    assert (pages[0] != pages[2]).any()


def test_a_short_run(example, tiny_preset, tmp_path, capsys, float32_after):
    arguments = ["--preset", str(tiny_preset), "--minutes", "0.01"]
    arguments += ["--pages", "3", "--held-out", "1", "--crop", "32"]
    arguments += ["--page-size", "96", "--against", "jpeg"]
    arguments += ["--batch-size", "2", "--output", str(tmp_path / "out")]
    example.main(arguments)
    printed = capsys.readouterr().out
    assert "BD-rate of documents against tiny-1: " in printed
    assert (tmp_path / "out/eval/report.html").is_file()
    codec = tfcodec.load(tmp_path / "out/documents")
    stock = tfcodec.load(tiny_preset)
    assert codec.coding.model_hash != stock.coding.model_hash
