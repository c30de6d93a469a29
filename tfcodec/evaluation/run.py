"""A whole evaluation: plan, measure, sum up, write."""

import concurrent.futures.process
import json
import pathlib

from tfcodec.errors import TfcodecError
from tfcodec.evaluation import machine
from tfcodec.evaluation import slider
from tfcodec.evaluation import summary
from tfcodec.evaluation.measure import Task
from tfcodec.evaluation.measure import load
from tfcodec.evaluation.measure import measure
from tfcodec.evaluation.own import Own
from tfcodec.evaluation.pictures import list_paths
from tfcodec.evaluation.pictures import open_picture
from tfcodec.evaluation.pool import Workers
from tfcodec.evaluation.published import read_published
from tfcodec.evaluation.results import assemble
from tfcodec.evaluation.settings import Settings
from tfcodec.evaluation.store import Store
from tfcodec.evaluation.store import fingerprint


class Listener:
    """Hears what goes on; this one keeps failures and does nothing else."""

    def __init__(self):
        self.failures = []  # (what, exception)

    def phase(self, text):
        """What is going on now."""

    def advance(self):
        """One more piece of work is done, well or not."""

    def failure(self, what, error):
        self.failures.append((what, error))


def evaluate_folder(folder, listener=None, **settings):
    """Compares codecs on a folder of images; what `tfcodec eval` does.

    With `jobs` above 1 call it under `if __name__ == "__main__":`, since other
    processes are started.

    Args:
        folder: path.
        listener: `Listener`, or None.
        **settings: the other arguments of `Settings`.

    Returns:
        Dict, what is written to `results.json`; docs/evaluation.md lists it.

    Raises:
        ValueError: a setting makes no sense.
        TfcodecError: nothing can be measured. A single image or measurement
            that fails is told to the listener, and listed under "failures".
    """
    evaluation = Evaluation(Settings(str(folder), **settings))
    with evaluation:
        listener = listener or Listener()
        evaluation.measure(listener)
        return evaluation.finish(listener)


