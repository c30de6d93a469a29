"""Writes the first inputs of the fuzzer: `python tests/fuzz/make_corpus.py`.

Small real files and payloads, so that the fuzzer need not find their form by
itself. Files that a fuzzing run has found are put beside them by hand.
"""

import io
import pathlib

import numpy as np
import targets
from PIL import Image

from tfcodec.bitstream import Container
from tfcodec.bitstream import pack
from tfcodec.coding import encode

# Little-endian, one entry: the orientation, 6.
EXIF = bytes.fromhex("49492a00 08000000 0100 1201 0300 01000000 0600 0000")
EXIF += bytes(4)
CORPUS = pathlib.Path(__file__).parent / "corpus"


def main():
    codec, tables = targets._codec(), targets._tables()
    inputs = {"container": {}, "payload": {}, "sections": {}, "symbols": {}}
    for count, (height, width) in enumerate([(1, 1), (40, 90), (130, 20)]):
        latents = encode(_symbols(codec, height, width), codec.coding.tables)
        for extra in ((), ((0x80, b"abc"), (0xFF, b""))):
            data = pack(
                Container(
                    codec.identifier,
                    codec.coding.model_hash,
                    width,
                    height,
                    12.5 + 30 * count,
                    latents,
                    extra,
                )
            )
            name = f"{width}x{height}" + ("-sections" if extra else "")
            inputs["container"][name] = data
            inputs["symbols"][name] = data
    generator = np.random.default_rng(1)
    for first, second in ((0, 0), (1, 0), (12, 200), (255, 255)):
        rows = [
            np.array([(i * i + n) % tables.num_tables for i in range(n)], int)
            for n in (first, second)
        ]
        values = [_values(generator, row, tables) for row in rows]
        data = encode(list(zip(values, rows, strict=True)), tables)
        inputs["payload"][f"{first}-{second}"] = bytes([first, second]) + data
    alpha = io.BytesIO()
    Image.fromarray(np.eye(3, 5, dtype=np.uint8) * 200).save(alpha, "PNG")
    rows = b"".join(b"\1" + bytes(range(row, row + 5)) for row in range(3))
    inputs["sections"] = {
        "alpha": b"\0" + alpha.getvalue(),
        "alpha-rows": b"\0" + rows,
        "icc": b"\1" + b"profile",
        "exif": b"\2" + EXIF,
        "xmp": b"\3" + b"<x:xmpmeta tiff:Orientation='6'/>",
        "grey": b"\4",
    }
    for target, files in inputs.items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)


def _symbols(codec, height, width):
    """Segments of a picture whose latents are all near the likeliest."""
    y = -(-height // 16), -(-width // 16)
    channels = codec.first_channels()
    shape = -(-y[0] // 4), -(-y[1] // 4), channels
    tables = codec.coding.tables
    z = np.zeros(shape, int) + tables.offset[:channels]
    rows = np.broadcast_to(np.arange(channels), shape)
    indexes = codec.coding.network(z, 5000, *y).reshape(-1) + channels
    coded = tables.size[indexes] > 1
    values = np.where(coded, np.arange(indexes.size) % 3 - 1, 0)
    values = np.where(coded, values, tables.offset[indexes])
    return [(z.reshape(-1), rows.reshape(-1)), (values, indexes)]


def _values(generator, rows, tables):
    """Values that the rows allow, escapes among them."""
    coded = tables.size[rows] > 1
    drawn = generator.integers(-40, 40, rows.size)
    return np.where(coded, drawn, tables.offset[rows])


if __name__ == "__main__":
    main()
