"""What runs the networks: `--runtime`."""

import pytest

from tfcodec.cli import loading


@pytest.fixture
def loaded(monkeypatch, tiny_codec):
    """List of the runtimes that were asked for a codec."""
    names = []

    def loader(name):
        def load(preset, num_threads=None):
            names.append(name)
            return tiny_codec

        return load

    monkeypatch.setattr(loading, "_load_keras", loader("tf"))
    monkeypatch.setattr(loading, "_load_litert", loader("litert"))
    return names


@pytest.mark.parametrize(
    "arguments, has_graph, expected",
    [
        ([], True, "litert"),
        ([], False, "tf"),
        (["--runtime", "tf"], True, "tf"),
        (["--runtime", "litert"], True, "litert"),
        (["--effort", "2"], True, "tf"),
        (["--runtime", "tf", "--effort", "2"], True, "tf"),
    ],
)
def test_which_runtime(
    call,
    loaded,
    monkeypatch,
    picture,
    tiny_preset,
    arguments,
    has_graph,
    expected,
):
    monkeypatch.setattr(loading, "has_graph", lambda preset: has_graph)
    result = call("compress", picture, "--preset", tiny_preset, *arguments)
    assert result.code == 0, result
    assert loaded == [expected]


def test_decompress_chooses_too(call, loaded, compressed, tiny_preset):
    result = call(
        "decompress", compressed, "--preset", tiny_preset, "--runtime", "tf"
    )
    assert result.code == 0, result
    assert loaded == ["tf"]


def test_litert_has_no_efforts(call, picture):
    result = call("compress", picture, "--runtime", "litert", "--effort", "3")
    result.check_error(2, "--effort", "--runtime tf")


def test_litert_needs_a_graph(call, picture, tiny_preset):
    result = call(
        "compress", picture, "--preset", tiny_preset, "--runtime", "litert"
    )
    result.check_error(1, "picture.png", "graph.npz")
