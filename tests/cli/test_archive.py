"""`--recursive`: whole trees, in processes of their own."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from tfcodec.bitstream import unpack

NAMES = ["a.png", "k/b.JPG", "k/b.png", "k/l/c.webp", "z/d.tif"]


def state(folder):
    """Bytes and times of all files in a tree."""
    return {
        str(path.relative_to(folder)): (
            path.read_bytes(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def source(tmp_path, photograph):
    """Five pictures in folders, and what is none."""
    folder = tmp_path / "in"
    for i, name in enumerate(NAMES):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = photograph[90 : 138 + i, 200 - i : 280]
        Image.fromarray(pixels).save(path)
        os.utime(path, ns=(0, 10**18 + i * 10**9 + 123_456_789))
    (folder / "notes.txt").write_text("not a picture")
    return folder


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def archive(call, source, out, graph_preset):
    """`archive(*options)`: compresses the tree."""

    def archive(*options):
        before = state(source)
        preset = ("--preset", graph_preset)
        result = call("compress", source, "-o", out, "-r", *preset, *options)
        assert state(source) == before
        return result

    return archive


def summary(result):
    return [
        line.removeprefix("tfcodec: ")
        for line in result.err.splitlines()
        if line.startswith("tfcodec: ")
    ]


def test_tree_there_and_back(archive, call, source, out, tmp_path, lite_codec):
    result = archive("--jobs", 2, "-q", 30)
    assert result.code == 0
    made = state(out)
    assert sorted(made) == [f"{name}.tfc" for name in sorted(NAMES)]
    for name in NAMES:
        data, time = made[f"{name}.tfc"]
        assert time == (source / name).stat().st_mtime_ns
        pixels = np.array(Image.open(source / name).convert("RGB"))
        assert data == lite_codec.compress(pixels, 30.0)
        line = f"{source / name} -> {out / name}.tfc  {len(data):,} bytes  "
        assert line in result.out
    assert result.out.count("\n") == 5
    counts, sizes, left_out = summary(result)
    before = sum((source / name).stat().st_size for name in NAMES)
    after = sum(len(data) for data, _ in made.values())
    saved = 100 * (1 - after / before)
    assert counts.startswith("files: 5 compressed, 0 there before, 0 failed; ")
    assert sizes == (
        f"bytes: {before:,} before, {after:,} after, {saved:.1f} % saved"
    )
    assert left_out == "left out: 1 .txt"

    again = archive("-q", 30)  # Nothing is to be done: no process is needed.
    assert again.code == 0 and again.out == ""
    assert summary(again)[0] == "files: 0 compressed, 5 there before, 0 failed"
    assert summary(again)[1] == sizes
    assert state(out) == made

    back = tmp_path / "back"
    arguments = (out, "-o", back, "-r", "--preset", graph_of(lite_codec))
    result = call("decompress", *arguments)
    assert result.code == 0
    pictures = state(back)
    assert sorted(pictures) == [f"{name}.png" for name in sorted(NAMES)]
    for name in NAMES:
        data, time = made[f"{name}.tfc"]
        assert pictures[f"{name}.png"][1] == time
        np.testing.assert_array_equal(
            np.array(Image.open(back / f"{name}.png")),
            lite_codec.decompress(data),
        )
    result = call("decompress", *arguments)
    assert result.code == 0 and "5 there before" in summary(result)[0]


def graph_of(codec):
    return codec.preset.directory


def test_resumes_past_bad_files_with_a_report(archive, source, out):
    (source / "k" / "bad.png").write_bytes(b"nonsense")
    (source / "gone.jpg").symlink_to(source / "nowhere")
    result = archive("--json", "--verify")
    assert result.code == 1
    facts = json.loads(result.out)
    assert facts["counts"] == {
        "done": 5,
        "skipped": 0,
        "failed": 2,
        "pending": 0,
    }
    by_source = {file["source"]: file for file in facts["files"]}
    assert len(by_source) == 7
    file = by_source[str(source / "k" / "b.png")]
    target = out / "k" / "b.png.tfc"
    assert file["status"] == "done" and file["target"] == str(target)
    assert file["bytes_before"] == (source / "k" / "b.png").stat().st_size
    assert file["bytes_after"] == target.stat().st_size
    container = unpack(target.read_bytes())
    assert file["pixels"] == container.width * container.height
    assert 15 < file["psnr"] < 60
    reasons = {
        os.path.basename(file["source"]): file["reason"]
        for file in facts["files"]
        if file["status"] == "failed"
    }
    assert reasons == {
        "bad.png": "not an image that Pillow can read",
        "gone.jpg": "No such file or directory",
    }
    failed = [line for line in summary(result) if line.startswith("failed: ")]
    assert sorted(failed) == sorted(
        f"failed: {source / name}: {reasons[os.path.basename(name)]}"
        for name in ("gone.jpg", "k/bad.png")
    )
    assert facts["settings"]["rate"] == {"quality": 50.0}
    assert facts["settings"]["verify"] is True
    assert facts["left_out"] == {".txt": 1}

    made = state(out)
    (source / "k" / "bad.png").unlink()
    (source / "gone.jpg").unlink()
    (out / "k" / "b.png.tfc").unlink()
    leftover = out / "k" / ".tfcodec-00.part"
    leftover.write_bytes(b"half")
    facts = json.loads(archive("--json").out)
    assert facts["counts"]["done"] == 1 and facts["counts"]["skipped"] == 4
    assert facts["pixels"] == file["pixels"]  # of what was done
    assert facts["bytes_after"] == sum(len(data) for data, _ in made.values())
    assert state(out) == made


def test_dry_run_writes_nothing(archive, out, source):
    result = archive("--dry-run")
    assert result.code == 0 and not out.exists()
    assert result.out.splitlines() == [
        f"{source / name} -> {out / name}.tfc" for name in NAMES
    ]
    assert summary(result)[0] == (
        "files: 0 compressed, 0 there before, 0 failed, 5 to do"
    )
    facts = json.loads(archive("--dry-run", "--json").out)
    assert {file["status"] for file in facts["files"]} == {"pending"}
    assert not out.exists()


def test_other_settings_and_damage(archive, source, out):
    assert archive("-q", 30).code == 0
    made = state(out)
    result = archive("-q", 40, "--dry-run")
    assert result.code == 1
    assert result.err.count("was made with quality 30 (--force") == 2 * 5
    # Whole files are looked at with --verify only.
    target = out / "a.png.tfc"
    time = target.stat().st_mtime_ns
    target.write_bytes(target.read_bytes()[:-1])
    os.utime(target, ns=(time, time))
    assert archive("-q", 30, "--dry-run").code == 0
    result = archive("-q", 30, "--dry-run", "--verify")
    assert result.code == 1 and "exists and is damaged: " in result.err
    assert archive("-q", 30, "--force").code == 0
    assert state(out) == made


@pytest.mark.parametrize(
    "options, message",
    [
        (("--target-bytes", 10), "bytes, more than are wanted"),
        (("--target-bpp", 0.01), "bytes, more than are wanted"),
        (("--preset", "photo"), "was not made with preset photo-"),
    ],
)
def test_settings_that_a_header_shows(
    archive, source, out, lite_codec, options, message
):
    pixels = np.array(Image.open(source / "a.png"))
    out.mkdir()
    target = out / "a.png.tfc"
    target.write_bytes(lite_codec.compress(pixels))
    time = (source / "a.png").stat().st_mtime_ns
    os.utime(target, ns=(time, time))
    result = archive("--dry-run", *options)
    assert result.code == 1
    assert result.err.count(message) == 2  # at once, and in the summary
    limit = ("--target-bytes", target.stat().st_size)
    assert archive("--dry-run", *limit).code == 0
    target.write_bytes(b"something else")
    os.utime(target, ns=(time, time))
    assert "exists and is no .tfc file" in archive("--dry-run").err


def test_output_beside_the_input(call, source, graph_preset):
    before = state(source)
    result = call(
        *("compress", source, "-o", source, "-r", "--preset", graph_preset)
    )
    assert result.code == 0
    after = state(source)
    assert sorted(set(after) - set(before)) == [f"{n}.tfc" for n in NAMES]
    assert {name: after[name] for name in before} == before


def test_efforts_run_in_tensorflow(call, source, out, tiny_preset):
    picture = source / "k" / "l"
    result = call(
        *("compress", picture, "-o", out, "-r", "--preset", tiny_preset),
        *("--effort", 2, "--verify"),
    )
    assert result.code == 0, result
    assert sorted(state(out)) == ["c.webp.tfc"]
    assert " verified: " in result.out


def test_a_codec_that_cannot_be_loaded(call, source, out, tiny_preset):
    result = call(
        *("compress", source, "-o", out, "-r", "--preset", tiny_preset),
        *("--runtime", "litert", "--json"),
    )
    assert result.code == 3
    facts = json.loads(result.out)
    assert "graph.npz" in facts["stopped"]
    assert facts["counts"]["pending"] == 5
    assert summary(result)[-1].startswith("error: stopped: ")
    assert state(out) == {}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["a.png", "-o", "out", "-r"], "one input, a folder"),
        ([".", "k", "-o", "out", "-r"], "one input, a folder"),
        (["none", "-o", "out", "-r"], "one input, a folder"),
        ([".", "-r"], "-o DIR"),
        ([".", "-o", "a.png", "-r"], "is no folder"),
        (["empty", "-o", "out", "-r"], "no file in this folder or below"),
        ([".", "-o", "out", "--jobs", "2"], "need --recursive"),
        ([".", "-o", "out", "--json"], "need --recursive"),
        ([".", "-o", "out", "--dry-run"], "need --recursive"),
        ([".", "-o", "out", "-r", "--jobs", "0"], "--jobs"),
    ],
)
def test_usage(call, source, arguments, message, monkeypatch):
    monkeypatch.chdir(source)
    (source / "empty").mkdir()
    for command in ("compress", "decompress"):
        call(command, *arguments).check_error(2, message)
    assert not (source / "out").exists()
