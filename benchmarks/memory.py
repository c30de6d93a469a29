"""Peak memory and time of a 12-megapixel photograph, in each direction.

`python benchmarks/memory.py [--efforts 1,2] [--size 4000x3000]`

Each case is a process of its own; its peak is `ru_maxrss`, so Python, Keras,
the backend and the picture itself are in it: the first line shows these. The
picture is the bundled photograph, mirrored to fill the size.
"""

import argparse
import json
import pathlib
import sys
import tempfile
import time

import numpy as np
from common import demo
from common import in_process
from common import peak_mib

QUALITY = 50.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--efforts", default="1,2")
    parser.add_argument("--size", default="4000x3000", help="WIDTHxHEIGHT")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cases = ["load"]
        for effort in options.efforts.split(","):
            cases.append(f"compress --effort {effort}")
        cases.append("decompress")
        print("| case | peak MiB | s |")
        print("|---|---:|---:|")
        for case in cases:
            arguments = (case, folder, options.preset, options.size)
            peak, seconds = in_process(__file__, "--case", *arguments)
            print(f"| {case} | {peak:,.0f} | {seconds:.1f} |", flush=True)


def run_case(case, folder, preset, size):
    """In a process of its own: prints peak MiB and seconds as JSON."""
    import tfcodec

    file = pathlib.Path(folder, "picture.tfc")
    codec = tfcodec.load(preset)
    image = picture(*(int(n) for n in size.split("x")))
    begun = time.perf_counter()
    if case.startswith("compress"):
        effort = int(case.split()[-1])
        file.write_bytes(codec.compress(image, QUALITY, effort))
    elif case == "decompress":
        codec.decompress(file.read_bytes())
    seconds = time.perf_counter() - begun
    print(json.dumps([peak_mib(), seconds]))


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
    else:
        main()
