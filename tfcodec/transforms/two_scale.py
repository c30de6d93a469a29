"""Analysis and synthesis of `photo`: two scales, and a linear bypass.

All convolutions run at 1/4 and 1/16 of the resolution, which is what makes
them cheap. A linear transform of 16x16 blocks runs beside them (AuxT, Li et
al. 2025, https://arxiv.org/abs/2502.02299, does so with wavelets); started at
a PCA of image blocks, the codec begins as a good linear transform coder and
the networks learn what that leaves over.

    x ──┬─ 4x4/4 ─ blocks ─ GDN ─ 4x4/4 ─ blocks ─ 1x1 ── + ── y
        └─ space_to_depth(16) ────── dense ────────────── ┘

    y ──┬─ 1x1 ─ blocks ─ 1x1 ─ shuffle 4 ─ IGDN ─ blocks ─ 3x3 ─ shuffle 4 ─ +
        └─ dense ─ depth_to_space(16) ─────────────────────────────────────── ┘
"""

import keras

from tfcodec.layers import GDN
from tfcodec.layers import BottleneckBlock
from tfcodec.layers import QualityGain
from tfcodec.limits import BLOCK
from tfcodec.ops import depth_to_space
from tfcodec.ops import space_to_depth

PATCH = 4  # pixels per feature at the finer scale
PIXEL_SCALE = 64.0  # pixels / 64 are about unit variance


