"""What other entropy coders make of the very symbols that rANS codes.

`python benchmarks/entropy_coders.py DIR --preset photo [--limit 4]`

All coders get the same integers, and know what rANS knows before it decodes
the latents: which table each symbol has. Elements of skip rows are given to
none of them. LZW needs `pip install imagecodecs`.

- Huffman, a code per table: made of the preset's tables, in no file.
- Huffman, a code per image: of the image's own counts, one for the
  hyper-latents and one for the latents. Its symbols and lengths are counted
  with 2 bytes each.
- Huffman, a code per image and table: the same for each table.
- Deflate (zlib, level 9), LZMA (raw LZMA2, preset 9), LZW (as in TIFF): a byte
  per symbol; one beyond -127..127 is 128 and two bytes. "By table": the
  symbols of a table lie together, which a decoder can undo.

The last row is what tables would give that are made of the counts of all the
images at that one quality.
"""

import argparse
import heapq
import lzma
import zlib

import numpy as np

import tfcodec
from tfcodec.coding import code_length
from tfcodec.coding import encode
from tfcodec.coding.tables import ESCAPE_BITS

ENTRY_BITS = 16  # a symbol and its length, in front of an image's own code
OWN = "entropy: tables of all images at this quality"
LZMA = [{"id": lzma.FILTER_LZMA2, "preset": 9}]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", metavar="DIR", help="folder of images")
    parser.add_argument("--limit", type=int, help="only the first N images")
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--qualities", default="20,50,80")
    parser.add_argument(
        "--bounds",
        action="store_true",
        help="only rANS, the code length and the entropy",
    )
    options = parser.parse_args()
    lzw = None
    if not options.bounds:
        try:
            import imagecodecs
        except ImportError:
            parser.error("LZW needs imagecodecs: pip install imagecodecs")
        lzw = imagecodecs.lzw_encode
    from tfcodec.evaluation.pictures import read_images

    images = read_images(options.images)[1][: options.limit]
    qualities = [float(q) for q in options.qualities.split(",")]
    codec = tfcodec.load(options.preset)
    encoders = [codec.encoder(image) for image in images]
    columns = []
    tables = codec.coding.tables
    for quality in qualities:
        files = [encoder.segments(quality) for encoder in encoders]
        sizes = [measure(segments, tables, lzw) for segments in files]
        column = {name: sum(s[name] for s in sizes) for name in sizes[0]}
        column[OWN] = entropy_by_table(sum(files, []), tables) / 8
        columns.append(column)
    print("| coder |", " | ".join(f"quality {q:g}" for q in qualities), "|")
    print("|---|" + "---:|" * len(qualities))
    for name in columns[0]:
        cells = (
            f"{c[name]:,.0f} B, {100 * (c[name] / c['rANS'] - 1):+.1f} %"
            for c in columns
        )
        print(f"| {name} | {' | '.join(cells)} |")


def measure(segments, tables, lzw):
    """Bytes of one image by each coder.

    Args:
        segments: list of `(values, table rows)`, see `ImageEncoder.segments`.
        tables: `CdfTables`.
        lzw: function of bytes that returns bytes; None for rANS alone.

    Returns:
        Dict from the coder's name to bytes, a float for code lengths.
    """
    ideal = sum(code_length(*segment, tables) for segment in segments)
    sizes = {
        "code length under the tables": ideal / 8,
        "rANS": len(encode(segments, tables)),
    }
    if lzw is None:
        return sizes
    coded = [only_coded(*segment, tables) for segment in segments]
    plain = [octets(values) for values, _ in coded]
    by_table = [
        octets(values[np.argsort(rows, kind="stable")])
        for values, rows in coded
    ]
    sizes |= {
        "Huffman, a code per table": sum(
            bits_by_tables(values, rows, tables) for values, rows in coded
        )
        / 8,
        "Huffman, a code per image": sum(
            bits_by_counts(values) for values, _ in coded
        )
        / 8,
        "Huffman, a code per image and table": sum(
            bits_by_counts(values[rows == row])
            for values, rows in coded
            for row in np.unique(rows)
        )
        / 8,
    }
    coders = {
        "Deflate": lambda data: zlib.compress(data, 9),
        "LZMA": lambda data: lzma.compress(data, lzma.FORMAT_RAW, filters=LZMA),
        "LZW": lzw,
    }
    for name, coder in coders.items():
        sizes[name] = sum(len(coder(data)) for data in plain)
        sizes[f"{name}, by table"] = sum(len(coder(data)) for data in by_table)
    return sizes


def entropy_by_table(segments, tables):
    """Bits of values, were each table just what its values are like."""
    coded = [only_coded(*segment, tables) for segment in segments]
    values, rows = (np.concatenate(parts) for parts in zip(*coded, strict=True))
    reach = 1 << 16
    _, counts = np.unique(rows * reach + values, return_counts=True)
    _, totals = np.unique(rows, return_counts=True)
    return totals @ np.log2(totals) - counts @ np.log2(counts)


def only_coded(values, rows, tables):
    """The elements that take bits, as int64 arrays `(values, rows)`."""
    coded = tables.size[rows] > 1
    return values[coded].astype(np.int64), rows[coded].astype(np.int64)


def octets(values):
    """A byte for each value, three where it is beyond -127..127."""
    data = bytearray()
    for value in values.tolist():
        if -127 <= value <= 127:
            data.append(value % 256)
        else:
            data += b"\x80" + value.to_bytes(2, "little", signed=True)
    return bytes(data)


def bits_by_tables(values, rows, tables):
    """Bits of values by a Huffman code for each table."""
    bits = 0
    for row in np.unique(rows):
        size = tables.size[row]
        lengths = huffman_lengths(np.diff(tables.cdf[row])[:size])
        symbols = values[rows == row] - tables.offset[row]
        escaped = (symbols < 0) | (symbols >= size - 1)
        bits += lengths[np.where(escaped, size - 1, symbols)].sum()
        bits += ESCAPE_BITS * escaped.sum()
    return int(bits)


def bits_by_counts(values):
    """Bits of values by a Huffman code of their own, the code included."""
    _, counts = np.unique(values, return_counts=True)
    lengths = huffman_lengths(counts)
    return int(counts @ lengths) + ENTRY_BITS * counts.size


def huffman_lengths(counts):
    """Lengths of an optimal prefix code.

    Args:
        counts: `(n,)`, how often each symbol comes, above 0.

    Returns:
        int64 `(n,)`, in bits. One symbol alone takes 1.

    Reference: Huffman 1952.
    """
    lengths = np.zeros(len(counts), np.int64)
    if len(counts) == 1:
        return lengths + 1
    # The number breaks ties, so that lists are never compared.
    heap = [(count, i, [i]) for i, count in enumerate(counts)]
    heapq.heapify(heap)
    number = len(heap)
    while len(heap) > 1:
        (first, _, left), (second, _, right) = (
            heapq.heappop(heap),
            heapq.heappop(heap),
        )
        both = left + right
        lengths[both] += 1
        heapq.heappush(heap, (first + second, number, both))
        number += 1
    return lengths


if __name__ == "__main__":
    main()
