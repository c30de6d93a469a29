"""Runs over a tree that are killed or interrupted lose nothing."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

from tfcodec.bitstream import unpack

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
NUM_KILLS = 25
NUM_PICTURES = 8


@pytest.fixture
def source(tmp_path, photograph):
    folder = tmp_path / "in"
    for i in range(NUM_PICTURES):
        path = folder / f"folder {i % 3}" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photograph[50:178, 20 * i : 20 * i + 192]).save(path)
    return folder


@pytest.fixture
def start(source, graph_preset):
    """Starts a run in a process group of its own."""
    path = os.pathsep.join(filter(None, sys.path))
    environment = dict(os.environ, PYTHONPATH=path)
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)

    def start(out, *options):
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "tfcodec", "compress", source),
                *("-o", out, "-r", "--preset", graph_preset, "--jobs", "2"),
                *options,
            ],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


def state(folder):
    """Bytes and times of the files in a tree, by path; temporary ones not."""
    return {
        path.relative_to(folder): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".part"
    }


@pytest.mark.slow
def test_killed_at_random_moments(start, source, tmp_path):
    rng = random.Random(20)
    originals = state(source)
    undisturbed = tmp_path / "undisturbed"
    begun = time.monotonic()
    _, err = start(undisturbed).communicate(timeout=300)
    seconds = time.monotonic() - begun
    expected = state(undisturbed)
    assert len(expected) == NUM_PICTURES, err
    for data, _ in expected.values():
        unpack(data)

    out = tmp_path / "out"
    num_killed = 0
    for number in range(2 * NUM_KILLS):
        if num_killed == NUM_KILLS:
            break
        there = sorted(out.rglob("*.tfc"))
        for path in rng.sample(there, -(-len(there) // 2)):
            path.unlink()
        to_do = NUM_PICTURES - len(there) // 2
        process = start(out)
        num_lines = rng.randrange(to_do)
        for _ in range(num_lines):
            process.stdout.readline()
        time.sleep(rng.uniform(0, seconds if num_lines == 0 else 0.02))
        if number % 2:  # The workers stay for a moment, without a master.
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
        # It is not if all was done before.
        num_killed += process.wait() == -signal.SIGKILL
        process.stdout.close()
        process.stderr.close()
        assert state(source) == originals
        assert state(out).items() <= expected.items()

    assert num_killed == NUM_KILLS
    out_of_last, err = start(out).communicate(timeout=300)
    assert "files: " in err and ", 0 failed" in err, out_of_last
    assert state(out) == expected
    assert state(source) == originals
    assert not list(out.rglob("*.part"))


def test_ctrl_c(start, source, tmp_path):
    originals = state(source)
    out = tmp_path / "out"
    (out / "folder 0").mkdir(parents=True)
    (out / "folder 0" / ".tfcodec-0.part").write_bytes(b"half")
    process = start(out, "--json", "--effort", "1")
    while not list(out.rglob("*.tfc")):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGINT)
    report, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    assert err.endswith("tfcodec: interrupted\n")
    assert "Traceback" not in err
    facts = json.loads(report)
    assert facts["interrupted"] is True
    assert sum(facts["counts"].values()) == NUM_PICTURES
    assert facts["counts"]["failed"] == 0
    done = {f["target"] for f in facts["files"] if f["status"] == "done"}
    made = {str(path) for path in out.rglob("*") if path.is_file()}
    assert done <= made and len(made - done) <= 2  # not yet reported
    assert all(name.endswith(".tfc") for name in made)
    assert state(source) == originals
