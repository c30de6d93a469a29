"""Importing TensorFlow and running LiteRT without their messages."""

import contextlib
import os
import sys

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
# Asked before anything here sets it: whether the user wants the messages.
IS_WANTED = LOG_LEVEL in os.environ


@contextlib.contextmanager
def quiet_import():
    """Keeps TensorFlow's C++ messages off stderr, unless the user wants them.

    The log level (3: fatal errors only) silences all but what is printed while
    TensorFlow is being imported: that ignores the level, and goes to file
    descriptor 2 directly.
    """
    if LOG_LEVEL in os.environ:
        yield
        return
    os.environ[LOG_LEVEL] = "3"
    if "keras" in sys.modules:
        yield
        return
    with quiet_descriptor():
        yield


@contextlib.contextmanager
def quiet_descriptor():
    """Keeps what C++ code prints to file descriptor 2 off it, unless wanted.

    For code that takes no log level, and raises its errors.
    """
    try:
        saved = os.dup(2)
    except OSError:  # There is no stderr.
        yield
        return
    try:
        if not IS_WANTED:
            with open(os.devnull, "wb") as null:
                os.dup2(null.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
