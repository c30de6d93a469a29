"""The network that chooses coding tables, in integers only.

This is the reference of the arithmetic in `docs/format.md`; the Keras layers
of `tfcodec.transforms.hyper` compute the same numbers in training and in
exports. Products and sums run in float32 matrix products, which are exact
here: all are integers, and the constructor refuses weights with which a
partial sum could reach 2**24.
"""

import dataclasses
import hashlib

import numpy as np

from tfcodec.limits import HYPER_BLOCK

SHIFT = 6  # bits that every layer's accumulator loses, at least
EXACT = 1 << 24  # float32 holds every integer below


@dataclasses.dataclass(frozen=True, eq=False)
class IntegerLayer:
    """`clip((a @ kernel + bias) >> shift, 0, high)` with a flooring shift.

    Args:
        kernel: int8 `(inputs, outputs)`, in [-127, 127].
        bias: int32 `(outputs,)`.
        shift: int, 0..15.
        high: int, 1..255.
        input_max: int, the largest magnitude of an input.

    Raises:
        ValueError: shapes or ranges are wrong, or a sum could reach 2**24.
    """

    kernel: np.ndarray
    bias: np.ndarray
    shift: int
    high: int
    input_max: int

    def __post_init__(self) -> None:
        kernel = np.array(self.kernel)
        bias = np.array(self.bias)
        if kernel.ndim != 2 or bias.shape != kernel.shape[1:]:
            raise ValueError(
                "`kernel` must be (inputs, outputs) and `bias` (outputs,). "
                f"Received: {kernel.shape} and {bias.shape}"
            )
        if np.abs(kernel.astype(np.int64)).max(initial=0) > 127:
            raise ValueError("`kernel` must lie in [-127, 127].")
        if not (0 <= self.shift <= 15 and 1 <= self.high <= 255):
            raise ValueError(
                "`shift` must be in 0..15 and `high` in 1..255. "
                f"Received: shift={self.shift}, high={self.high}"
            )
        reach = np.abs(kernel.astype(np.int64)).sum(axis=0) * self.input_max
        reach = reach + np.abs(bias.astype(np.int64))
        if reach.max(initial=0) >= EXACT:
            raise ValueError(
                "The integer network is not exact in float32: a sum can "
                f"reach {reach.max()}, 2**24 is {EXACT}. Train with smaller "
                "weights or fewer channels."
            )
        for name, array, dtype in (
            ("kernel", kernel, np.int8),
            ("bias", bias, np.int32),
        ):
            array = array.astype(dtype)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __call__(self, a: np.ndarray) -> np.ndarray:
        """float32 integers `(n, inputs)` to float32 integers `(n, outputs)`."""
        y = a @ self.kernel.astype(np.float32) + self.bias.astype(np.float32)
        return np.clip(np.floor(y * np.float32(2.0**-self.shift)), 0, self.high)


@dataclasses.dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """Hyper-latents and quality to the index of a scale per latent.

    Args:
        layers: four `IntegerLayer`s: neighbourhood and quality to hidden,
            hidden to 16 positions, neighbourhood and quality to hidden, hidden
            and quality to indexes.
    """

    layers: tuple[IntegerLayer, ...]

    def __post_init__(self) -> None:
        if len(self.layers) != 4:
            raise ValueError(
                f"There must be 4 layers. Received: {len(self.layers)}"
            )
        first, shuffle, mix, index = (layer.kernel for layer in self.layers)
        fine = shuffle.shape[1] // (HYPER_BLOCK * HYPER_BLOCK)
        if (
            (first.shape[0] - 1) % 9
            or first.shape[1] != shuffle.shape[0]
            or shuffle.shape[1] % (HYPER_BLOCK * HYPER_BLOCK)
            or mix.shape[0] != 9 * fine + 1
            or mix.shape[1] + 1 != index.shape[0]
        ):
            shapes = [layer.kernel.shape for layer in self.layers]
            raise ValueError(f"The layers do not fit together: {shapes}")

    @property
    def hyper_channels(self) -> int:
        return int(self.layers[0].kernel.shape[0] - 1) // 9

    @property
    def latent_channels(self) -> int:
        return int(self.layers[3].kernel.shape[1])

    def __call__(
        self, z_hat: np.ndarray, hundredths: int, height: int, width: int
    ) -> np.ndarray:
        """Table indexes of all latents.

        Args:
            z_hat: integers `(ceil(height / 4), ceil(width / 4),
                hyper_channels)` in [-128, 127].
            hundredths: int, the quality in hundredths, 100..10000.
            height, width: ints, of the latents.

        Returns:
            int32 `(height, width, latent_channels)`.
        """
        code = hundredths // 40
        first, shuffle, mix, index = self.layers
        rows, columns = z_hat.shape[:2]
        a = first(_with_neighbours(np.asarray(z_hat, np.float32), code))
        a = shuffle(a).reshape(rows, columns, HYPER_BLOCK, HYPER_BLOCK, -1)
        a = a.transpose(0, 2, 1, 3, 4)
        a = a.reshape(rows * HYPER_BLOCK, columns * HYPER_BLOCK, -1)[
            :height, :width
        ]
        a = mix(_with_neighbours(a, code))
        a = index(np.pad(a, ((0, 0), (0, 1)), constant_values=code))
        return a.astype(np.int32).reshape(height, width, -1)

    def digest(self) -> bytes:
        """SHA-256 over all layers, as `docs/format.md` says; 32 bytes."""
        sha = hashlib.sha256()
        for layer in self.layers:
            head = (*layer.kernel.shape, layer.shift, layer.high)
            sha.update(np.array(head, "<u4").tobytes())
            sha.update(np.ascontiguousarray(layer.kernel, "<i1").tobytes())
            sha.update(np.ascontiguousarray(layer.bias, "<i4").tobytes())
        return sha.digest()


def _with_neighbours(a: np.ndarray, code: int) -> np.ndarray:
    """`(h, w, c)` to `(h * w, 9 * c + 1)`: 3x3 neighbours, rows first, zeros
    outside, then the quality code."""
    height, width, channels = a.shape
    padded = np.zeros((height + 2, width + 2, channels), np.float32)
    padded[1:-1, 1:-1] = a
    out = np.empty((height, width, 9 * channels + 1), np.float32)
    for i in range(3):
        for j in range(3):
            k = (3 * i + j) * channels
            out[:, :, k : k + channels] = padded[i : i + height, j : j + width]
    out[:, :, -1] = code
    return out.reshape(height * width, -1)
