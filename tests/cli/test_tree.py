"""Which files of a tree are found, and writing the same tree elsewhere."""

import os
import pathlib

import pytest

from tfcodec.cli import tree
from tfcodec.cli.tree import TreeJob
from tfcodec.cli.tree import TreeWriter
from tfcodec.errors import TfcodecError


@pytest.fixture
def source(tmp_path):
    return tmp_path / "in"


@pytest.fixture
def find(source, tmp_path):
    """`find(*names)`: the `Tree` of `source` with files of these names."""

    def find(*names, output=None):
        for name in names:
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tree.find(
            source,
            output or tmp_path / "out",
            (".jpg", ".png"),
            lambda name: f"{name}.tfc",
        )

    return find


def names(found, root, side="source"):
    return [str(getattr(j, side).relative_to(root)) for j in found.jobs]


def test_order_and_names(find, source, tmp_path):
    found = find("b.png", "z/c.JPG", "a.jpg", "k/y/d.png", "k/z.png", "a.png")
    expected = ["a.jpg", "a.png", "b.png", "k/z.png", "k/y/d.png", "z/c.JPG"]
    assert names(found, source) == expected
    assert names(found, tmp_path / "out", "target") == [
        f"{name}.tfc" for name in expected
    ]
    assert all(job.twin is None for job in found.jobs)


def test_what_is_left_out(find, source):
    found = find("a.jpg", ".b.jpg", ".git/c.jpg", "d.txt", "e.TXT", "README")
    assert names(found, source) == ["a.jpg"]
    assert found.others == {".txt": 2, "no ending": 1}


def test_output_inside_the_input(find, source):
    output = source / "small"
    found = find("a.jpg", "small/a.jpg", "b/small/c.jpg", output=output)
    assert names(found, source) == ["a.jpg", "b/small/c.jpg"]
    assert names(find(output=source), source)[0] == "a.jpg"


def test_links(find, source, tmp_path):
    find("a/b.jpg")
    (source / "a" / "loop").symlink_to(source)
    (source / "a" / "folder.jpg").symlink_to(source)
    (source / "file.jpg").symlink_to(source / "a" / "b.jpg")
    (source / "broken.jpg").symlink_to(source / "none")
    found = find()
    assert names(found, source) == ["broken.jpg", "file.jpg", "a/b.jpg"]
    assert found.num_links == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_pipes_are_not_opened(find, source):
    source.mkdir()
    os.mkfifo(source / "pipe.jpg")
    assert find().jobs == []
    assert find().others == {".jpg": 1}


def test_unreadable_folder(find, source, monkeypatch):
    find("a/b.jpg", "c/d.jpg")
    scandir = os.scandir

    def refuse(path):
        if pathlib.Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find()
    assert names(found, source) == ["c/d.jpg"]
    ((path, error),) = found.unreadable
    assert path == source / "a" and isinstance(error, PermissionError)


def test_twins(find, tmp_path):
    jobs = {
        job.source.name: job
        for job in find(
            "a.jpg", "A.jpg", "b.jpg", "\xe4.jpg", "a\u0308.jpg"
        ).jobs
    }
    assert jobs["b.jpg"].twin is None
    assert jobs["A.jpg"].twin is None  # It comes first.
    assert jobs["a.jpg"].twin == tmp_path / "out" / "A.jpg.tfc"
    assert jobs["\xe4.jpg"].twin == jobs["a\u0308.jpg"].target


@pytest.fixture
def job(source, tmp_path):
    source.mkdir()
    (source / "a.jpg").write_bytes(b"original")
    os.utime(source / "a.jpg", ns=(10**18, 10**18 + 123_456_700))
    return TreeJob(source / "a.jpg", tmp_path / "out" / "a.jpg.tfc")


def test_outputs_get_the_time_of_their_source(job):
    assert not tree.is_made(job)
    TreeWriter(job, force=False).write(job.target, b"data")
    assert job.target.read_bytes() == b"data"
    assert job.target.stat().st_mtime_ns == 10**18 + 123_456_700
    assert tree.is_made(job)
    os.utime(job.target, ns=(0, 10**18))  # As FAT rounds it.
    assert tree.is_made(job)


def test_output_of_another_file(job):
    TreeWriter(job, force=False).write(job.target, b"data")
    os.utime(job.source, ns=(0, 10**18 + 3 * 10**9))
    with pytest.raises(TfcodecError, match="another file or another version"):
        tree.is_made(job)
    with pytest.raises(TfcodecError, match="--force"):
        TreeWriter(job, force=False).write(job.target, b"new")
    assert job.target.read_bytes() == b"data"
    TreeWriter(job, force=True).write(job.target, b"new")
    assert job.target.read_bytes() == b"new"
    assert tree.is_made(job)


def test_output_that_appears_meanwhile(job):
    writer = TreeWriter(job, force=False)

    def verify(read_back):
        job.target.write_bytes(b"of another run")

    with pytest.raises(TfcodecError, match="exists"):
        writer.write(job.target, b"data", verify)
    assert job.target.read_bytes() == b"of another run"
    assert os.listdir(job.target.parent) == ["a.jpg.tfc"]


@pytest.mark.parametrize("force", [False, True])
def test_outputs_that_are_links_are_refused(job, force):
    job.target.parent.mkdir()
    job.target.symlink_to(job.source)
    with pytest.raises(TfcodecError, match="not a plain file"):
        tree.is_made(job)
    with pytest.raises(TfcodecError, match="not a plain file"):
        TreeWriter(job, force).write(job.target, b"data")
    assert job.source.read_bytes() == b"original"


def test_hard_links_do_not_lead_to_the_source(job):
    job.target.parent.mkdir()
    os.link(job.source, job.target)
    TreeWriter(job, force=True).write(job.target, b"data")
    assert job.source.read_bytes() == b"original"
    assert job.target.read_bytes() == b"data"


@pytest.mark.parametrize("change", ["content", "time", "gone"])
def test_source_that_changes_meanwhile(job, change):
    writer = TreeWriter(job, force=False)
    if change == "content":
        time = job.source.stat().st_mtime_ns
        job.source.write_bytes(b"longer than before")
        os.utime(job.source, ns=(time, time))
    elif change == "time":
        os.utime(job.source)
    else:
        job.source.unlink()
    with pytest.raises(TfcodecError, match="changed while it was read"):
        writer.write(job.target, b"data")
    assert os.listdir(job.target.parent) == []


def test_names_that_the_disk_takes_for_one(job):
    # As a disk that ignores case has it: another name for the same file.
    job.target.parent.mkdir()
    first = job.target.with_name("A.jpg.tfc")
    first.write_bytes(b"of another file")
    os.link(first, job.target)
    twin = TreeJob(job.source, job.target, twin=first)
    with pytest.raises(TfcodecError, match=r"is A\.jpg\.tfc too, on this disk"):
        tree.is_made(twin)
    with pytest.raises(TfcodecError, match=r"is A\.jpg\.tfc too, on this disk"):
        TreeWriter(twin, force=True).write(twin.target, b"data")
    assert first.read_bytes() == b"of another file"
    job.target.unlink()  # As a disk that does not.
    TreeWriter(twin, force=False).write(twin.target, b"data")
    assert tree.is_made(twin)
