"""Errors of requests, with the codes of gRPC and of HTTP.

TensorFlow, gRPC and TensorFlow Serving share one list of codes; its HTTP
server translates them (`ToHTTPStatusCode` in tensorflow_serving/model_servers).
"""

import itertools
import re

from tfcodec.errors import TfcodecError

# In the order of their numbers.
CODES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
HTTP = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "UNAUTHENTICATED": 401,
}  # 500 for the others


class StatusError(TfcodecError):
    """A request that fails.

    Args:
        code: str, one of `CODES`.
        message: str, for the client.
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code

    @property
    def http(self):
        """int, status code of the HTTP response."""
        return HTTP.get(self.code, 500)


def invalid(message):
    """The `StatusError` of a request that is wrong in itself."""
    return StatusError("INVALID_ARGUMENT", message)


def as_status(error):
    """Any exception as a `StatusError`; TensorFlow's keep their code."""
    if isinstance(error, StatusError):
        return error
    number = getattr(error, "error_code", None)  # of tf.errors.OpError
    if isinstance(number, int) and 0 < number < len(CODES):
        return StatusError(CODES[number], _plain(error.message))
    if isinstance(error, MemoryError):
        return StatusError("RESOURCE_EXHAUSTED", "not enough memory")
    return StatusError("INTERNAL", f"{type(error).__name__}: {error}")


def _plain(message):
    """A message of TensorFlow without what its Python adds to it."""
    lines = message.splitlines()
    if lines[:1] == ["Graph execution error:"]:
        added = ("Detected at node", "<stack traces", "  ")
        lines = itertools.dropwhile(
            lambda line: not line or line.startswith(added), lines[1:]
        )
    return re.sub(r" \[Op:[^\]]*\]$", "", "\n".join(lines))
