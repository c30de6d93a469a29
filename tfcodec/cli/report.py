"""What a person sees: progress, one line per file, one line per error.

Results go to stdout; notes, errors and progress go to stderr. The progress
bar is drawn only if stderr is a terminal, and Rich (which Keras needs anyway)
is imported only then.
"""

import json
import os
import sys
import traceback

from tfcodec.cli.interrupt import Interrupt
from tfcodec.errors import TfcodecError


def shown(text):
    """`text` on one line, control characters escaped; for names of files."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode()
        for c in str(text)
    )


def reason(error):
    """An exception as one line."""
    kind = type(error).__name__
    if isinstance(error, MemoryError) or kind == "ResourceExhaustedError":
        return "not enough memory for this image"
    if isinstance(error, OSError) and error.strerror:
        return shown(error.strerror)
    text = shown(" ".join(str(error).split())).rstrip(".")
    if isinstance(error, TfcodecError | ValueError | OSError) and text:
        return text
    return f"unexpected {kind}: {text[:300]} (--debug shows more)"


class Reporter:
    """Context manager around the work on `total` files.

    Args:
        total: int, number of files; a bar is drawn for more than one.
        debug: bool. Failures print their traceback too.
        has_steps: bool. The work on a file has a bar too, see `step`.
    """

    def __init__(self, total, debug=False, has_steps=False):
        self.failures = 0
        self._interrupt = Interrupt()
        self._debug = debug
        self._progress = None
        if sys.stderr is not None and sys.stderr.isatty():
            self._progress = _make_progress(total > 1 or has_steps)
            self._task = self._progress.add_task("", total=total)
            self._steps = self._progress.add_task("", visible=False)

    @property
    def exit_code(self):
        return 1 if self.failures else 0

    def __enter__(self):
        self._interrupt.__enter__()
        if self._progress:
            self._progress.start()
        return self

    def __exit__(self, kind, *exception):
        self._interrupt.__exit__()
        if self._progress:
            self._progress.stop()
            self._progress.console.file.close()
        if kind is None:
            self._interrupt.check()

    def phase(self, text):
        """Says what is going on now; on a terminal only."""
        self._interrupt.check()
        if self._progress:
            self._progress.update(self._task, description=shown(text))

    def step(self, done, total):
        """So much of the work on the present file is done."""
        self._interrupt.check()
        if self._progress:
            if done == 1:
                self._progress.reset(self._steps)
            self._progress.update(
                self._steps,
                description="refining",
                completed=done,
                total=total,
                visible=done < total,
            )

    def advance(self):
        """One more file is done, well or not."""
        self._interrupt.check()
        if self._progress:
            self._progress.advance(self._task)
            self._progress.update(self._steps, visible=False)

    def result(self, line):
        if self._progress and sys.stdout.isatty():
            self._above_bar(line)
        else:
            print(line, flush=True)

    def note(self, path, text):
        self._stderr(f"{shown(path)}: note: {text}")

    def failure(self, path, error):
        self.failures += 1
        if self._debug:
            lines = traceback.format_exception(error)
            self._stderr("".join(lines).rstrip())
        self._stderr(f"{shown(path)}: error: {reason(error)}")

    def _stderr(self, line):
        if self._progress:
            self._above_bar(line)
        else:
            print(line, file=sys.stderr, flush=True)

    def _above_bar(self, line):
        self._progress.console.print(
            line, markup=False, highlight=False, emoji=False, soft_wrap=True
        )


def run_jobs(jobs, work, debug, has_steps=False):
    """Calls `work(job, reporter)` for each job; it returns the result line.

    A failure is reported and the next job goes on.

    Returns:
        The exit code.
    """
    with Reporter(len(jobs), debug, has_steps) as reporter:
        for job in jobs:
            reporter.phase(job.source.name)
            try:
                line = work(job, reporter)
            except Exception as error:
                reporter.failure(job.source, error)
            else:
                reporter.result(line)
            reporter.advance()
    return reporter.exit_code


def print_facts(facts, as_json, lines):
    """Prints a JSON-able dict, or what the function `lines` makes of it."""
    print(json.dumps(facts, indent=2) if as_json else "\n".join(lines(facts)))


def fact_lines(title, rows):
    """Lines of a title and of names with their values, all of them str."""
    yield shown(title)
    for name, value in rows.items():
        yield f"  {name:<14}  {shown(value)}"


def _make_progress(has_bar):
    from rich import progress
    from rich.console import Console

    # A descriptor of its own: loading.py silences number 2 for a while.
    file = open(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding)
    columns = [
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}", markup=False),
    ]
    if has_bar:
        columns += [
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
        ]
    return progress.Progress(
        *columns,
        console=Console(file=file),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
