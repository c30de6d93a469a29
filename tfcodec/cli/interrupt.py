"""Ctrl-C that cannot get lost.

Python drops a `KeyboardInterrupt` that is raised inside a destructor or a
weak-reference callback, and imports of large packages run many of those. So
the signal is remembered as well, and asked for between the steps of the work.
"""

import signal


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
