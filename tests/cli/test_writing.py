"""Files that appear whole or not at all."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from tfcodec.cli import writing
from tfcodec.cli.writing import remove_leftovers
from tfcodec.cli.writing import write_whole


def test_file_folders_and_time(tmp_path):
    path = tmp_path / "new" / "deeper" / "file"
    write_whole(path, b"data", mtime_ns=1_234_567_890_123_456_700)
    assert path.read_bytes() == b"data"
    assert path.stat().st_mtime_ns == 1_234_567_890_123_456_700
    assert os.listdir(path.parent) == ["file"]


def test_before_sees_what_is_on_the_disk(tmp_path):
    path = tmp_path / "file"
    seen = []

    def before(temporary):
        assert not path.exists()
        seen.append(temporary.read_bytes())

    write_whole(path, b"data", before)
    assert seen == [b"data"]


def test_before_may_give_up(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def before(temporary):
        raise KeyError

    with pytest.raises(KeyError):
        write_whole(path, b"new", before)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_is_replaced_not_followed(tmp_path):
    original, link = tmp_path / "original", tmp_path / "link"
    original.write_bytes(b"original")
    link.symlink_to(original)
    write_whole(link, b"new")
    assert original.read_bytes() == b"original"
    assert link.read_bytes() == b"new" and not link.is_symlink()


@pytest.mark.parametrize("name", ["fsync", "replace", "utime"])
def test_failure_leaves_nothing(tmp_path, monkeypatch, name):
    def fail(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "file", b"data", mtime_ns=0)
    assert os.listdir(tmp_path) == []


def test_file_and_folder_are_forced_to_the_disk(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync

    def watch(descriptor):
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        synced.append((path, os.listdir(tmp_path / "new")))
        fsync(descriptor)

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no /proc")
    (tmp_path / "new").mkdir()
    monkeypatch.setattr(os, "fsync", watch)
    write_whole(tmp_path / "new" / "file", b"data")
    (first, names), (second, final) = synced
    assert first.endswith(".part") and names == [os.path.basename(first)]
    assert second == str(tmp_path / "new") and final == ["file"]


def test_folders_that_cannot_be_forced_are_no_error(tmp_path, monkeypatch):
    fsync = os.fsync

    def refuse(descriptor):
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    write_whole(tmp_path / "file", b"data")
    assert (tmp_path / "file").read_bytes() == b"data"


def test_leftovers_go_and_what_is_being_written_stays(tmp_path):
    pytest.importorskip("fcntl")
    old = tmp_path / ".tfcodec-0123456789abcdef.part"
    old.write_bytes(b"half")
    (tmp_path / "mine.part").write_bytes(b"mine")
    seen = []

    def before(temporary):
        remove_leftovers(tmp_path)
        seen.append(temporary.name)
        assert sorted(os.listdir(tmp_path)) == [temporary.name, "mine.part"]

    write_whole(tmp_path / "file", b"data", before)
    assert seen and sorted(os.listdir(tmp_path)) == ["file", "mine.part"]


def test_no_such_folder_has_no_leftovers(tmp_path):
    remove_leftovers(tmp_path / "none")


@pytest.mark.parametrize("moment", ["before the lock", "while locking"])
def test_removed_by_another_run_before_it_was_locked(
    tmp_path, monkeypatch, moment
):
    fcntl = pytest.importorskip("fcntl")
    flock = fcntl.flock
    calls = []

    def meddle(descriptor, operation):
        calls.append(descriptor)
        if len(calls) == 1:
            (leftover,) = tmp_path.iterdir()
            if moment == "while locking":
                raise BlockingIOError(errno.EWOULDBLOCK, "locked")
            leftover.unlink()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", meddle)
    write_whole(tmp_path / "file", b"data")
    assert len(calls) == 2
    assert os.listdir(tmp_path) == ["file"]


def test_file_systems_without_locks(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def flock(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    write_whole(
        tmp_path / "file", b"data", lambda _: remove_leftovers(tmp_path)
    )
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        writing.check_writable(tmp_path / "file" / "folder")
    writing.check_writable(tmp_path / "new")
    assert os.listdir(tmp_path / "new") == []


KILLED = """
import os, pathlib, signal, sys
from tfcodec.cli.writing import write_whole
folder, name, late = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
original = getattr(os, name)
def die(*arguments, **options):
    if late == "after":
        original(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(os, name, die)
write_whole(folder / "file", b"new" * 100000, mtime_ns=0)
"""


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize("late", ["before", "after"])
@pytest.mark.parametrize("name", ["dup", "utime", "fsync", "replace"])
def test_killed_at_each_step(tmp_path, name, late):
    (tmp_path / "file").write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path, name, late],
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert done.returncode == -signal.SIGKILL
    whole = b"new" * 100000 if (name, late) == ("replace", "after") else b"old"
    assert (tmp_path / "file").read_bytes() == whole
    remove_leftovers(tmp_path)
    assert os.listdir(tmp_path) == ["file"]
