"""Ctrl-C while native code is imported, in this process."""

import signal
import threading

import pytest

from tfcodec.cli.interrupt import Interrupt
from tfcodec.cli.interrupt import deferred


@pytest.fixture(autouse=True)
def handler():
    """Python's own handler, as in a shell; that of the tests comes back."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_it_waits_for_the_end(handler):
    reached = []
    with pytest.raises(KeyboardInterrupt):
        with deferred():
            signal.raise_signal(signal.SIGINT)
            reached.append("end")
        reached.append("after")
    assert reached == ["end"]
    assert signal.getsignal(signal.SIGINT) is handler


def test_nothing_happens_without_it(handler):
    with deferred():
        pass
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_second_one_does_not_wait():
    reached = []
    with pytest.raises(KeyboardInterrupt):
        with deferred():
            signal.raise_signal(signal.SIGINT)
            reached.append("once")
            signal.raise_signal(signal.SIGINT)
            reached.append("twice")
    assert reached == ["once"]


def test_it_is_remembered_as_any_other():
    with Interrupt() as interrupt:
        with pytest.raises(KeyboardInterrupt):
            with deferred():
                signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()


def test_an_ignored_signal_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with deferred():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_other_threads_do_without():
    done = []

    def work():
        with deferred():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
