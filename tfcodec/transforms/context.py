"""Means refined from latents already known: groups, decoded in passes.

All symbols are decoded before the first pass, since tables never depend on a
mean; the passes only turn residuals into latents.
"""

import keras

from tfcodec.layers import BottleneckBlock
from tfcodec.ops import checkerboard

# (first channel, last channel + 1, parity): parity 0 and 1 are the two colours
# of a checkerboard (He et al. 2021, https://arxiv.org/abs/2103.15306).
Group = tuple


@keras.saving.register_keras_serializable("tfcodec")
class ContextMean(keras.layers.Layer):
    """Predicts one group of latents from the groups before it.

        known latents ─ 1x1 ─ 3x3 ─┬─ 1x1 ─ block ─ 1x1 ── means of the group
        hyper features ────────────┘

    Args:
        outputs: int, channels of the group.
        inputs: int, how many leading channels of the known latents to read.
        channels: int, features inside.

    Call arguments:
        features: tensor `(batch, height, width, any)` from `HyperMean`.
        known: float32 `(batch, height, width, latent_channels)` at unit
            variance, zero where not known yet.

    Returns:
        float32 `(batch, height, width, outputs)`, at unit variance.
    """

    def __init__(self, outputs, inputs, channels, **kwargs):
        super().__init__(**kwargs)
        self.outputs = outputs
        self.inputs = inputs
        self.channels = channels
        policy = {"dtype": self.dtype_policy}
        if inputs:
            self.enter = keras.layers.Conv2D(channels, 1, **policy)
            self.around = keras.layers.Conv2D(
                channels, 3, padding="same", activation="relu", **policy
            )
        self.join = keras.layers.Conv2D(
            channels, 1, activation="relu", **policy
        )
        self.block = BottleneckBlock(channels, **policy)
        self.head = keras.layers.Conv2D(
            outputs, 1, kernel_initializer="zeros", dtype="float32"
        )

    @property
    def reach(self):
        """Latents around one that its mean depends on."""
        return 2 if self.inputs else 1

    def build(self, input_shape):
        shape, c = input_shape[:-1], self.channels
        width = input_shape[-1]
        if self.inputs:
            self.enter.build((*shape, self.inputs))
            self.around.build((*shape, c))
            width = width + c
        self.join.build((*shape, width))
        self.block.build((*shape, c))
        self.head.build((*shape, c))

    def call(self, features, known):
        if self.inputs:
            if known.shape[-1] > self.inputs:
                # Not a slice: TFLite copies those by elements.
                known, _ = keras.ops.split(known, [self.inputs], axis=-1)
            h = self.around(self.enter(known))
            features = keras.ops.concatenate([features, h], axis=-1)
        return self.head(self.block(self.join(features)))

    def get_config(self):
        return {
            **super().get_config(),
            "outputs": self.outputs,
            "inputs": self.inputs,
            "channels": self.channels,
        }


def group_mask(group, like):
    """Float mask of a group's places, `(1, height, width, 1)`."""
    board = checkerboard(like)
    return board if group[2] == 0 else 1.0 - board
