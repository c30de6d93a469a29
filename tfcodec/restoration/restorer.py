"""The network, its weights, and pictures of any size in tiles.

x ─ analysis ─ synthesis ─ + x ─ x_hat, both as in `tfcodec.models.Deconvnet`
"""

import pathlib

import keras
import numpy as np

from tfcodec import tiles
from tfcodec import weights
from tfcodec.backend import compiled
from tfcodec.limits import BLOCK
from tfcodec.transforms import StridedAnalysis
from tfcodec.transforms import StridedSynthesis

WEIGHTS = pathlib.Path(__file__).parent / "weights.npz"
_TILE = 96 * 96  # blocks of 16x16 pixels


@keras.saving.register_keras_serializable("tfcodec")
class Restorer(keras.Model):
    """`deconvnet` without quantization, which adds a correction to its input.

    The article has the network paint the whole picture; beside the picture
    itself only what JPEG has spoilt is left to learn.

    Args:
        channels: two ints, of the analysis.
        synthesis_channels: two ints, of the synthesis; the last is 3.

    Call arguments:
        inputs: uint8 or float `(batch, height, width, 3)`, 0..255, sides
            multiples of 16: decoded JPEG pictures (or crops that begin at
            multiples of 8 of them).
        training: bool, for the batch normalization.

    Returns:
        float32 in the same shape, about 0..255, not clipped.
    """

    def __init__(
        self, channels=(64, 128), synthesis_channels=(64, 3), **kwargs
    ):
        super().__init__(**kwargs)
        self.channels = tuple(channels)
        self.synthesis_channels = tuple(synthesis_channels)
        self.analysis = StridedAnalysis(
            channels, batch_norm=True, scale=1.0, name="analysis"
        )
        self.synthesis = StridedSynthesis(
            synthesis_channels, batch_norm=True, residual=True, name="synthesis"
        )
        self._run = compiled(self._restore, self, ((None, None, None, 3),))

    def build(self, input_shape=None):
        if self.built:
            return
        self.analysis.build((None, None, None, 3))
        features = self.channels[-1] * self.analysis.packing**2
        self.synthesis.build((None, None, None, features))
        self.built = True

    def call(self, inputs, training=False):
        x = keras.ops.cast(inputs, "float32")
        return x + self.synthesis(self.analysis(x))

    def _restore(self, x):
        x_hat = self.call(x)
        return keras.ops.clip(keras.ops.round(x_hat), 0.0, 255.0)

    def restore(self, image, report=None):
        """Cleans a picture.

        Args:
            image: uint8 `(height, width, 3)`, a decoded JPEG picture in the
                place in which it was coded: blocks begin at its first pixel.
            report: function of `(done, total)` tiles, or None.

        Returns:
            uint8 `(height, width, 3)`.

        Raises:
            ValueError: wrong dtype or shape.
        """
        image = np.asarray(image)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(
                "`image` must be uint8 (height, width, 3). "
                f"Received: {image.dtype} {image.shape}"
            )
        grid = tuple(-(-n // BLOCK) for n in image.shape[:2])
        reach = self.analysis.reach + self.synthesis.reach
        plan = tiles.plan(grid, _TILE, reach, 1)
        whole = np.empty((1, *image.shape), np.uint8)
        for number, tile in enumerate(plan):
            part = tiles.cut_blocks(image[None], tile, BLOCK)
            part = np.asarray(self._run(part.astype(np.float32)))
            tiles.put(whole, part.astype(np.uint8), tile, BLOCK)
            if report:
                report(number + 1, len(plan))
        return whole[0]

    def get_config(self):
        return {
            "name": self.name,
            "channels": self.channels,
            "synthesis_channels": self.synthesis_channels,
        }


def load(path=WEIGHTS):
    """The trained `Restorer`.

    Args:
        path: weights, `.npz`.

    Raises:
        TfcodecError: the file is missing, damaged or of another network.
    """
    restorer = Restorer()
    restorer.build()
    weights.load_weights(path, restorer)
    return restorer
