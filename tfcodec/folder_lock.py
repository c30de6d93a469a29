"""Keeps a second run out of an output folder while one is writing to it."""

import contextlib
import pathlib

from tfcodec.errors import TfcodecError


@contextlib.contextmanager
def only_run(folder):
    """Locks a folder for as long as the context lasts.

    The lock is the operating system's and ends with the process, however it
    ends; the empty file `lock` stays. Where there are no such locks (not a
    POSIX system) nothing is locked.

    Args:
        folder: path, made if it is not there.

    Raises:
        TfcodecError: another run holds it.
        OSError: the folder cannot be written to.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    path = pathlib.Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    with open(path / "lock", "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TfcodecError(
                f"Another run is writing to {folder}. Stop it, or name "
                "another --output."
            ) from error
        yield
