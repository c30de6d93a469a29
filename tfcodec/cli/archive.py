"""A whole tree of files: `--recursive`.

Every file is done in a worker process, even with one of them: what native
code or the kernel does to a process is then the failure of one file.
"""

import dataclasses
import errno
import functools
import pathlib
import time
import traceback
from collections.abc import Callable

import click

from tfcodec.cli import tree
from tfcodec.cli.archive_report import Outcome
from tfcodec.cli.archive_report import Report
from tfcodec.cli.report import Reporter
from tfcodec.cli.report import reason
from tfcodec.cli.report import shown
from tfcodec.cli.workers import Workers
from tfcodec.cli.writing import check_writable
from tfcodec.cli.writing import remove_leftovers
from tfcodec.errors import TfcodecError

STOPPED = 3  # Exit code.
# What no other file can be written after.
_FATAL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclasses.dataclass(frozen=True)
class Command:
    """What is done with each file.

    Args:
        name: "compress" or "decompress".
        suffixes: tuple of str, endings of the inputs, in lower case.
        rename: function of a file's name to its output's.
        is_made: function of a `TreeJob`: whether it needs not be done; raises
            TfcodecError if something else is there. Picklable.
        make: function of `arguments` and a number of threads to a function of
            `(job, writer, reporter)`, which returns `files.Made`. Picklable.
        arguments: tuple.
        settings: dict for the report, JSON-able.
    """

    name: str
    suffixes: tuple
    rename: Callable
    is_made: Callable
    make: Callable
    arguments: tuple
    settings: dict


def run(command, inputs, output, options, force, debug):
    """Does a tree of files.

    Args:
        command: `Command`.
        inputs: list of one str, a folder.
        output: str, a folder; made if it is not there.
        options: `parameters.TreeOptions`.
        force: bool. Make outputs again that are there.
        debug: bool, show tracebacks.

    Returns:
        The exit code.

    Raises:
        click.UsageError: these are not two folders, or nothing is to be done.
        KeyboardInterrupt: Ctrl-C, after the report.
    """
    folder, output = _folders(inputs, output)
    found = tree.find(folder, output, command.suffixes, command.rename)
    if not found.jobs and not found.unreadable:
        raise click.UsageError(
            f"{shown(folder)}: no file in this folder or below ends in "
            f"{', '.join(command.suffixes)}."
        )
    settings = {
        "command": command.name,
        "source": str(folder),
        "target": str(output),
        **command.settings,
        "jobs": options.jobs,
        "force": force,
        "dry_run": options.dry_run,
    }
    report = Report(settings, found, options.as_json)
    try:
        with Reporter(len(found.jobs), debug) as reporter:
            report.reporter = reporter
            todo = _look_through(command, found, force, report)
            if not options.dry_run:
                workers = Workers(
                    min(options.jobs, len(todo)),
                    _make_worker,
                    (command, force, debug),
                )
                _work(workers, todo, output, report)
    except KeyboardInterrupt:
        report.finish(interrupted=True)
        raise
    finally:
        if not options.dry_run:
            _remove_leftovers(found.jobs)
    report.finish()
    if report.stopped:
        return STOPPED
    return reporter.exit_code


def _folders(inputs, output):
    if len(inputs) != 1 or not pathlib.Path(inputs[0]).is_dir():
        raise click.UsageError("--recursive takes one input, a folder.")
    if output is None:
        raise click.UsageError("--recursive needs an output folder, -o DIR.")
    folder, output = pathlib.Path(inputs[0]), pathlib.Path(output)
    if output.exists() and not output.is_dir():
        raise click.UsageError(f"The output {shown(output)} is no folder.")
    return folder, output


def _look_through(command, found, force, report):
    """List of the jobs that are to be done; the others are reported."""
    for path, error in found.unreadable:
        report.add(Outcome(str(path), None, "failed", reason(error)))
    todo = []
    for job in found.jobs:
        report.reporter.phase(f"looking for {job.target.name}")
        outcome = look(job, command.is_made, force)
        if outcome is None:
            todo.append(job)
            if report.is_dry_run:
                outcome = Outcome(str(job.source), str(job.target), "pending")
        if outcome is not None:
            report.add(outcome)
    return todo


def _work(workers, todo, output, report):
    """Does jobs, or stops."""
    try:
        if todo:
            check_writable(output)
        _remove_leftovers(todo)
        with workers:
            # Those whose outputs may be others' come after all others.
            for has_twin in (False, True):
                jobs = [j for j in todo if (j.twin is not None) == has_twin]
                _do(workers, jobs, report)
    except OSError as error:
        report.stop(f"cannot write to {shown(output)}: {reason(error)}")
    except TfcodecError as error:
        report.stop(reason(error))


def _do(workers, jobs, report):
    tasks = iter(jobs)
    unless_stopped = iter(
        lambda: None if report.stopped else next(tasks, None), None
    )
    report.reporter.phase("starting")
    for job, outcome, error in workers.run(unless_stopped):
        if error is not None:
            outcome = Outcome(
                str(job.source), str(job.target), "failed", reason(error)
            )
        report.add(outcome)
        report.reporter.phase(job.source.name)
        if outcome.is_fatal:
            report.stop(outcome.reason)


def look(job, is_made, force):
    """`Outcome` of a job that needs or takes no work, None of others."""
    if force:
        return None
    outcome = Outcome(str(job.source), str(job.target), "skipped")
    try:
        if not is_made(job):
            return None
        outcome.bytes_before = job.source.stat().st_size
        outcome.bytes_after = job.target.stat().st_size
    except (OSError, TfcodecError) as error:
        outcome.status, outcome.reason = "failed", reason(error)
    return outcome


def _remove_leftovers(jobs):
    for folder in {job.target.parent: None for job in jobs}:
        remove_leftovers(folder)


def _make_worker(command, force, debug, num_threads):
    work = command.make(*command.arguments, num_threads)
    return functools.partial(attempt, work, command.is_made, force, debug)


def attempt(work, is_made, force, debug, job):
    """`Outcome` of a job, which is done here and now."""
    outcome = look(job, is_made, force)  # Another run may have made it.
    if outcome is not None:
        return outcome
    outcome = Outcome(str(job.source), str(job.target), "done")
    begun = time.perf_counter()
    try:
        writer = tree.TreeWriter(job, force)
        outcome.bytes_before = writer.source_bytes
        made = work(job, writer, outcome)
    except Exception as error:
        outcome.status, outcome.reason = "failed", reason(error)
        cause = error.__cause__
        outcome.is_fatal = isinstance(cause, OSError) and cause.errno in _FATAL
        if debug:
            outcome.trace = "".join(traceback.format_exception(error))
    else:
        outcome.line = made.line
        outcome.bytes_after = made.num_bytes
        outcome.pixels = made.num_pixels
        outcome.psnr = made.psnr
    outcome.seconds = time.perf_counter() - begun
    return outcome
