"""Measurements on the disk, one line each, so that a run can be resumed."""

import contextlib
import hashlib
import json
import os
import pathlib

from tfcodec.errors import TfcodecError
from tfcodec.evaluation.distortions import VERSION
from tfcodec.folder_lock import only_run

FILE = "results.jsonl"


def fingerprint(candidate):
    """What identifies a codec: options, versions, the model's files.

    Args:
        candidate: `Own` or `Peer`.

    Returns:
        str, 16 hexadecimal digits.
    """
    settings = {**candidate.settings(), "measurement": VERSION}
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Store:
    """The file `results.jsonl` of an output folder.

    A line that a crash has cut short is passed over; its measurement is made
    again.

    Args:
        folder: output folder, made if it is not there.
        fresh: bool, discard what is there.

    Raises:
        TfcodecError: the file cannot be read or written, or another run is
            writing to it.
    """

    def __init__(self, folder, fresh=False):
        self.path = pathlib.Path(folder) / FILE
        self._rows = {}
        with contextlib.ExitStack() as stack:
            text = self._open(stack, fresh)
            self._stack = stack.pop_all()
        for line in text.splitlines():
            try:
                row = json.loads(line)
                self._rows[_key(row)] = row
            except (ValueError, KeyError, TypeError):
                continue

    def _open(self, stack, fresh):
        try:
            stack.enter_context(only_run(self.path.parent))
            if fresh:
                self.path.unlink(missing_ok=True)
            text = ""
            if self.path.exists():
                text = self.path.read_text("utf-8", "replace")
            self._file = stack.enter_context(
                open(self.path, "a", encoding="utf-8")
            )
            if text and not text.endswith("\n"):
                self._file.write("\n")
        except OSError as error:
            raise TfcodecError(
                f"{self.path}: {error.strerror or error}"
            ) from error
        return text

    def get(self, sha256, identity, quality):
        """The row of an image, a codec's fingerprint and a quality, or None."""
        return self._rows.get((sha256, identity, float(quality)))

    def add(self, row):
        """Appends a row; it is on the disk when this returns."""
        self._rows[_key(row)] = row
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self):
        self._stack.close()


def _key(row):
    return row["sha256"], row["fingerprint"], float(row["quality"])
