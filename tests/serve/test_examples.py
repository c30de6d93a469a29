"""The client examples, against a server."""

import importlib.util
import io
import pathlib

import numpy as np
import pytest
from PIL import Image

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def arguments(client):
    """For each example, where the server is."""
    return {
        "client_rest": ("--url", f"http://127.0.0.1:{client.server.rest_port}"),
        "client_grpc": ("--address", f"127.0.0.1:{client.server.grpc_port}"),
    }


@pytest.mark.parametrize("name", ["client_rest", "client_grpc"])
def test_round_trip(name, arguments, png, tmp_path, capsys):
    picture = tmp_path / "photo.png"
    picture.write_bytes(png)
    main = load(name).main
    main([str(picture), "--model", "png", *arguments[name]])
    decoded = np.asarray(Image.open(tmp_path / "photo.decoded.png"))
    assert (decoded == np.asarray(Image.open(io.BytesIO(png)))).all()
    assert (tmp_path / "photo.tfc").stat().st_size > 0
    assert capsys.readouterr().out.startswith(f"{len(png)} -> ")


@pytest.mark.parametrize("name", ["client_rest", "client_grpc"])
def test_errors_of_the_server_are_shown(name, arguments, tmp_path):
    picture = tmp_path / "photo.png"
    picture.write_bytes(b"no picture")
    main = load(name).main
    with pytest.raises(Exception, match="Latest") as info:
        main([str(picture), "--model", "none", *arguments[name]])
    assert type(info.value).__name__ != "HTTPError"
