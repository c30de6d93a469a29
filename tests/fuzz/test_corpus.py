"""Every input of the corpus, replayed without a fuzzer."""

import importlib.util
import pathlib

import pytest

HERE = pathlib.Path(__file__).parent


def _load(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


targets = _load("targets")
INPUTS = sorted(path for path in (HERE / "corpus").glob("*/*"))


def test_every_target_has_inputs():
    assert {path.parent.name for path in INPUTS} == set(targets.TARGETS)


@pytest.mark.parametrize(
    "path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_input(path):
    targets.TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("name", targets.TARGETS)
def test_every_input_cut_short(name):
    path = max(
        (HERE / "corpus" / name).iterdir(), key=lambda p: p.stat().st_size
    )
    data = path.read_bytes()
    for length in range(0, len(data), 7):
        targets.TARGETS[name](data[:length])


def test_a_target_sees_what_is_wrong(monkeypatch):
    """The second opinions are asked."""
    data = (HERE / "corpus" / "container" / "90x40-sections").read_bytes()
    monkeypatch.setattr(targets, "pack", lambda container: b"other")
    with pytest.raises(AssertionError):
        targets.container(data)
    data = (HERE / "corpus" / "payload" / "12-200").read_bytes()
    decode = targets.RansDecoder.decode
    monkeypatch.setattr(
        targets.RansDecoder, "decode", lambda *args: decode(*args) + 1
    )
    with pytest.raises(AssertionError):
        targets.payload(data)
