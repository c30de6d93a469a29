"""The README's commands and code are true."""

import pathlib
import re
import shlex

import pytest

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
CI = (ROOT / ".ci" / "run").read_text("utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_python_block_runs(tmp_path, monkeypatch, photograph):
    from PIL import Image

    Image.fromarray(photograph).save(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python")
    names = {}
    exec(code, names)
    assert names["decoded"].shape == photograph.shape
    assert 100 < len(names["data"]) < 60_000


@pytest.mark.parametrize(
    "line",
    [
        line.split("#")[0].strip()
        for block in blocks("bash")
        for line in block.splitlines()
        if line.startswith("tfcodec ")
    ],
)
def test_command_lines_are_accepted(line, tmp_path, monkeypatch, photograph):
    """Each runs on a part of a photograph, in the order of the README."""
    import glob

    from PIL import Image

    from tfcodec.cli.main import main

    monkeypatch.chdir(tmp_path)
    photograph = photograph[100:228, 150:342]
    Image.fromarray(photograph).save("photo.jpg", quality=95)
    for name in ("scan.png", "old.jpg"):
        Image.fromarray(photograph).save(name)
    Image.new("L", photograph.shape[1::-1], 255).save("face.png")
    pathlib.Path("photos").mkdir()
    Image.fromarray(photograph).save("photos/photo.png")
    if "photo.tfc" in line:
        assert main(["compress", "photo.jpg"]) == 0
    arguments = []
    for word in shlex.split(line)[1:]:
        arguments += glob.glob(word) if "*" in word else [word]
    assert main(arguments) == 0


def test_ci_runs_the_set_up_commands():
    install, test = (
        block.strip() for block in blocks("bash") if "pip install" in block
    )
    assert install == "pip install . && tfcodec demo"
    assert test in CI


def test_links_and_pictures_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
