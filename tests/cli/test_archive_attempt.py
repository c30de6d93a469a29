"""What becomes of one file of a tree."""

import errno
import os

import pytest

from tfcodec.cli import files
from tfcodec.cli.archive import attempt
from tfcodec.cli.archive import look
from tfcodec.cli.tree import TreeJob
from tfcodec.cli.tree import is_made


@pytest.fixture
def job(tmp_path):
    (tmp_path / "a.png").write_bytes(b"picture")
    return TreeJob(tmp_path / "a.png", tmp_path / "out" / "a.png.tfc")


def test_attempt(job):
    def work(job, writer, reporter):
        reporter.note(job.source, "something")
        writer.write(job.target, b"data")
        return files.Made("line", 4, 80 * 48)

    outcome = attempt(work, is_made, False, False, job)
    assert (outcome.status, outcome.notes) == ("done", ["something"])
    assert (outcome.bytes_after, outcome.pixels) == (4, 80 * 48)
    assert attempt(work, is_made, False, False, job).status == "skipped"
    assert look(job, is_made, force=False).status == "skipped"
    assert look(job, is_made, force=True) is None


def test_attempt_of_a_file_that_vanished(job):
    def work(job, writer, reporter):
        job.source.unlink()
        raise FileNotFoundError(2, "No such file or directory")

    outcome = attempt(work, is_made, False, False, job)
    assert outcome.status == "failed" and not outcome.is_fatal
    assert outcome.reason == "No such file or directory"
    again = attempt(work, is_made, False, False, job)
    assert again.reason == "No such file or directory"


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EROFS"])
def test_faults_that_stop_a_run(job, monkeypatch, name):
    def fsync(descriptor):
        raise OSError(getattr(errno, name), "It is full")

    def work(job, writer, reporter):
        writer.write(job.target, b"data")

    monkeypatch.setattr(os, "fsync", fsync)
    outcome = attempt(work, is_made, False, False, job)
    assert outcome.is_fatal
    assert outcome.reason == f"cannot write {job.target}: It is full"
    assert os.listdir(job.target.parent) == []


def test_attempt_without_memory(job):
    def work(job, writer, reporter):
        raise MemoryError

    outcome = attempt(work, is_made, False, True, job)
    assert outcome.status == "failed"
    assert outcome.reason == "not enough memory for this image"
    assert "Traceback" in outcome.trace and "trace" not in outcome.facts()
