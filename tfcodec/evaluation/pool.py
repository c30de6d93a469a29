"""Tasks in this process, or in several beside each other.

TensorFlow cannot be forked, so that the others are started afresh; each
limits its own threads to one.
"""

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal

from tfcodec import quiet

_ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TF_NUM_INTEROP_THREADS",
        "TF_NUM_INTRAOP_THREADS",
    )
}


class Workers:
    """Context manager of processes that do tasks; they start when needed.

    Leaving it ends them: at once, giving up what is under way, if there is an
    exception.

    Args:
        jobs: int, number of processes; 1: none, tasks are done in this one.
    """

    def __init__(self, jobs):
        self._jobs = jobs
        self._executor = None
        self._others = ()

    def __enter__(self):
        return self

    def __exit__(self, kind, *exception):
        if self._executor is None:
            return
        self._executor.shutdown(wait=kind is None, cancel_futures=True)
        if kind is not None:
            for process in multiprocessing.active_children():
                if process not in self._others:
                    process.terminate()

    def run(self, function, tasks):
        """Calls a function for each task.

        Args:
            function: of a task; with `jobs` > 1 one that pickle finds by name.
            tasks: list of values, picklable with `jobs` > 1.

        Yields:
            `(task, result, error)` as they finish; `error` is an exception
            and `result` None, or the other way round. A process that dies is
            an error (`BrokenProcessPool`) of all tasks that are left.
        """
        if self._jobs == 1 or not tasks:
            for task in tasks:
                yield _attempt(function, task)
            return
        if self._executor is None:
            self._others = multiprocessing.active_children()
            self._executor = concurrent.futures.ProcessPoolExecutor(
                self._jobs,
                multiprocessing.get_context("spawn"),
                _begin,
                (quiet.IS_WANTED,),
            )
        with _inherited():
            futures = {
                self._executor.submit(function, task): task for task in tasks
            }
        for future in concurrent.futures.as_completed(futures):
            yield _attempt(lambda _, f=future: f.result(), futures[future])


def _attempt(function, task):
    try:
        return task, function(task), None
    except Exception as error:
        return task, None, error


@contextlib.contextmanager
def _inherited():
    """What processes that start inside inherit: one thread each, and deafness
    to Ctrl-C, which this process answers."""
    saved = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # Not in the main thread.
        handler = None
    try:
        yield
    finally:
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        for name, value in saved.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin(is_wanted):
    # What the process that started this one has set is not the user's wish.
    if not is_wanted:
        os.environ.pop(quiet.LOG_LEVEL, None)
    with quiet.quiet_import():
        import tfcodec.codec  # noqa: F401
