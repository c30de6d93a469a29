"""Exceptions that callers of tfcodec may want to catch.

Callers' mistakes raise `ValueError` or `TypeError`. Anything wrong in bytes
that came from outside raises `BitstreamError`, and nothing else.
"""


class TfcodecError(Exception):
    """Base class of the errors that only tfcodec raises."""


class BitstreamError(TfcodecError, ValueError):
    """Bytes that are not a valid tfcodec file, or not one for this model."""
