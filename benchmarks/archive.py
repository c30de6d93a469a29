"""A folder of pictures: megapixels a second of tfcodec, AVIF and WebP.

`python benchmarks/archive.py [--preset photo] [--folder PICTURES] [--jobs 1 2]`

`tfcodec compress -r`, with and without `--verify`, and Pillow's AVIF (speed 6)
and WebP (method 4) in as many processes, at the lowest quality at which the
first picture becomes as large as tfcodec makes it. Wall-clock time of all of
it: processes start, pictures are read, files are written and forced to the
disk. With one process each codec may use all cores, with several each process
uses its share of them. Pictures: those of a folder, or copies of the bundled
photograph at 768x512 as JPEG files.
"""

import argparse
import bisect
import functools
import io
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from common import paths
from common import read_picture

from tfcodec.cli.writing import write_whole
from tfcodec.evaluation.machine import num_cores
from tfcodec.evaluation.machine import processor

PEERS = {"AVIF": {"speed": 6}, "WEBP": {"method": 4}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--quality", type=float, default=50)
    parser.add_argument("--folder")
    parser.add_argument("--copies", type=int, default=24)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        source = pathlib.Path(options.folder or make(work, options.copies))
        sources = paths(source)
        print(f"{processor()}, {num_cores()} cores, {len(sources)} pictures")
        print("| codec | jobs | seconds | megapixels a second | bytes |")
        print("|---|---:|---:|---:|---:|")
        size = None
        for jobs in options.jobs:
            for verify in ([], ["--verify"]):
                output = work / f"tfc{jobs}{len(verify)}"
                seconds, facts = tfcodec(
                    [source, "-o", output, "--jobs", jobs, *verify], options
                )
                pixels = facts["pixels"]
                first = {f["source"]: f for f in facts["files"]}[
                    str(sources[0])
                ]
                size = first["bytes_after"]
                name = " ".join(["tfcodec", *verify])
                row(name, jobs, seconds, pixels, facts["bytes_after"])
            for kind, settings in PEERS.items():
                settings = settings | {
                    "quality": quality(kind, sources[0], size)
                }
                if kind == "AVIF":
                    settings["max_threads"] = max(1, num_cores() // jobs)
                output = work / f"{kind}{jobs}"
                seconds, num_bytes = pillow(
                    kind, settings, sources, output, jobs
                )
                name = f"{kind}, quality {settings['quality']}"
                row(name, jobs, seconds, pixels, num_bytes)


def row(name, jobs, seconds, pixels, num_bytes):
    print(
        f"| {name} | {jobs} | {seconds:.1f} | {pixels / 1e6 / seconds:.2f} | "
        f"{num_bytes:,} |",
        flush=True,
    )


def make(folder, count):
    """A folder of copies of the bundled photograph."""
    source = folder / "pictures"
    source.mkdir()
    for i in range(count):
        read_picture().save(source / f"{i:04}.jpg", quality=95, subsampling=0)
    return source


def tfcodec(arguments, options):
    """`(seconds, report)` of a run in a process of its own."""
    command = [sys.executable, "-m", "tfcodec", "compress", "-r", "--json"]
    settings = ["--preset", options.preset, "-q", str(options.quality)]
    begun = time.perf_counter()
    done = subprocess.run(
        [*command, *map(str, arguments), *settings],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begun, json.loads(done.stdout)


def quality(kind, path, size):
    """The lowest quality at which a picture has `size` bytes or more."""
    return 1 + bisect.bisect_left(
        range(1, 100),
        size,
        key=lambda q: len(encode(kind, PEERS[kind] | {"quality": q}, path)),
    )


def pillow(kind, settings, sources, output, jobs):
    """`(seconds, bytes)` of files that Pillow makes in `jobs` processes."""
    begun = time.perf_counter()
    work = functools.partial(convert, kind, settings, output)
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        num_bytes = sum(pool.imap_unordered(work, sources))
    return time.perf_counter() - begun, num_bytes


def convert(kind, settings, output, path):
    """Writes one file, as safely as tfcodec does; returns its bytes."""
    data = encode(kind, settings, path)
    write_whole(output / f"{path.name}.{kind.lower()}", data)
    return len(data)


def encode(kind, settings, path):
    file = io.BytesIO()
    read_picture(path).save(file, kind, **settings)
    return file.getvalue()


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
