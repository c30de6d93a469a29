"""benchmarks/kodak_results.py: new rows beside the peers that are known."""

import copy
import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "benchmarks" / "kodak_results.py"


@pytest.fixture
def known(evaluated, tmp_path):
    """A folder as docs/results, with this evaluation's averages."""
    output, results = evaluated
    folder = tmp_path / "results"
    folder.mkdir()
    keys = ("images", "settings", "timing", "machine", "codecs", "bd_rate")
    kept = {key: results[key] for key in keys}
    (folder / "kodak.json").write_text(json.dumps(kept))
    published = (output / "published.json").read_text()
    (folder / "published_kodak.json").write_text(published)
    return folder


def run(folder, new, *arguments):
    path = folder.parent / "new.json"
    path.write_text(json.dumps(new))
    return subprocess.run(
        [sys.executable, SCRIPT, path, "--folder", folder, *arguments],
        capture_output=True,
        text=True,
    )


def test_new_rows_replace_old_ones(known, evaluated):
    new = copy.deepcopy(json.loads((known / "kodak.json").read_text()))
    (old_name,) = [
        n for n, c in new["codecs"].items() if c["kind"] == "tfcodec"
    ]
    codec = new["codecs"].pop(old_name)
    for row in codec["averages"]:
        row["bpp"] *= 0.9
    new["codecs"]["better"] = codec
    del new["codecs"]["avif:speed=10"]
    before = json.loads((known / "kodak.json").read_text())
    done = run(known, new)
    assert done.returncode == 0, done.stderr
    assert "better" in done.stdout
    after = json.loads((known / "kodak.json").read_text())
    assert list(after["codecs"])[:2] == [old_name, "better"]
    found = after["bd_rate"]["psnr"][old_name]["better"]  # the anchor first
    assert found == pytest.approx(-10.0, abs=0.5)
    done = run(known, new, "--replace", old_name)
    assert done.returncode == 0, done.stderr
    after = json.loads((known / "kodak.json").read_text())
    assert list(after["codecs"]) == ["better", "jpeg", "avif:speed=10"]
    for peer in ("jpeg", "avif:speed=10"):
        assert after["codecs"][peer] == before["codecs"][peer]
    assert (known / "kodak-psnr.png").read_bytes()[1:4] == b"PNG"


@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda new: new["images"].append("c.png"), "the images"),
        (lambda new: new["settings"].update(limit=3), "the settings"),
        (
            lambda new: new["codecs"]["jpeg"]["averages"][0].update(bpp=9.0),
            "jpeg has 9.0000 bpp at quality",
        ),
    ],
)
def test_other_evaluations_change_nothing(known, change, reason):
    text = (known / "kodak.json").read_text()
    new = json.loads(text)
    change(new)
    done = run(known, new)
    assert done.returncode == 1 and reason in done.stderr
    assert (known / "kodak.json").read_text() == text
    done = run(known, json.loads(text), "--replace", "photo-0")
    assert done.returncode == 1 and "no photo-0" in done.stderr
