"""What the benchmarks share: a picture and a stopwatch."""

import importlib.resources
import pathlib
import statistics
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
