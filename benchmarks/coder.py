"""Speed of the entropy coder by payload size, in symbols per second.

    python benchmarks/coder.py [--repeats 7]

Each figure is the best of several runs on one thread. zlib at level 6 packs
and unpacks the same symbols as int16 in the same run; the ratio to it is what
can be compared between machines.
"""

import argparse
import functools
import math
import os
import platform
import time
import zlib

import numpy as np

from tfcodec.coding import CdfTables
from tfcodec.coding import RansDecoder
from tfcodec.coding import code_length
from tfcodec.coding import encode
from tfcodec.coding import quantize_pmf
from tfcodec.evaluation.machine import processor

SIZES = (1_000, 3_000, 10_000, 45_000, 200_000, 1_000_000)  # Symbols.
NUM_SCALES = 64


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    print(
        f"{processor()}, {os.cpu_count()} cores, 1 thread used; "
        f"Python {platform.python_version()}, NumPy {np.__version__}, "
        f"zlib {zlib.ZLIB_RUNTIME_VERSION}; best of {repeats}\n"
    )
    print(
        "| symbols | payload bytes | lanes | over ideal | encode, M symbols/s "
        "| decode, M symbols/s | encode / zlib -6 | decode / zlib |"
    )
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    scales = np.exp(np.linspace(math.log(0.11), math.log(60), NUM_SCALES))
    tables = build_tables(scales)
    for size in SIZES:
        print(measure(size, scales, tables, repeats))


def measure(size, scales, tables, repeats):
    """One line of the table."""
    rng = np.random.default_rng(size)
    rows = rng.integers(0, NUM_SCALES, size)
    values = np.rint(rng.normal(size=size) * scales[rows]).astype(np.int32)
    payload = encode([(values, rows)], tables)
    raw = values.astype("<i2").tobytes()
    packed = zlib.compress(raw, 6)

    decode = functools.partial(decode_all, payload, rows, tables)
    if not np.array_equal(decode(), values):
        raise RuntimeError("The decoder did not return what was encoded.")
    encode_s = best(lambda: encode([(values, rows)], tables), repeats)
    decode_s = best(decode, repeats)
    compress_s = best(lambda: zlib.compress(raw, 6), repeats)
    decompress_s = best(lambda: zlib.decompress(packed), repeats)
    over = 8 * len(payload) / code_length(values, rows, tables) - 1
    return (
        f"| {size:,} | {len(payload):,} "
        f"| {int.from_bytes(payload[:2], 'little')} | {over:+.2%} "
        f"| {size / encode_s / 1e6:.1f} | {size / decode_s / 1e6:.1f} "
        f"| {compress_s / encode_s:.2f} | {decompress_s / decode_s:.2f} |"
    )


def build_tables(scales):
    """A rounded normal for each scale; the escape gets the tails."""
    cdfs, offsets = [], []
    for scale in scales:
        reach = max(1, math.ceil(4 * scale))
        edges = np.arange(-reach, reach + 2) - 0.5
        pmf = np.diff([math.erfc(-e / scale / math.sqrt(2)) / 2 for e in edges])
        cdfs.append(quantize_pmf(np.append(pmf, max(1 - pmf.sum(), 1e-6))))
        offsets.append(-reach)
    return CdfTables.from_rows(cdfs, offsets)


def decode_all(payload, rows, tables):
    """The values of a payload with one segment."""
    decoder = RansDecoder(payload, tables)
    found = decoder.decode(rows)
    decoder.finish()
    return found


def best(function, repeats, clock=time.perf_counter):
    """Seconds, by `clock`, of the fastest of `repeats` calls."""
    seconds = math.inf
    for _ in range(repeats):
        begin = clock()
        function()
        seconds = min(seconds, clock() - begin)
    return seconds


if __name__ == "__main__":
    main()
