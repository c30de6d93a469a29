"""`tfcodec eval` from the command line."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path, photograph):
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(2):
        part = photograph[48 * i : 48 * (i + 1), :64]
        Image.fromarray(part).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def arguments(folder, tiny_preset, tmp_path):
    return [
        *("eval", folder, "--preset", tiny_preset, "--against", "jpeg"),
        *("--qualities", "20,60", "-o", tmp_path / "out", "--jobs", "1"),
    ]


def test_tables_and_files(call, arguments, tmp_path):
    result = call(*arguments)
    assert result.code == 0 and result.err == ""
    assert "| tiny-1 | jpeg |" in result.out
    assert "| 20 | " in result.out and "| 60 | " in result.out
    out = tmp_path / "out"
    assert result.out.endswith(f"Look at {out / 'report.html'}\n")
    results = json.loads((out / "results.json").read_text())
    assert list(results["codecs"]) == ["tiny-1", "jpeg"]


def test_unreadable_image(call, arguments, folder):
    (folder / "bad.png").write_bytes(b"no")
    result = call(*arguments)
    assert result.code == 1
    assert result.err == ("bad.png: error: not an image that Pillow can read\n")
    assert "| tiny-1 | jpeg |" in result.out


@pytest.mark.parametrize(
    ("extra", "parts"),
    [
        (("--against", "jpeg,mp3"), ("no peer 'mp3'", "jpeg, webp, avif")),
        (("--bpp-range", "0.1"), ("is not 2 values",)),
        (("--bpp-range", "2,1"), ("two rising positive numbers",)),
        (("--qualities", "0"), ("1<=x<=100",)),
        (("--effort", "9"), ("1<=x<=5",)),
        (("--preset", "none"), ("There is no preset 'none'",)),
        (("--published", "none.json"), ("none.json: No such file",)),
        (("--slider-against", "webp"), ("must be one of the peers",)),
    ],
)
def test_wrong_usage(call, arguments, extra, parts):
    call(*arguments, *extra).check_error(2, *parts)


def test_no_folder(call, tmp_path):
    call("eval", tmp_path / "none").check_error(2, "There is no folder")
    call("eval", tmp_path).check_error(2, "There are no images in")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_and_again(call, arguments, folder, tmp_path, photograph):
    for i in range(30):
        Image.fromarray(photograph[i : i + 64, :64]).save(folder / f"x{i}.png")
    command = [*arguments[:-1], "2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "tfcodec", *map(str, command)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    store = tmp_path / "out" / "results.jsonl"
    for _ in range(600):
        if store.exists() and store.read_bytes().count(b"\n") > 3:
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # As a terminal does.
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err == "tfcodec: interrupted\n"
    kept = store.read_text().splitlines()
    assert 3 < len(kept) < 32 * 18
    assert call(*arguments, "--limit", "3").code == 0
    assert store.read_text().splitlines()[: len(kept)] == kept
