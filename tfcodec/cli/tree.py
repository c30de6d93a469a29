"""The files of a folder and of those in it, and the same tree elsewhere."""

import collections
import dataclasses
import os
import pathlib
import unicodedata

from tfcodec.cli.files import Job
from tfcodec.cli.files import named_errors
from tfcodec.cli.report import shown
from tfcodec.cli.writing import write_whole
from tfcodec.errors import TfcodecError

TIME_STEP_NS = 2_000_000_000  # The coarsest times of a file system (FAT's).


@dataclasses.dataclass(frozen=True)
class TreeJob(Job):
    """One file to make in a tree."""

    # Another output, whose name differs from this one's in case only (or in
    # how accents are written): on some disks the same file.
    twin: pathlib.Path | None = None


@dataclasses.dataclass
class Tree:
    """What there is in a tree.

    Attributes:
        jobs: list of `TreeJob`.
        unreadable: list of `(folder, OSError)`.
        others: how many files are not in `jobs` because of their ending, by
            ending, `collections.Counter` of str.
        num_links: links to folders, which are not followed.
    """

    jobs: list
    unreadable: list
    others: collections.Counter
    num_links: int = 0


def find(folder, output, suffixes, rename):
    """Looks through a folder and all folders in it.

    Hidden files and folders are left out, and `output` if it is inside.
    Links to files stand for those files, links to folders are not followed.

    Args:
        folder: `pathlib.Path`.
        output: `pathlib.Path`, the root of the other tree.
        suffixes: tuple of str, endings in lower case.
        rename: function of a file's name to the name of its output.

    Returns:
        `Tree`, in the order of the names.
    """
    tree = Tree([], [], collections.Counter())
    by_folded = {}
    pending = [pathlib.Path()]
    while pending:
        inside = pending.pop()
        try:
            with os.scandir(folder / inside) as entries:
                entries = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            tree.unreadable.append((folder / inside, error))
            continue
        deeper = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                if not _is_same(entry.path, output):
                    deeper.append(inside / entry.name)
            elif entry.is_symlink() and entry.is_dir():
                tree.num_links += 1
            elif not _is_wanted(entry, suffixes):
                suffix = pathlib.PurePath(entry.name).suffix.lower()
                tree.others[suffix or "no ending"] += 1
            else:
                target = output / inside / rename(entry.name)
                folded = unicodedata.normalize("NFC", str(target)).casefold()
                twin = by_folded.setdefault(folded, target)
                tree.jobs.append(
                    TreeJob(
                        folder / inside / entry.name,
                        target,
                        None if twin is target else twin,
                    )
                )
        pending += reversed(deeper)
    return tree


def _is_wanted(entry, suffixes):
    """Whether it is a file with such an ending; or a link that leads to none,
    which will be an error. Pipes and devices are not opened."""
    if pathlib.PurePath(entry.name).suffix.lower() not in suffixes:
        return False
    return entry.is_file() or not os.path.exists(entry.path)


def _is_same(path, other):
    try:
        return os.path.samefile(path, other)
    except OSError:  # There is no such folder yet.
        return False


class TreeWriter:
    """Writes one file of a tree, with its source's modification time.

    Args:
        job: `TreeJob`. Its source must not change until the file is written.
        force: bool. Replace an output that exists.

    Raises:
        OSError: there is no source.
    """

    def __init__(self, job, force):
        self._job = job
        self._force = force
        self._before = os.stat(job.source)

    @property
    def source_bytes(self):
        return self._before.st_size

    def check(self, target):
        """Raises TfcodecError if `target` must not be written."""
        if not os.path.lexists(target):
            return
        why_not = None
        if self._job.twin is not None and _is_same(target, self._job.twin):
            why_not = f"is {shown(self._job.twin.name)} too, on this disk"
        elif os.path.islink(target) or not os.path.isfile(target):
            why_not = "exists and is not a plain file"
        elif not self._force:
            why_not = "exists (--force overwrites it)"
        if why_not:
            raise TfcodecError(f"the output {shown(target)} {why_not}")

    def write(self, target, data, verify=None):
        """As `files.Writer.write`."""

        def before(temporary):
            if verify is not None:
                verify(temporary.read_bytes())
            self.check(target)
            if not self._is_unchanged():
                raise TfcodecError("the file changed while it was read")

        self.check(target)
        with named_errors(target):
            write_whole(target, data, before, self._before.st_mtime_ns)

    def _is_unchanged(self):
        try:
            now = os.stat(self._job.source)
        except OSError:
            return False
        names = ("st_size", "st_mtime_ns", "st_dev", "st_ino")
        return all(
            getattr(now, name) == getattr(self._before, name) for name in names
        )


def is_made(job):
    """Whether the output of a job is there, as far as its time can tell.

    Args:
        job: `TreeJob`.

    Raises:
        TfcodecError: there is something else of that name.
        OSError: it, or the source, cannot be looked at.
    """
    try:
        there = os.lstat(job.target)
    except FileNotFoundError:
        return False
    TreeWriter(job, force=True).check(job.target)
    off = there.st_mtime_ns - os.stat(job.source).st_mtime_ns
    if abs(off) > TIME_STEP_NS:
        raise TfcodecError(
            f"the output {shown(job.target)} exists, and not with this file's "
            "time: it is of another file or another version "
            "(--force overwrites it)"
        )
    return True
