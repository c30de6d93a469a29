"""Peak memory and time of the command line on large pictures, each way.

    python benchmarks/memory.py [--sizes 4000x3000,12240x8160]
        [--runtimes litert,tf] [--efforts 1] [--alpha] [--verify]

Each command is a process of its own, from a PNG file to a `.tfc` file and back;
its peak is `ru_maxrss`, so Python, the networks' runtime and reading and
writing the picture are in it. The picture is the bundled photograph, mirrored
to fill the size, with `--alpha` transparent in a gradient from left to right.
Efforts above 1 run in TensorFlow only.
"""

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
from common import demo
from common import in_process
from PIL import Image

EFFORT_RUNTIME = "tf"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--sizes", default="4000x3000,12240x8160")
    parser.add_argument("--runtimes", default="litert,tf")
    parser.add_argument("--efforts", default="1")
    parser.add_argument("--alpha", action="store_true")
    parser.add_argument("--verify", action="store_true")
    options = parser.parse_args()
    efforts = [int(effort) for effort in options.efforts.split(",")]
    print("| size | MP | runtime | command | peak MiB | s |")
    print("|--:|--:|---|---|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes.split(","):
            # Elsewhere, since a process starts with the peak of its parent.
            form = "alpha" if options.alpha else "opaque"
            pixels = in_process(__file__, "--picture", size, form, folder)
            for runtime in options.runtimes.split(","):
                for case, arguments in cases(runtime, efforts, options.verify):
                    arguments += ["--preset", options.preset]
                    peak, seconds = in_process(
                        __file__, "--case", folder, *case.split(), *arguments
                    )
                    print(
                        f"| {size} | {pixels / 1e6:.1f} | {runtime} | {case} "
                        f"| {peak:,.0f} | {seconds:.1f} |",
                        flush=True,
                    )


def cases(runtime, efforts, verify):
    """Commands as the table shows them, and the rest of their arguments."""
    arguments = ["--runtime", runtime, "--force"]
    for effort in efforts:
        if effort == 1 or runtime == EFFORT_RUNTIME:
            yield f"compress --effort {effort}", ["picture.png", *arguments]
    if verify:
        yield "compress --verify", ["picture.png", *arguments]
    yield "decompress", ["picture.tfc", *arguments]


def run_case(folder, *arguments):
    """Runs the command line; prints its peak in MiB and seconds as JSON."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "tfcodec", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # bytes, or kB
    print(json.dumps([peak / unit, seconds]))


def write_picture(size, form, folder):
    """Writes `picture.png`; prints its number of pixels."""
    width, height = (int(n) for n in size.split("x"))
    path = pathlib.Path(folder, "picture.png")
    image = Image.fromarray(picture(width, height))
    if form == "alpha":
        alpha = np.linspace(0, 255, width).astype(np.uint8)
        image.putalpha(Image.fromarray(np.tile(alpha, (height, 1))))
    image.save(path, compress_level=1)
    print(width * height)


def picture(width, height):
    """uint8 `(height, width, 3)`: the photograph, cut or mirrored to size."""
    tile = np.asarray(demo())[:height, :width]
    after = [
        (0, n - m) for n, m in zip((height, width), tile.shape[:2], strict=True)
    ]
    return np.pad(tile, [*after, (0, 0)], mode="symmetric")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        run_case(*sys.argv[2:])
    elif sys.argv[1:2] == ["--picture"]:
        write_picture(*sys.argv[2:])
    else:
        main()
