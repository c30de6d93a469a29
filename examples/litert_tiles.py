"""Pictures of any size in tiles, with a LiteRT file and without tfcodec.

    tfcodec export tflite photo.tflite
    pip install ai-edge-litert pillow
    python litert_tiles.py compress photo.tflite picture.png picture.tfc
    python litert_tiles.py decompress photo.tflite picture.tfc decoded.png
    python litert_tiles.py check photo.tflite picture.png

The `.tfc` files are ordinary ones. Tiles have `--tile` pixels each way, or
those of the LiteRT file if it is for one size (`--size 1024x1024`: multiples of
64). Of these a `--margin` on each side is computed and dropped, so that the
edges of tiles do not show. `check` measures what margins leave of them, against
one run without tiles, for which it needs a file for any size.
"""

import argparse
import math
import pathlib

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

BLOCK = 16  # pixels per latent, each way
HYPER = 4  # latents per hyper-latent, each way


class Model:
    """Calls signatures; a status that is not 0 ends the program."""

    def __init__(self, path, threads=2):
        self._interpreter = Interpreter(str(path), num_threads=threads)
        self._runners = {}
        self.signatures = self._interpreter.get_signature_list()
        if "residuals" not in self.signatures:
            raise SystemExit(f"{path}: has no signatures for tiles")
        details = self._runner("latents").get_input_details()
        sides = [int(n) for n in details["pixels"]["shape_signature"][:2]]
        # In latents; None for tiles of any size.
        self.tile = None if sides[0] < 0 else [n // BLOCK for n in sides]

    def __call__(self, signature, **inputs):
        names = self.signatures[signature]["inputs"]
        inputs = {
            name: np.int32(value) if isinstance(value, int) else value
            for name, value in inputs.items()
            if name in names
        }
        found = self._runner(signature)(**inputs)
        if found["status"] != 0:
            raise SystemExit(f"{signature}: status {found['status']}")
        return found

    def _runner(self, name):
        if name not in self._runners:
            runner = self._interpreter.get_signature_runner(name)
            self._runners[name] = runner
        return self._runners[name]


class Tiles:
    """Tiles of one picture, in latents: what is computed, what is kept.

    Args:
        model: `Model`.
        height, width: of the picture, in pixels.
        tile, margin: in pixels; multiples of 64.
    """

    def __init__(self, model, height, width, tile, margin):
        if tile % 64 or margin % 64:
            raise SystemExit("--tile and --margin must be multiples of 64")
        self.fixed = model.tile
        self.sides = height, width
        self.grid = -(-height // BLOCK), -(-width // BLOCK)
        self.axes = []
        for axis, length in enumerate(self.grid):
            size = self.fixed[axis] if self.fixed else tile // BLOCK
            if size <= 2 * margin // BLOCK:
                raise SystemExit(
                    f"tiles of {size * BLOCK} pixels need a smaller --margin "
                    f"than {margin}"
                )
            self.axes.append(list(spans(length, size, margin // BLOCK)))

    def __iter__(self):
        return ((r, c) for r in self.axes[0] for c in self.axes[1])

    def cut(self, array, tile, scale, mode="constant"):
        """A tile of an array with `scale` elements per latent, each way.

        What a tile of a fixed size has beyond the edge is filled as `mode` of
        `numpy.pad` says.
        """
        parts = [
            slice(int(start * scale), math.ceil(stop * scale))
            for start, _, _, stop in tile
        ]
        cut = array[tuple(parts)]
        if self.fixed:
            sizes = [int(size * scale) for size in self.fixed]
            more = [(0, n - m) for n, m in zip(sizes, cut.shape, strict=False)]
            cut = np.pad(cut, [*more, (0, 0)], mode)
        return np.ascontiguousarray(cut)

    def put(self, whole, cut, tile, scale):
        """Puts what is kept of a tile in its place of an array."""
        to, of = [], []
        for start, first, last, _ in tile:
            begin, first = int(start * scale), int(first * scale)
            last = math.ceil(last * scale)
            to.append(slice(first, last))
            of.append(slice(first - begin, last - begin))
        # Pictures end within a block; latents and hyper-latents never do.
        place = whole[tuple(to)]
        cut = cut[tuple(of)]
        place[...] = cut[: place.shape[0], : place.shape[1]]

    def inside(self, tile):
        """Height and width of what a tile has of the picture, in pixels."""
        return {
            name: min(BLOCK * stop, side) - BLOCK * start
            for name, side, (start, _, _, stop) in zip(
                ("height", "width"), self.sides, tile, strict=True
            )
        }


def spans(length, size, margin):
    """`(start, first, last, stop)` of tiles along an axis, all in latents.

    `start` to `stop` is computed, `first` to `last` of it is kept.
    """
    for start in range(0, max(length - 2 * margin, 1), size - 2 * margin):
        stop = min(start + size, length)
        yield (
            start,
            start + margin if start else 0,
            stop - margin if stop < length else length,
            stop,
        )


def compress(model, pixels, hundredths, tile, margin):
    """uint8 `(height, width, 3)` to the bytes of a `.tfc` file."""
    height, width = pixels.shape[:2]
    tiles = Tiles(model, height, width, tile, margin)
    y = z = None
    for place in tiles:
        cut = tiles.cut(pixels, place, BLOCK, "edge")
        found = model("latents", pixels=cut, quality=hundredths)
        if y is None:
            y = np.empty((*tiles.grid, found["y"].shape[2]), np.float32)
            z_grid = [-(-n // HYPER) for n in tiles.grid]
            z = np.empty((*z_grid, found["z"].shape[2]), np.int32)
        tiles.put(y, found["y"], place, 1)
        tiles.put(z, found["z"], place, 1 / HYPER)
    header = {"quality": hundredths, "height": height, "width": width}
    indexes = model("indexes", z=z, **header)["indexes"]
    residual = np.empty_like(indexes)
    for place in tiles:
        found = model(
            "residuals",
            y=tiles.cut(y, place, 1),
            z=tiles.cut(z, place, 1 / HYPER),
            indexes=tiles.cut(indexes, place, 1),
            quality=hundredths,
            **tiles.inside(place),
        )
        tiles.put(residual, found["residual"], place, 1)
    found = model("entropy_encode", z=z, residual=residual, **header)
    return found["compressed"].tobytes()


def decompress(model, data, tile, margin):
    """The bytes of a `.tfc` file to uint8 `(height, width, 3)`."""
    coded = model("entropy_decode", compressed=np.frombuffer(data, np.uint8))
    height, width = int(coded["height"]), int(coded["width"])
    tiles = Tiles(model, height, width, tile, margin)
    name = "synthesis_tile" if tiles.fixed else "synthesis"
    pixels = np.empty((height, width, 3), np.uint8)
    for place in tiles:
        found = model(
            name,
            z=tiles.cut(coded["z"], place, 1 / HYPER),
            residual=tiles.cut(coded["residual"], place, 1),
            quality=int(coded["quality"]),
            **tiles.inside(place),
        )
        tiles.put(pixels, found["pixels"], place, BLOCK)
    return pixels


def check(model, whole, pixels, hundredths, tile, margins):
    """Yields a line of a table for each margin, of tiles against `whole`."""
    quality = np.int32(hundredths)
    data = whole("compress", pixels=pixels, quality=quality)["compressed"]
    coded = whole("entropy_decode", compressed=data)
    expected = whole("decompress", compressed=data)["pixels"].astype(int)
    for margin in margins:
        file = compress(model, pixels, hundredths, tile, margin)
        own = whole("entropy_decode", compressed=np.frombuffer(file, np.uint8))
        other = sum(
            int((own[name] != coded[name]).sum()) for name in ("z", "residual")
        )
        found = decompress(model, data.tobytes(), tile, margin)
        error = np.abs(found - expected)
        tiles = Tiles(model, *pixels.shape[:2], tile, margin)
        seam = np.zeros(pixels.shape[:2], bool)
        for axis, axis_spans in enumerate(tiles.axes):
            lines = np.moveaxis(seam, axis, 0)  # a view
            for _, first, _, _ in axis_spans[1:]:
                lines[BLOCK * first - 1 : BLOCK * first + 1] = True
        at, apart = error[seam], error[~seam]
        yield (
            f"| {margin} | {sum(1 for _ in tiles)} | {other} | "
            f"{at.max(initial=0)} | {at.mean() if at.size else 0:.5f} | "
            f"{apart.max()} | {apart.mean():.5f} |"
        )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["compress", "decompress", "check"])
    parser.add_argument("model", help="the LiteRT file")
    parser.add_argument("source")
    parser.add_argument("target", nargs="?")
    parser.add_argument("--quality", type=float, default=50.0)
    parser.add_argument("--tile", type=int, default=1024)
    parser.add_argument("--margin", type=int, default=192)
    parser.add_argument("--margins", default="0,64,128,192", help="of `check`")
    parser.add_argument("--whole", help="`check`: the file for any size")
    options = parser.parse_args(arguments)
    if options.target is None and options.command != "check":
        parser.error("the target is missing")
    model, tile = Model(options.model), options.tile
    if options.command == "decompress":
        data = pathlib.Path(options.source).read_bytes()
        pixels = decompress(model, data, tile, options.margin)
        Image.fromarray(pixels).save(options.target)
        return
    pixels = np.asarray(Image.open(options.source).convert("RGB"))
    hundredths = round(100 * options.quality)
    if options.command == "compress":
        data = compress(model, pixels, hundredths, tile, options.margin)
        pathlib.Path(options.target).write_bytes(data)
        return
    whole = Model(options.whole) if options.whole else model
    margins = [int(margin) for margin in options.margins.split(",")]
    print(
        "| margin | tiles | symbols that differ | at seams: most | mean "
        "| elsewhere: most | mean |\n|" + "--:|" * 7
    )
    for line in check(model, whole, pixels, hundredths, tile, margins):
        print(line, flush=True)


if __name__ == "__main__":
    main()
