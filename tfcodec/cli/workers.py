"""Processes that each do one task at a time; one that dies is replaced.

`concurrent.futures` gives all tasks up when a process dies. Here the death of
a process, of which the kernel or native code may be the cause, is the failure
of the one task that it had.
"""

import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.resource_tracker
import os
import signal

from tfcodec.cli.report import reason
from tfcodec.errors import TfcodecError

_MAX_FAILED_STARTS = 3
_PATIENCE = 10  # seconds for a process that has nothing to do to end


class WorkerDied(TfcodecError):
    """The process that did a task has ended before it was done."""


class Workers:
    """Context manager of worker processes; they start when needed.

    Leaving it ends them: at once, giving up what is under way, if there is an
    exception.

    Args:
        num: int, how many processes.
        make: function that makes, in each process, the function of a task;
            one that pickle finds by name. An exception of its is the end of
            everything, one of that function the end of its process.
        arguments: tuple for `make`. It gets one argument more, how many
            threads to use: the processes share the cores. None: all of them.
    """

    def __init__(self, num, make, arguments):
        self._num = num
        self._make = make
        self._arguments = arguments
        self._workers = []
        self._failed_starts = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, *exception):
        for worker in self._workers:
            worker.connection.close()  # It ends when it reads this.
            worker.process.join(0 if kind else _PATIENCE)
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()

    def run(self, tasks):
        """Does tasks.

        Args:
            tasks: iterable of picklable values. The next one is asked for
                when a process is free.

        Yields:
            `(task, result, error)` as they finish; `error` is an exception
            and `result` None, or the other way round.

        Raises:
            TfcodecError: processes cannot begin, or end before they do.
        """
        tasks = iter(tasks)
        waiting = next(tasks, None)
        while waiting is not None or any(w.is_busy for w in self._workers):
            for worker in self._workers:
                if waiting is not None and worker.is_free:
                    worker.begin(waiting)
                    waiting = next(tasks, None)
            if waiting is not None and len(self._workers) < self._num:
                worker = _Worker(self._make, self._arguments, self._threads())
                self._workers.append(worker)
                continue
            by_connection = {w.connection: w for w in self._workers}
            for connection in multiprocessing.connection.wait(by_connection):
                yield from self._hear(by_connection[connection])

    def _hear(self, worker):
        """What a worker says: that it is ready, or a result; or its end."""
        try:
            result = worker.connection.recv()
        except (EOFError, OSError):
            self._workers.remove(worker)
            error = WorkerDied(worker.last_words())
            if worker.is_busy:
                yield worker.task, None, error
                return
            self._failed_starts += 1
            if self._failed_starts >= _MAX_FAILED_STARTS:
                raise TfcodecError(f"no process can begin: {error}") from None
            return
        self._failed_starts = 0
        if isinstance(result, TfcodecError):
            raise result
        task, was_busy = worker.task, worker.is_busy
        worker.rest()
        if was_busy:
            yield task, result, None

    def _threads(self):
        """How many threads each process is to use; None for all."""
        if self._num == 1:
            return None
        return max(1, (os.cpu_count() or 1) // self._num)


class _Worker:
    """A process as the one that started it sees it."""

    def __init__(self, make, arguments, num_threads):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=_serve,
            args=(theirs, make, arguments, num_threads),
            daemon=True,
        )
        with _deaf():
            self.process.start()
        theirs.close()
        self.task = None
        self.is_busy = False
        self.is_free = False  # It has to start yet.

    def begin(self, task):
        self.task = task
        self.is_busy, self.is_free = True, False
        with contextlib.suppress(OSError):  # Its end will be heard.
            self.connection.send(task)

    def rest(self):
        self.task = None
        self.is_busy, self.is_free = False, True

    def last_words(self):
        """How the process, whose end was heard, has ended."""
        self.connection.close()
        self.process.join(_PATIENCE)
        code = self.process.exitcode
        if code is None or code >= 0:
            how = f"its process ended by itself (exit code {code})"
        else:
            how = f"its process was ended by {signal.Signals(-code).name}"
        # So end native libraries, and so ends the kernel what takes too much.
        return f"{how}; perhaps there was not enough memory for this image"


@contextlib.contextmanager
def _deaf():
    """A process that starts inside does not hear Ctrl-C; this one does."""
    multiprocessing.resource_tracker.ensure_running()  # It would unblock it.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection, make, arguments, num_threads):
    """The life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if num_threads is not None:
        for name in ("INTRA", "INTER"):
            os.environ[f"TF_NUM_{name}OP_THREADS"] = str(num_threads)
    # The other process is gone when reading or writing fails.
    with contextlib.suppress(EOFError, OSError):
        try:
            work = make(*arguments, num_threads)
        except Exception as error:
            connection.send(TfcodecError(reason(error)))
            return
        connection.send(None)
        while True:
            connection.send(work(connection.recv()))
