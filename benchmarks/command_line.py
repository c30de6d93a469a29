"""Whole processes: `tfcodec` beside the tools that people use now.

`python benchmarks/command_line.py [--preset photo] [--image PICTURE]`

Wall-clock times from starting a program to its end, for a 768x512 PNG (the
bundled photograph, resized, unless another is named). Beside `tfcodec` with
LiteRT and with TensorFlow those of `cwebp`, `avifenc` and `cjxl` (Debian:
`apt install webp libavif-bin libjxl-tools`) that are on the PATH.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from common import read_picture

from tfcodec.evaluation.machine import processor

TFCODEC = [sys.executable, "-m", "tfcodec"]


def tools(preset):
    """`(name, suffix, encode, decode)`: commands without the two files."""
    own = ["--force", "--preset", preset]
    return [
        *(
            (
                f"tfcodec, {runtime}",
                ".tfc",
                [*TFCODEC, "compress", *own, "--runtime", runtime],
                [*TFCODEC, "decompress", *own, "--runtime", runtime],
            )
            for runtime in ("litert", "tf")
        ),
        ("cwebp -m 6", ".webp", ["cwebp", "-quiet", "-m", "6"], ["dwebp"]),
        ("avifenc -s 6", ".avif", ["avifenc", "-s", "6"], ["avifdec"]),
        ("avifenc -s 4", ".avif", ["avifenc", "-s", "4"], ["avifdec"]),
        ("cjxl -e 7", ".jxl", ["cjxl", "-e", "7"], ["djxl"]),
    ]


def seconds(command, repeats):
    """Median wall-clock time of a process, after one to warm up."""
    times = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--image")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "picture.png")
        picture = read_picture(options.image)
        picture.save(source)
        print(
            f"{processor()}, {os.cpu_count()} cores, "
            f"{picture.width}x{picture.height}, median of {options.repeats}"
        )
        print("| program | bytes | encode s | decode s |")
        print("|---|---:|---:|---:|")
        for name, suffix, encode, decode in tools(options.preset):
            if shutil.which(encode[0]) is None:
                continue
            file, back = source.with_suffix(suffix), source.with_name("b.png")
            ends = ["-o", str(file)]
            plain = name.startswith(("avifenc", "cjxl"))
            there = [str(source), *(ends[1:] if plain else ends)]
            again = [str(file), *([] if plain else ["-o"]), str(back)]
            times = (
                seconds([*encode, *there], options.repeats),
                seconds([*decode, *again], options.repeats),
            )
            print(
                f"| {name} | {file.stat().st_size} | {times[0]:.2f} | "
                f"{times[1]:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