class Evaluation:
    """Context manager of one run over a folder.

    Args:
        settings: `Settings`.

    Raises:
        ValueError, TfcodecError: see `evaluate_folder`.
    """

    def __init__(self, settings):
        self.settings = settings
        self.candidates = settings.candidates()
        self.published, self.sources = {}, {}
        if settings.published:
            self.published, self.sources = read_published(
                settings.published, settings.published_names
            )
            for candidate in self.candidates:
                if candidate.name in self.published:
                    name = candidate.name + " (published)"
                    self.published[name] = self.published.pop(candidate.name)
                    self.sources[name] = self.sources.pop(candidate.name)
        self.failures = []  # (name of image, what it was, exception)
        self.pictures = self._open()
        self.threads = machine.num_cores() if settings.jobs == 1 else 1
        self._workers = Workers(settings.jobs)
        self.store = Store(settings.output, settings.fresh)
        self.identities = {c.name: fingerprint(c) for c in self.candidates}
        self.todo = [
            Task(
                picture,
                candidate,
                self.identities[candidate.name],
                float(quality),
                settings.jobs,
                self.threads,
            )
            for picture in self.pictures
            for candidate in self.candidates
            for quality in candidate.qualities
            if self._row(picture, candidate, quality) is None
        ]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._workers.__exit__(*exception)
        self.store.close()

    @property
    def steps(self):
        """Number of times that `advance` will be called."""
        return len(self.todo) + len(self._slider_pairs())

    def measure(self, listener):
        """Makes the measurements that are not in the store yet.

        Raises:
            TfcodecError: a preset cannot be loaded, or a process died.
        """
        for name, _, error in self.failures:
            listener.failure(name, error)
        self._load(listener)
        listener.phase("measuring")
        for task, row, error in self._workers.run(measure, self.todo):
            what = f"{task.candidate.name}, quality {task.quality:g}"
            self._check_alive(error)
            if error is None:
                self.store.add(row)
            else:
                self._fail(listener, task.picture.name, what, error)
            listener.phase(f"{task.picture.name}: {what}")
            listener.advance()
        self.todo = []

    def finish(self, listener):
        """Sums up and writes all files; returns the results."""
        from tfcodec.evaluation import plots
        from tfcodec.evaluation import report

        rows = self._complete_rows()
        if not rows:
            raise TfcodecError("No image was measured by every codec.")
        pairs = self._match(listener)
        results = assemble(self, rows)
        listener.phase("writing the report")
        folder = pathlib.Path(self.settings.output)
        text = json.dumps(results, indent=1)
        (folder / "results.json").write_text(text + "\n", "utf-8")
        averages = {n: c["averages"] for n, c in results["codecs"].items()}
        summary.write_csv(folder, averages, rows)
        drawings = plots.draw_all(folder, results)
        page = report.make_page(results, pairs, drawings)
        (folder / "report.html").write_text(page, "utf-8")
        return results

    def _open(self):
        paths = list_paths(self.settings.folder)[: self.settings.limit]
        pictures = []
        for path in paths:
            try:
                pictures.append(open_picture(path))
            except TfcodecError as error:
                self.failures.append((path.name, "", error))
        if not pictures:
            name, _, error = self.failures[0]
            raise TfcodecError(f"{name}: {error}")
        return pictures

    def _load(self, listener):
        """Loads the presets that are needed, so that one that cannot be is
        one error, not one for each image and quality."""
        needed = {task.fingerprint for task in self.todo}
        mine = [
            candidate
            for candidate in self.candidates
            if isinstance(candidate, Own)
            and self.identities[candidate.name] in needed
        ]
        listener.phase("loading")
        for _, _, error in self._workers.run(load, mine):
            self._check_alive(error)
            if error is not None:
                raise error

    def _row(self, picture, candidate, quality):
        identity = self.identities[candidate.name]
        row = self.store.get(picture.sha256, identity, quality)
        # Names of files and codecs may have changed since.
        return row and {**row, "image": picture.name, "codec": candidate.name}

    def _complete_rows(self):
        """Rows of the images for which no measurement is missing."""
        complete = []
        for picture in self.pictures:
            rows = [
                self._row(picture, candidate, quality)
                for candidate in self.candidates
                for quality in candidate.qualities
            ]
            if None not in rows:
                complete += rows
        return complete

    def _slider_pairs(self):
        peer = self._slider_peer()
        if peer is None:
            return []
        own = self.candidates[0]
        folder = pathlib.Path(self.settings.output, "slider").resolve()
        pairs = []
        for picture in self.pictures[: self.settings.slider_images]:
            known = [
                (quality, row["bytes"])
                for quality in peer.qualities
                if (row := self._row(picture, peer, quality))
            ]
            key = "-".join(
                (
                    picture.sha256[:16],
                    self.identities[own.name],
                    self.identities[peer.name],
                    f"{self.settings.slider_bpp:g}",
                )
            )
            pairs.append(
                slider.Pair(
                    picture,
                    own,
                    peer,
                    self.settings.slider_bpp,
                    tuple(known),
                    str(folder / f"{key}.json"),
                    self.threads,
                )
            )
        return pairs

    def _slider_peer(self):
        """The `Peer` in the report's pictures, or None if there is none."""
        name = self.settings.slider_against
        peers = [c for c in self.candidates if not isinstance(c, Own)]
        for peer in peers:
            if peer.name == name or (name is None and peer.kind == "avif"):
                return peer
        return peers[0] if peers else None

    def _match(self, listener):
        listener.phase("matching pictures for the report")
        found = {}
        pairs = self._slider_pairs()
        for pair, result, error in self._workers.run(slider.match, pairs):
            self._check_alive(error)
            if error is None:
                found[pair.picture.name] = {
                    **result,
                    "image": pair.picture.name,
                }
            else:
                self._fail(listener, pair.picture.name, "pictures", error)
            listener.advance()
        return [found[p.name] for p in self.pictures if p.name in found]

    def _fail(self, listener, name, what, error):
        self.failures.append((name, what, error))
        listener.failure(f"{name}, {what}", error)

    def _check_alive(self, error):
        if isinstance(error, concurrent.futures.process.BrokenProcessPool):
            raise TfcodecError(
                "A process of the evaluation ended abruptly (out of memory?): "
                "try fewer --jobs. What was measured is kept."
            ) from error
