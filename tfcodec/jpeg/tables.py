"""The small network that looks at a picture and gives quantization tables.

A table is `S * 2**out / sqrt(w)`: `S` the step that goes with `lmbda`, `w` what
errors of a coefficient count for in RGB, and `out` learned: a cubic in
`log2(S)` that is the same for all pictures, plus what the network adds for
this one. It sees the logarithms of the picture's DCT coefficients through
three convolutions that do not overlap, of 8, 16 and 32 pixels, and their
mean. `tfcodec.training.jpeg_tables` trains it; here it runs in NumPy.
"""

import functools
import pathlib

import numpy as np

from tfcodec.jpeg.blocks import SIDE
from tfcodec.jpeg.blocks import components
from tfcodec.jpeg.blocks import error_weights
from tfcodec.jpeg.blocks import to_blocks

QUALITIES = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95, 98, 100)
TILE = 4  # Blocks in each direction that the convolutions see.
_MAX_TILES = 1024
_FILE = pathlib.Path(__file__).with_name("tables.npz")
_RGB_CHROMA = 1, 2  # Cb and Cr share a table.


def lmbda_of(log_step):
    """Squared RGB error per bit, of the base-2 logarithm of a step."""
    return 0.12 * 4.0**log_step


def scaled(log_step):
    """The logarithm of a step, about -1 to 1, as the network gets it."""
    return (log_step - 4.3) / 3


def picture_tiles(image):
    """What the network sees of a picture.

    Args:
        image: uint8 `(height, width, 3)` or `(height, width, 1)`.

    Returns:
        float32 `(tiles, 4, 4, 192)`: logarithms of coefficients of Y, Cb and
        Cr; of large pictures, 1024 tiles that are spread over them.
    """
    side = SIDE * TILE
    image = np.pad(
        image, [(0, -n % side) for n in image.shape[:2]] + [(0, 0)], "edge"
    )
    height, width, channels = image.shape
    tiles = image.reshape(height // side, side, width // side, side, channels)
    tiles = tiles.transpose(0, 2, 1, 3, 4).reshape(-1, side, side, channels)
    count = min(len(tiles), _MAX_TILES)
    tiles = tiles[np.linspace(0, len(tiles) - 1, count).astype(int)]
    # One below the other: blocks never cross the borders of tiles.
    planes = components(tiles.reshape(-1, side, channels))
    seen = [_log(to_blocks(plane, 1)) for plane in planes]
    seen += [np.zeros_like(seen[0])] * (3 - len(seen))
    return np.concatenate(seen, -1).reshape(-1, TILE, TILE, 3 * 64)


def _log(blocks):
    return np.log2(1 + np.abs(blocks)) / 4


class TableNetwork:
    """The network with its weights.

    Args:
        weights: dict of float arrays, as `tfcodec.training.jpeg_tables`
            writes them.
    """

    def __init__(self, weights):
        self._weights = {
            name: np.asarray(value, np.float32)
            for name, value in weights.items()
        }

    @classmethod
    @functools.cache
    def packaged(cls):
        """The one that comes with tfcodec."""
        with np.load(_FILE) as weights:
            return cls(dict(weights))

    def features(self, tiles):
        """float32 `(32,)`, of `picture_tiles`."""
        x = self._layer("block", tiles)
        for name in ("pair", "tile"):
            count, height, width, channels = x.shape
            x = x.reshape(count, height // 2, 2, width // 2, 2, channels)
            x = x.transpose(0, 1, 3, 2, 4, 5)
            x = x.reshape(count, height // 2, width // 2, 4 * channels)
            x = self._layer(name, x)
        return x.mean((0, 1, 2))

    def tables(self, features, log_step, subsampled):
        """The two tables at a step.

        Args:
            features: of `features`, or None for the tables that do not depend
                on the picture.
            log_step: float, see `lmbda_of`.
            subsampled: bool.

        Returns:
            List of two int `(64,)`, 1..255, zigzag: of Y, and of Cb and Cr.
        """
        x = scaled(log_step)
        out = x ** np.arange(4) @ self._weights["fixed"]
        if features is not None:
            inputs = np.append(features, [x, x * x]).astype(np.float32)
            hidden = self._layer("hidden", inputs)
            out = out + hidden @ self._weights["out"]
        luma, full, half = out.reshape(3, 64)
        chroma = half if subsampled else full
        return [
            _table(log_step + luma, error_weights(0, False)),
            _table(log_step + chroma, chroma_weights(subsampled)),
        ]

    def log_step(self, quality):
        """The base-2 logarithm of the step that goes with `-q`, 1..100."""
        return float(np.interp(quality, QUALITIES, self._weights["log_steps"]))

    def _layer(self, name, x):
        kernel, bias = self._weights[name], self._weights[name + "_bias"]
        return np.maximum(x @ kernel + bias, 0)


def chroma_weights(subsampled):
    """The mean of `error_weights` of Cb and Cr."""
    return sum(error_weights(i, subsampled) for i in _RGB_CHROMA) / 2


def _table(log_steps, weights):
    steps = np.rint(2.0**log_steps / np.sqrt(weights))
    return np.clip(steps, 1, 255).astype(int)
