"""What became of the files of a tree: lines, a summary, JSON."""

import collections
import dataclasses
import json
import sys
import time

import tfcodec
from tfcodec.cli.report import shown

_MOST_LISTED = 20  # failures in the summary


@dataclasses.dataclass
class Outcome:
    """What became of one file; what a worker has for a reporter.

    Attributes:
        source: str.
        target: str, or None for a folder that could not be read.
        status: "done", "skipped", "failed" or "pending".
        reason: str, why it failed.
        bytes_before, bytes_after, pixels: int, of source and output.
        psnr: float in dB, with `--verify`.
        seconds: float, what the file took.
        notes: list of str, what the output lacks.
        line: str for people; trace: str, with `--debug`; is_fatal: the next
            file would fail too. These are not in the JSON.
    """

    source: str
    target: str | None
    status: str
    reason: str | None = None
    bytes_before: int | None = None
    bytes_after: int | None = None
    pixels: int | None = None
    psnr: float | None = None
    seconds: float | None = None
    notes: list = dataclasses.field(default_factory=list)
    line: str = ""
    trace: str = ""
    is_fatal: bool = False

    # What `Compressor` and `Decompressor` call.

    def phase(self, text):
        pass

    def step(self, done, total):
        pass

    def note(self, path, text):
        self.notes.append(text)

    def facts(self):
        """A JSON-able dict."""
        facts = dataclasses.asdict(self)
        for name in ("line", "trace", "is_fatal"):
            del facts[name]
        if self.psnr is not None and self.psnr == float("inf"):
            facts["psnr"] = None  # JSON has no infinity.
        return facts


class Report:
    """Collects outcomes and tells them.

    Args:
        settings: dict, JSON-able, with `command` and `dry_run`.
        found: `tree.Tree`.
        as_json: bool. One JSON object on stdout, at the end, instead of lines.
    """

    def __init__(self, settings, found, as_json):
        self.stopped = None  # Why the run did not go on, str.
        self.reporter = None
        self._settings = settings
        self._found = found
        self._as_json = as_json
        self._outcomes = {}  # by source
        self._begun = time.perf_counter()

    @property
    def is_dry_run(self):
        return self._settings["dry_run"]

    def add(self, outcome):
        """One more file is done, skipped, or failed."""
        self._outcomes[outcome.source] = outcome
        for note in outcome.notes:
            self.reporter.note(outcome.source, note)
        if outcome.status == "failed":
            self.reporter.failed(outcome.source, outcome.reason, outcome.trace)
        elif not self._as_json:
            if self.is_dry_run:
                is_there = outcome.status == "skipped"
                outcome.line = (
                    f"{shown(outcome.source)} -> {shown(outcome.target)}"
                    + "  (is there)" * is_there
                )
            if outcome.line:
                self.reporter.result(outcome.line)
        self.reporter.advance()

    def stop(self, why):
        """The run cannot go on."""
        self.stopped = why

    def finish(self, interrupted=False):
        """Prints summary and JSON."""
        seconds = time.perf_counter() - self._begun
        for job in self._found.jobs:
            source = str(job.source)
            if source not in self._outcomes:
                outcome = Outcome(source, str(job.target), "pending")
                self._outcomes[source] = outcome
        outcomes = self._outcomes.values()
        counts = collections.Counter(o.status for o in outcomes)
        for line in self._summary(outcomes, counts, seconds):
            print(f"tfcodec: {line}", file=sys.stderr, flush=True)
        if self._as_json:
            complete = [o for o in outcomes if o.status in ("done", "skipped")]
            facts = {
                "tfcodec": tfcodec.__version__,
                "settings": self._settings,
                "interrupted": interrupted,
                "stopped": self.stopped,
                "seconds": round(seconds, 3),
                "counts": {
                    status: counts[status]
                    for status in ("done", "skipped", "failed", "pending")
                },
                "bytes_before": sum(o.bytes_before for o in complete),
                "bytes_after": sum(o.bytes_after for o in complete),
                "pixels": _pixels(outcomes),
                "left_out": dict(self._found.others),
                "links_not_followed": self._found.num_links,
                "files": [outcome.facts() for outcome in outcomes],
            }
            print(json.dumps(facts, indent=1), flush=True)

    def _summary(self, outcomes, counts, seconds):
        done, pending = counts["done"], counts["pending"]
        parts = [
            f"{done:,} {self._settings['command']}ed",
            f"{counts['skipped']:,} there before",
            f"{counts['failed']:,} failed",
        ]
        if pending:
            what = "to do" if self.is_dry_run else "not begun"
            parts.append(f"{pending:,} {what}")
        if done:
            speed = _pixels(outcomes) / 1e6 / seconds
            parts[-1] += (
                f"; {seconds:.1f} seconds, {speed:.2f} megapixels a second"
            )
        yield f"files: {', '.join(parts)}"
        complete = [o for o in outcomes if o.status in ("done", "skipped")]
        if complete:
            before = sum(o.bytes_before for o in complete)
            after = sum(o.bytes_after for o in complete)
            line = f"bytes: {before:,} before, {after:,} after"
            if self._settings["command"] == "compress" and before:
                line += f", {100 * (1 - after / before):.1f} % saved"
            yield line
        left_out = [
            f"{count:,} {shown(suffix)}"
            for suffix, count in self._found.others.most_common(10)
        ]
        if self._found.num_links:
            left_out.append(f"{self._found.num_links:,} links to folders")
        if left_out:
            yield f"left out: {', '.join(left_out)}"
        failures = [o for o in outcomes if o.status == "failed"]
        for outcome in failures[:_MOST_LISTED]:
            yield f"failed: {shown(outcome.source)}: {outcome.reason}"
        if len(failures) > _MOST_LISTED:
            yield f"and {len(failures) - _MOST_LISTED:,} more, named above"
        if self.stopped:
            yield f"error: stopped: {self.stopped}"


def _pixels(outcomes):
    """Pixels of the files that were done."""
    return sum(o.pixels for o in outcomes if o.status == "done")
