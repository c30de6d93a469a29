"""Ctrl-C that cannot get lost, nor end the process in the wrong place.

Python drops a `KeyboardInterrupt` that is raised inside a destructor or a
weak-reference callback, and imports of large packages run many of those. So
the signal is remembered as well, and asked for between the steps of the work.
Native modules that are being imported call Python back where C++ may not
throw: there an exception would abort the process, and so it waits.
"""

import contextlib
import signal


@contextlib.contextmanager
def deferred():
    """Ctrl-C waits for the end of what is inside; a second one does not.

    Raises:
        KeyboardInterrupt: at the end, if the signal came.
    """
    seen = []

    def remember(number, frame):
        if seen:
            raise KeyboardInterrupt
        seen.append(number)

    previous = signal.getsignal(signal.SIGINT)
    try:
        # Not if someone ignores the signal (nohup), or C handles it.
        if previous in (signal.SIG_IGN, None):
            raise ValueError
        signal.signal(signal.SIGINT, remember)
    except ValueError:  # Or if this is not the main thread.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        if seen:
            # To the one who waits for it, who may want to remember it too.
            signal.raise_signal(signal.SIGINT)


class Interrupt:
    """Context manager that remembers SIGINT; it still raises at once."""

    def __init__(self):
        self._seen = False
        self._previous = None

    def __enter__(self):
        # Not if someone ignores the signal (nohup) or handles it already.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            try:
                self._previous = signal.signal(signal.SIGINT, self._handle)
            except ValueError:  # Not in the main thread.
                self._previous = None
        return self

    def __exit__(self, *exception):
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def check(self):
        """Raises KeyboardInterrupt if the signal came, now or before."""
        if self._seen:
            raise KeyboardInterrupt

    def _handle(self, number, frame):
        self._seen = True
        raise KeyboardInterrupt
