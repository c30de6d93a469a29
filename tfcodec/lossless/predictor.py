"""Integer networks that predict pixels: a mean, and a table of the coder."""

import dataclasses

import numpy as np

from tfcodec.coding.integer_network import IntegerLayer
from tfcodec.lossless.contexts import ACTIVITIES
from tfcodec.lossless.contexts import Contexts

SCALES = 44  # tables by scale: of logistics of 0.06 * 2**(index / 4)
PHASES = 8  # tables by fraction of the mean, in eighths of a grey level
SCALE_MIN = 0.06
MIDDLE = 128  # of an output: the anchor, and the usual scale
MEAN_STEPS = 32  # outputs in an activity
SCALE_STEPS = 8  # outputs in an index of a scale
SCALE_AT = 4  # index of the usual scale at the smallest activity
# To 2048ths of a grey level.
_FROM_OUTPUT = np.rint(ACTIVITIES * (2048 / MEAN_STEPS)).astype(np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class Predictor:
    """Two hidden layers; the last one sees the inputs, too.

    Args:
        first, second, last: `IntegerLayer`s: inputs to hidden, hidden to
            hidden, these and the inputs to two outputs in 0..255.
    """

    first: IntegerLayer
    second: IntegerLayer
    last: IntegerLayer

    @property
    def layers(self) -> tuple[IntegerLayer, ...]:
        return self.first, self.second, self.last

    def __call__(
        self, known: Contexts, base: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Predicts `n` pixels.

        Args:
            known: `Contexts`.
            base: float32 `(n,)`, what they are differences to.

        Returns:
            `(mean, row)`, int16 `(n,)`: the mean in 0..255; the table, that of
            scale `row // 8` with the fraction `row % 8 - 4` in eighths.
        """
        hidden = self.second(self.first(known.inputs))
        outputs = self.last(np.concatenate([hidden, known.inputs], axis=1))
        outputs -= MIDDLE
        mean = np.floor(outputs[:, 0] * _FROM_OUTPUT[known.activity] / 256)
        mean += 8 * (known.anchor + base)
        mean = np.clip(mean, 0, 8 * 255).astype(np.int16) + 4
        index = outputs[:, 1] + 2 * SCALE_STEPS * known.activity
        index = np.floor(index / SCALE_STEPS) + SCALE_AT
        index = np.clip(index, 0, SCALES - 1).astype(np.int16)
        return mean >> 3, index * PHASES + (mean & 7)