@keras.saving.register_keras_serializable("tfcodec")
class TwoScaleAnalysis(keras.layers.Layer):
    """Images to latents at 1/16 of the resolution.

    Args:
        latent_channels: int.
        channels: pair of ints, feature channels at 1/4 and at 1/16.
        blocks: pair of ints, residual blocks at 1/4 and at 1/16.

    Call arguments:
        x: float32 `(batch, height, width, 3)`, 0..255, sides multiples of 16.

    Returns:
        float32 `(batch, height / 16, width / 16, latent_channels)`.
    """

    def __init__(
        self, latent_channels, channels=(64, 256), blocks=(3, 4), **kwargs
    ):
        super().__init__(**kwargs)
        self.latent_channels = latent_channels
        self.channels = tuple(channels)
        self.blocks = tuple(blocks)
        policy = {"dtype": self.dtype_policy}
        fine, coarse = self.channels
        # Strided convolutions without overlap, as space_to_depth and 1x1: the
        # same function, twice as fast on a CPU.
        self.patches = keras.layers.Conv2D(fine, 1, **policy)
        self.fine_blocks = [
            BottleneckBlock(fine, **policy) for _ in range(self.blocks[0])
        ]
        self.norm = GDN(form="simple", **policy)
        self.down = keras.layers.Conv2D(coarse, 1, **policy)
        self.coarse_blocks = [
            BottleneckBlock(coarse, **policy) for _ in range(self.blocks[1])
        ]
        # The latents are float32: bfloat16 would be off by 0.25 near 80.
        self.head = keras.layers.Conv2D(
            latent_channels, 1, kernel_initializer=_small(), dtype="float32"
        )
        self.bypass = keras.layers.Dense(
            latent_channels, use_bias=False, dtype="float32"
        )

    @property
    def reach(self):
        """Latents around one that its pixels' neighbours belong to."""
        fine, coarse = self.blocks
        return -(-fine * PATCH // BLOCK) + coarse

    def build(self, input_shape):
        b, fine, coarse = input_shape[0], *self.channels
        self.patches.build((b, None, None, PATCH * PATCH * 3))
        for layer in (*self.fine_blocks, self.norm):
            layer.build((b, None, None, fine))
        self.down.build((b, None, None, PATCH * PATCH * fine))
        for layer in (*self.coarse_blocks, self.head):
            layer.build((b, None, None, coarse))
        self.bypass.build((b, None, None, BLOCK * BLOCK * 3))

    def call(self, x):
        x = (keras.ops.cast(x, "float32") - 127.5) / PIXEL_SCALE
        h = self.patches(space_to_depth(x, PATCH))
        for block in self.fine_blocks:
            h = block(h)
        h = self.down(space_to_depth(self.norm(h), PATCH))
        for block in self.coarse_blocks:
            h = block(h)
        return self.head(h) + self.bypass(space_to_depth(x, BLOCK))

    def get_config(self):
        return {
            **super().get_config(),
            "latent_channels": self.latent_channels,
            "channels": self.channels,
            "blocks": self.blocks,
        }


@keras.saving.register_keras_serializable("tfcodec")
class TwoScaleSynthesis(keras.layers.Layer):
    """Latents to images; the light half of the pair.

    Args:
        latent_channels: int.
        channels: pair of ints, feature channels at 1/4 and at 1/16.
        blocks: pair of ints, residual blocks at 1/4 and at 1/16.

    Call arguments:
        y: float32 `(batch, height, width, latent_channels)`, about the size
            that the analysis gives them.
        unit: float32, the same latents at about unit variance.
        quality: float32 `(batch,)`, 1..100: the networks scale their features
            by it, since coarser latents want a smoother picture.

    Returns:
        float32 `(batch, 16 * height, 16 * width, 3)`, about 0..255, not
        clipped.
    """

    def __init__(
        self, latent_channels, channels=(48, 256), blocks=(2, 5), **kwargs
    ):
        # Without a cast of the inputs: the bypass wants `y` in float32.
        super().__init__(autocast=False, **kwargs)
        self.latent_channels = latent_channels
        self.channels = tuple(channels)
        self.blocks = tuple(blocks)
        policy = {"dtype": self.dtype_policy}
        fine, coarse = self.channels
        self.enter = keras.layers.Conv2D(coarse, 1, **policy)
        self.enter_gain = QualityGain(coarse)
        self.coarse_blocks = [
            BottleneckBlock(coarse, **policy) for _ in range(self.blocks[1])
        ]
        self.up = keras.layers.Conv2D(PATCH * PATCH * fine, 1, **policy)
        self.norm = GDN(inverse=True, form="simple", **policy)
        self.fine_blocks = [
            BottleneckBlock(fine, **policy) for _ in range(self.blocks[0])
        ]
        self.fine_gain = QualityGain(fine)
        self.head = keras.layers.Conv2D(
            PATCH * PATCH * 3,
            3,
            padding="same",
            kernel_initializer=_small(),
            **policy,
        )
        self.bypass = keras.layers.Dense(BLOCK * BLOCK * 3, dtype="float32")

    @property
    def reach(self):
        """Latents around one that its pixels depend on."""
        fine, coarse = self.blocks
        return coarse + -(-(fine + 1) * PATCH // BLOCK)

    def build(self, input_shape):
        b, fine, coarse = input_shape[0], *self.channels
        self.enter.build(input_shape)
        for layer in (*self.coarse_blocks, self.up):
            layer.build((b, None, None, coarse))
        for layer in (self.norm, *self.fine_blocks, self.head):
            layer.build((b, None, None, fine))
        self.enter_gain.build()
        self.fine_gain.build()
        self.bypass.build(input_shape)

    def call(self, y, unit, quality):
        h = self.enter(unit)
        h = h * keras.ops.cast(self.enter_gain(quality), h.dtype)
        for block in self.coarse_blocks:
            h = block(h)
        h = self.norm(depth_to_space(self.up(h), PATCH))
        for block in self.fine_blocks:
            h = block(h)
        h = h * keras.ops.cast(self.fine_gain(quality), h.dtype)
        h = depth_to_space(keras.ops.cast(self.head(h), "float32"), PATCH)
        x_hat = h + depth_to_space(self.bypass(y), BLOCK)
        return x_hat * PIXEL_SCALE + 127.5

    def get_config(self):
        return {
            **super().get_config(),
            "latent_channels": self.latent_channels,
            "channels": self.channels,
            "blocks": self.blocks,
        }


def _small():
    """A start near zero: the bypass alone codes the image at first."""
    return keras.initializers.VarianceScaling(
        0.01, mode="fan_avg", distribution="uniform"
    )
