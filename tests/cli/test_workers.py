"""Processes that do tasks, and what happens when they die."""

import os
import signal
import threading
import time

import pytest

from tfcodec.cli.workers import WorkerDied
from tfcodec.cli.workers import Workers
from tfcodec.errors import TfcodecError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
TASKS = """
import os, signal, time

def make(word, num_threads):
    if word == "fail":
        raise ValueError("there is nothing to work with")
    if word == "die":
        os._exit(3)
    def work(task):
        if task == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if task == "exit":
            os._exit(1)
        if task == "sleep":
            time.sleep(60)
        if task == "threads":
            return num_threads
        if task == "ignores":
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
            handler = signal.getsignal(signal.SIGINT)
            return handler == signal.SIG_IGN or signal.SIGINT in blocked
        return os.getpid(), f"{word} {task}"
    return work
"""


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """`make` of a module that other processes can import."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "tasks_of_workers.py").write_text(TASKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        import tasks_of_workers

        yield tasks_of_workers.make


def test_results_and_deaths(make):
    tasks = ["a", "die", "b", "exit", "c", "d"]
    with Workers(2, make, ("did",)) as workers:
        found = {task: (r, e) for task, r, e in workers.run(tasks)}
        (again,) = workers.run(["ignores"])
    assert sorted(found) == sorted(tasks)
    pids = set()
    for task in "abcd":
        (pid, text), error = found[task]
        assert text == f"did {task}" and error is None
        pids.add(pid)
    assert os.getpid() not in pids
    for task, how in (("die", "by SIGKILL"), ("exit", "exit code 1")):
        result, error = found[task]
        assert result is None and isinstance(error, WorkerDied)
        assert how in str(error) and "memory" in str(error)
    assert again == ("ignores", True, None)


def test_threads_are_shared(make, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 9)
    with Workers(2, make, ("did",)) as workers:
        assert list(workers.run(["threads"])) == [("threads", 4, None)]
    with Workers(1, make, ("did",)) as workers:
        assert list(workers.run(["threads"])) == [("threads", None, None)]


@pytest.mark.parametrize(
    "word, message",
    [("fail", "nothing to work with"), ("die", "no process can begin.*code 3")],
)
def test_processes_that_cannot_begin(make, word, message):
    with Workers(1, make, (word,)) as workers:
        with pytest.raises(TfcodecError, match=message):
            list(workers.run(["a", "b"]))


def test_tasks_are_asked_for_when_a_process_is_free(make):
    asked = []

    def tasks():
        for i in range(6):
            asked.append(i)
            yield i

    with Workers(1, make, ("did",)) as workers:
        for count, _ in enumerate(workers.run(tasks()), start=1):
            assert len(asked) <= count + 1
            if count == 2:
                break
    assert len(asked) < 6


def test_an_exception_ends_them_at_once(make):
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        with Workers(2, make, ("did",)) as workers:
            for task, _, _ in workers.run(["a", "sleep"]):
                assert task == "a"
                raise KeyboardInterrupt
    assert time.monotonic() - begun < 30


def test_ctrl_c_while_waiting(make):
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        with Workers(1, make, ("did",)) as workers:
            timer.start()
            list(workers.run(["sleep"]))
