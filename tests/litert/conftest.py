"""The tiny preset with a LiteRT graph."""

import shutil

import pytest


@pytest.fixture(scope="session")
def graph_preset(tiny_preset, tiny_codec, tmp_path_factory):
    """Folder of the tiny preset, `graph.npz` included."""
    from tfcodec.export.lite.packaged import package

    folder = tmp_path_factory.mktemp("presets") / "tiny-1"
    shutil.copytree(tiny_preset, folder)
    package(tiny_codec, folder)
    return folder


@pytest.fixture(scope="session")
def lite_codec(graph_preset):
    from tfcodec.litert.codec import load

    return load(graph_preset, num_threads=1)
