"""Which file becomes which, and writing without ever losing one.

Nothing is written under its final name before it is complete, nothing that
exists is replaced without `--force`, and an input is never replaced at all.
"""

import contextlib
import dataclasses
import os
import pathlib

import click

from tfcodec.cli.report import shown
from tfcodec.cli.writing import write_whole
from tfcodec.errors import TfcodecError


@dataclasses.dataclass(frozen=True)
class Job:
    """One file to make."""

    source: pathlib.Path
    target: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Made:
    """A file that was made."""

    line: str  # What it is, for people.
    num_bytes: int
    num_pixels: int
    psnr: float | None = None  # dB over RGB, if it was decoded again.


def plan(inputs, output, suffix, in_suffixes, out_suffixes):
    """The jobs that a command line asks for.

    Args:
        inputs: list of str, files and folders; a folder stands for the files
            directly in it that end in one of `in_suffixes`.
        output: str or None, file or folder.
        suffix: str, ending of the outputs unless `output` names a file.
        in_suffixes: tuple of str, in lower case, with the dot.
        out_suffixes: tuple of str, with which a file that is not there yet is
            told from a folder.

    Returns:
        List of `Job`.

    Raises:
        click.UsageError: an empty folder, several inputs for one output, or
            the same output for two inputs.
    """
    sources = []
    several = len(inputs) > 1
    for name in inputs:
        path = pathlib.Path(name)
        if path.is_dir():
            several = True
            sources += _files_in(path, in_suffixes)
        else:
            sources.append(path)
    if output is None:
        jobs = [Job(path, path.with_suffix(suffix)) for path in sources]
    elif _is_folder(output, several, out_suffixes):
        folder = pathlib.Path(output)
        jobs = [Job(p, folder / (p.stem + suffix)) for p in sources]
    else:
        jobs = [Job(sources[0], pathlib.Path(output))]
    _check_distinct(jobs)
    return jobs


def check_endings(jobs, suffixes):
    """Raises click.UsageError if an output ends in none of `suffixes`."""
    listed = f"one of {', '.join(suffixes)}"
    if len(suffixes) == 2:
        listed = " or ".join(suffixes)
    for job in jobs:
        if job.target.suffix.lower() not in suffixes:
            raise click.UsageError(
                f"The output {shown(job.target)} must end in {listed}, or be a "
                "folder that exists or is written with a slash at its end."
            )


def _files_in(folder, suffixes):
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes
        and not path.name.startswith(".")
        and path.is_file()
    )
    if not found:
        raise click.UsageError(
            f"{shown(folder)}: no file in this folder ends in "
            f"{', '.join(suffixes)}."
        )
    return found


def _is_folder(output, several, suffixes):
    if os.path.isdir(output) or output.endswith(("/", os.sep)):
        return True
    looks_like_file = pathlib.Path(output).suffix.lower() in suffixes
    if several and (looks_like_file or os.path.exists(output)):
        raise click.UsageError(
            f"Several inputs need a folder as output, {shown(output)} "
            "is a file."
        )
    return several


def _check_distinct(jobs):
    by_target = {}
    for job in jobs:
        key = os.path.normcase(os.path.realpath(job.target))
        other = by_target.setdefault(key, job)
        if other is not job:
            raise click.UsageError(
                f"{shown(other.source)} and {shown(job.source)} would both "
                f"become {shown(job.target)}."
            )


class Writer:
    """Writes the outputs of some jobs.

    Args:
        jobs: list of `Job`. None of their sources is ever written to.
        force: bool. Replace other files that exist.
    """

    def __init__(self, jobs, force):
        self._force = force
        self._sources = {_identity(job.source) for job in jobs} - {None}
        self._written = set()

    def check(self, target):
        """Raises TfcodecError if `target` must not be written."""
        identity = _identity(target)
        if identity is None:
            return
        if identity in self._sources:
            raise TfcodecError(f"the output {shown(target)} is an input")
        if identity in self._written:  # Names that differ in case only.
            raise TfcodecError(
                f"the output {shown(target)} was just written for another input"
            )
        if not os.path.isfile(target):
            raise TfcodecError(
                f"the output {shown(target)} exists and is not a plain file"
            )
        if not self._force:
            raise TfcodecError(
                f"the output {shown(target)} exists (--force overwrites it)"
            )

    def write(self, target, data, verify=None):
        """Puts `data` under the name `target`, all of it or nothing.

        Args:
            target: path.
            data: bytes.
            verify: function of the bytes that were read back from the disk,
                before they get their name; raises to give them up.
        """
        self.check(target)
        final = pathlib.Path(os.path.realpath(target))

        def before(temporary):
            if verify is not None:
                verify(temporary.read_bytes())
            self.check(target)

        with named_errors(target):
            write_whole(final, data, before)
        self._written.add(_identity(final))


@contextlib.contextmanager
def named_errors(target):
    """OSError while `target` is written to TfcodecError."""
    try:
        yield
    except OSError as error:
        cause = error.strerror or error
        raise TfcodecError(f"cannot write {shown(target)}: {cause}") from error


def _identity(path):
    """Device and number of a file, None if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
