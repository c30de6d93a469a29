"""What docs/serving.md says."""

import pathlib
import re

from tfcodec.cli.serve import serve

ROOT = pathlib.Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "serving.md").read_text("utf-8")


def test_options():
    """The table has every option of the command."""
    ours = {
        name
        for option in serve.params
        for name in option.opts + option.secondary_opts
    }
    section = TEXT.partition("## 2.")[2].partition("## 3.")[0]
    assert set(re.findall(r"`(--[a-z_-]+)", section)) - {
        "--enable_batching"
    } == {name for name in ours - {"--warm-up"} if name.startswith("--")}


def test_links_and_scripts_exist():
    paths = re.findall(r"\]\(\.\./([^)#]+)\)", TEXT)
    paths += re.findall(r"python ((?:examples|benchmarks)/\S+)", TEXT)
    assert len(paths) >= 4
    for path in paths:
        assert (ROOT / path).exists(), path


def test_python_block(client, png, tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    address = f"127.0.0.1:{client.server.rest_port}/v1/models/png:"
    assert "localhost:8501/v1/models/photo:" in code
    (tmp_path / "photo.png").write_bytes(png)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code.replace("localhost:8501/v1/models/photo:", address), names)
    assert names["data"].startswith(b"\x89PNG")
