"""What the benchmarks share: pictures, a stopwatch, processes, LiteRT files."""

import importlib.resources
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import time

from PIL import Image

SIZE = (768, 512)


def demo():
    """The bundled photograph in its own size, RGB."""
    path = importlib.resources.files("tfcodec.demo_data") / "whale.webp"
    with path.open("rb") as file, Image.open(file) as picture:
        return picture.convert("RGB")


def read_picture(path=None):
    """The picture that was named, or the bundled photograph at `SIZE`; RGB."""
    if path is None:
        return demo().resize(SIZE, Image.Resampling.LANCZOS)
    with Image.open(path) as picture:
        return picture.convert("RGB")


def paths(folder):
    """The pictures in a folder; a None, the demo's, if there is no folder."""
    if folder is None:
        return [None]
    return sorted(
        path
        for path in pathlib.Path(folder).iterdir()
        if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp")
    )


def milliseconds(function, repeats):
    """Median wall and CPU time of a call, after one to warm up."""
    function()
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        function()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return 1e3 * statistics.median(walls), 1e3 * statistics.median(cpus)


def in_process(script, *arguments):
    """The JSON that a script prints last, in a process of its own."""
    done = subprocess.run(
        [sys.executable, script, *arguments],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def peak_mib():
    """The most memory that this process has had, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # bytes, or kB
    return peak / unit


class Signatures:
    """Calls signatures of an exported LiteRT file.

    Args:
        interpreter: `ai_edge_litert.interpreter.Interpreter`.
    """

    def __init__(self, interpreter):
        self._interpreter = interpreter
        self._runners = {}

    def __call__(self, name, **inputs):
        """The outputs by name.

        Raises:
            RuntimeError: the status is not 0.
        """
        if name not in self._runners:
            runner = self._interpreter.get_signature_runner(name)
            self._runners[name] = runner
        found = self._runners[name](**inputs)
        status = found.pop("status")
        if status != 0:
            raise RuntimeError(f"{name}: status {status}")
        return found
