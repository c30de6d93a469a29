"""The lossy layer: latents of 16x16 blocks, and the picture they stand for.

The analysis is a float network that only the encoder runs. The synthesis is
one of integers, the same on every machine.
"""

import dataclasses

import numpy as np

from tfcodec.coding.integer_network import IntegerLayer

BLOCK = 16
LATENT_MAX = 127
LATENT_UNIT = 8  # what a latent of 1 is to the synthesis
_CHUNK = 1 << 10  # blocks at a time


@dataclasses.dataclass(frozen=True, eq=False)
class LossyLayer:
    """An autoencoder of blocks, as `tfcodec.training.lossless` trains it.

    Args:
        linear: float32 `(768, latents)`, from 64ths of pixels less 128.
        bias: float32 `(latents,)`.
        hidden: float32 `(768, units)`, likewise.
        hidden_bias: float32 `(units,)`.
        nonlinear: float32 `(units, latents)`.
        first: `IntegerLayer`, 3x3 neighbours of the latents to hidden units.
        second: `IntegerLayer`, these and the latents to 768 samples.
    """

    linear: np.ndarray
    bias: np.ndarray
    hidden: np.ndarray
    hidden_bias: np.ndarray
    nonlinear: np.ndarray
    first: IntegerLayer
    second: IntegerLayer

    @property
    def channels(self) -> int:
        return int(self.linear.shape[1])

    def analyse(self, planes: np.ndarray) -> np.ndarray:
        """Latents of a picture.

        Args:
            planes: uint8 `(3, height, width)`.

        Returns:
            int16 `(rows, columns, channels)`, one for each block; those at the
            right and the bottom are filled up with the last samples.
        """
        _, height, width = planes.shape
        rows, columns = grid(height, width)
        y = np.empty((rows * columns, self.channels), np.float32)
        for begin in range(0, rows * columns, _CHUNK):
            chunk = np.arange(begin, min(begin + _CHUNK, rows * columns))
            i, j = np.divmod(chunk, columns)
            reach = np.arange(BLOCK)
            i = np.minimum(i[:, None] * BLOCK + reach, height - 1)
            j = np.minimum(j[:, None] * BLOCK + reach, width - 1)
            blocks = planes[:, i[:, :, None], j[:, None, :]]
            blocks = blocks.transpose(1, 2, 3, 0).reshape(len(chunk), -1)
            x = (blocks.astype(np.float32) - 128) / 64
            hidden = np.maximum(x @ self.hidden + self.hidden_bias, 0)
            y[chunk] = x @ self.linear + self.bias + hidden @ self.nonlinear
        z = np.clip(np.rint(y), -LATENT_MAX, LATENT_MAX).astype(np.int16)
        return z.reshape(rows, columns, -1)

    def synthesise(self, z: np.ndarray, height: int, width: int) -> np.ndarray:
        """The picture that latents stand for, uint8 `(3, height, width)`."""
        rows, columns, channels = z.shape
        padded = np.zeros((rows + 2, columns + 2, channels), np.float32)
        padded[1:-1, 1:-1] = z
        padded *= LATENT_UNIT
        planes = np.empty((3, rows * BLOCK, columns * BLOCK), np.uint8)
        blocks = planes.reshape(3, rows, BLOCK, columns, BLOCK)
        for begin in range(0, rows * columns, _CHUNK):
            chunk = np.arange(begin, min(begin + _CHUNK, rows * columns))
            i, j = np.divmod(chunk, columns)
            around = [padded[i + k // 3, j + k % 3] for k in range(9)]
            hidden = self.first(np.concatenate(around, axis=1))
            x = self.second(np.concatenate([hidden, around[4]], axis=1))
            x = x.reshape(-1, BLOCK, BLOCK, 3).astype(np.uint8)
            blocks[:, i, :, j] = x.transpose(0, 3, 1, 2)
        return planes[:, :height, :width]


def grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of blocks."""
    return -(-height // BLOCK), -(-width // BLOCK)
