"""Running the command line in this process."""

from typing import NamedTuple

import pytest
from PIL import Image

from tfcodec.cli import loading
from tfcodec.cli.main import main


class Result(NamedTuple):
    code: int
    out: str
    err: str

    def check_error(self, code, *parts):
        """One line on stderr, with all of `parts`, and nothing done."""
        assert self.code == code, self
        assert self.out == ""
        assert self.err.count("\n") == 1 and self.err.endswith("\n"), self.err
        assert "Traceback" not in self.err
        for part in parts:
            assert part in self.err


@pytest.fixture
def call(capsys):
    """Function of arguments; runs `tfcodec`, returns `Result`."""

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def run(call, monkeypatch, tiny_preset, tiny_codec):
    """`call` for `compress` and `decompress`, with the tiny preset."""
    monkeypatch.setattr(loading, "_load_keras", lambda preset: tiny_codec)

    def run(command, *arguments):
        return call(command, *arguments, "--preset", tiny_preset)

    return run


@pytest.fixture
def picture(tmp_path, photograph):
    """A small PNG, 80 x 48."""
    path = tmp_path / "picture.png"
    Image.fromarray(photograph[100:148, 200:280]).save(path)
    return path


@pytest.fixture
def compressed(tmp_path, picture, tiny_codec, photograph):
    """The `.tfc` file of `picture`, in a folder of its own."""
    path = tmp_path / "compressed" / "small.tfc"
    path.parent.mkdir()
    path.write_bytes(tiny_codec.compress(photograph[100:148, 200:280]))
    return path
