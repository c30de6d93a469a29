"""What a person sees: progress, one line per file, one line per error.

Results go to stdout; notes, errors and progress go to stderr. The progress
bar is drawn only if stderr is a terminal, and Rich (which Keras needs anyway)
is imported only then.
"""

import json
import os
import sys
import time
import traceback

from tfcodec.cli.interrupt import Interrupt
from tfcodec.errors import TfcodecError

_PATIENCE = 1.0  # seconds before the work on a file gets a bar


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
        total: int, number of files; a bar counts them if there are several.
        debug: bool. Failures print their traceback too.
    """

    def __init__(self, total, debug=False):
        self.failures = 0
        self._interrupt = Interrupt()
        self._debug = debug
        self._progress = None
        if sys.stderr is not None and sys.stderr.isatty():
            self._progress = _make_progress()
            self._task = self._progress.add_task(
                "", total=total, has_bar=total > 1
            )
            self._steps = self._progress.add_task(
                "this picture", visible=False, has_bar=True
            )
            self._begun = 0.0

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
            self._begun = time.monotonic()
            self._progress.update(self._task, description=shown(text))

    def step(self, done, total):
        """So much of the present phase is done: tiles, or steps of an effort.

        A bar shows it where a phase takes more than a moment.
        """
        self._interrupt.check()
        if self._progress:
            is_long = time.monotonic() - self._begun > _PATIENCE
            if done == 1:
                self._progress.reset(self._steps)
            self._progress.update(
                self._steps,
                completed=done,
                total=total,
                visible=is_long and done < total,
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
        trace = traceback.format_exception(error) if self._debug else ()
        self.failed(path, reason(error), "".join(trace))

    def failed(self, path, why, trace=""):
        """As `failure`, of an exception elsewhere."""
        self.failures += 1
        if trace:
            self._stderr(trace.rstrip())
        self._stderr(f"{shown(path)}: error: {why}")

    def _stderr(self, line):
        if self._progress:
            self._above_bar(line)
        else:
            print(line, file=sys.stderr, flush=True)

    def _above_bar(self, line):
        self._progress.console.print(
            line, markup=False, highlight=False, emoji=False, soft_wrap=True
        )


def run_jobs(jobs, work, debug):
    """Calls `work(job, reporter)` for each job; it returns the result line.

    A failure is reported and the next job goes on.

    Returns:
        The exit code.
    """
    with Reporter(len(jobs), debug) as reporter:
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


def _make_progress():
    from rich import progress
    from rich.console import Console

    class OfBar(progress.ProgressColumn):
        """A column that is empty for tasks without a bar."""

        def __init__(self, column):
            super().__init__()
            self._column = column

        def render(self, task):
            return self._column(task) if task.fields["has_bar"] else ""

    # A descriptor of its own: loading.py silences number 2 for a while.
    file = open(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding)
    columns = [
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}", markup=False),
        OfBar(progress.BarColumn()),
        OfBar(progress.MofNCompleteColumn()),
        OfBar(progress.TimeElapsedColumn()),
    ]
    return progress.Progress(
        *columns,
        console=Console(file=file),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
