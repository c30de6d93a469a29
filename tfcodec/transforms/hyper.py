"""Hyper-transforms: latents to hyper-latents, and back to scales and means.

Scales come from integers only (`IntegerScaleNetwork`), because they choose
the coding tables; means are ordinary floats.
"""

import keras
import numpy as np

from tfcodec.layers import IntegerDense
from tfcodec.layers.integer_dense import BIAS_SPEED
from tfcodec.layers.integer_dense import KERNEL_SPEED
from tfcodec.limits import HYPER_BLOCK
from tfcodec.ops import asinh
from tfcodec.ops import crop_to
from tfcodec.ops import depth_to_space
from tfcodec.ops import neighbours_3x3
from tfcodec.ops import pad_to_multiple


def quality_code(quality):
    """Quality 1..100 as the integer 2..250 that the integer network reads.

    `floor(hundredths / 40)`, computed from the hundredths that the container
    stores. float32 tensor in, float32 integers out.
    """
    hundredths = keras.ops.round(keras.ops.cast(quality, "float32") * 100.0)
    # 0.025 is not a float32; the half step keeps the floor on the safe side.
    return keras.ops.floor((hundredths + 0.5) * 0.025)


@keras.saving.register_keras_serializable("tfcodec")
class HyperAnalysis(keras.layers.Layer):
    """Latents to hyper-latents at a quarter of the resolution.

    Args:
        channels: int, features inside.
        hyper_channels: int.

    Call arguments:
        y: float32 `(batch, height, width, latent_channels)`, scaled by the
            gain, any size.

    Returns:
        float32 `(batch, ceil(height / 4), ceil(width / 4), hyper_channels)`.

    Reference: Minnen et al. 2018, https://arxiv.org/abs/1809.02736, table 1.
    Departure: `asinh` first, since the latents span hundreds of steps.
    """

    def __init__(self, channels, hyper_channels, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        self.hyper_channels = hyper_channels
        policy = {"dtype": self.dtype_policy}
        self.enter = keras.layers.Conv2D(
            channels, 1, activation="relu", **policy
        )
        self.down = keras.layers.Conv2D(
            channels, 4, strides=2, padding="same", activation="relu", **policy
        )
        self.head = keras.layers.Conv2D(
            hyper_channels, 4, strides=2, padding="same", dtype="float32"
        )

    @property
    def reach(self):
        """Latents around the four of a hyper-latent that it depends on."""
        return 3

    def build(self, input_shape):
        self.enter.build(input_shape)
        inner = (*input_shape[:-1], self.channels)
        self.down.build(inner)
        self.head.build(inner)

    def call(self, y):
        y = pad_to_multiple(y, HYPER_BLOCK)
        return self.head(self.down(self.enter(asinh(y))))

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "hyper_channels": self.hyper_channels,
        }


@keras.saving.register_keras_serializable("tfcodec")
class HyperMean(keras.layers.Layer):
    """Hyper-latents to features at the latents' resolution, for the means.

    Args:
        channels: int, features inside and at the output.

    Call arguments:
        z_hat: float32 `(batch, height, width, hyper_channels)`, integers.
        like: tensor `(batch, h, w, any)`; the output is cropped to `h`, `w`.

    Returns:
        Tensor `(batch, h, w, channels)`.
    """

    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        policy = {"dtype": self.dtype_policy, "activation": "relu"}
        self.enter = keras.layers.Conv2D(
            2 * channels, 3, padding="same", **policy
        )
        self.up = keras.layers.Conv2D(4 * channels, 1, **policy)
        self.mix = keras.layers.Conv2D(channels, 3, padding="same", **policy)
        self.up2 = keras.layers.Conv2D(4 * channels, 1, **policy)

    @property
    def reach(self):
        """Latents around one whose hyper-latents it depends on, at most."""
        return 6

    def build(self, input_shape):
        b, c = input_shape[0], self.channels
        self.enter.build(input_shape)
        self.up.build((b, None, None, 2 * c))
        self.mix.build((b, None, None, c))
        self.up2.build((b, None, None, c))

    def call(self, z_hat, like):
        h = depth_to_space(self.up(self.enter(z_hat)), 2)
        h = depth_to_space(self.up2(self.mix(h)), 2)
        return crop_to(h, like)

    def get_config(self):
        return {**super().get_config(), "channels": self.channels}


@keras.saving.register_keras_serializable("tfcodec")
class IntegerScaleNetwork(keras.layers.Layer):
    """Hyper-latents and quality to table indexes, in exact integers.

        z_hat ─ 3x3, quality ─ units ─ 16 * fine ─ shuffle 4 ─┐
        index ─ latent_channels ─ quality, units ─ 3x3, quality ─┘

    Every layer is an `IntegerDense`; the 3x3 neighbourhoods are stacked, not
    convolved, so that no library computes them in another arithmetic.

    Args:
        latent_channels: int.
        hidden: triple of ints, units of the three hidden layers; the second
            is per latent position.
        num_scales: int, indexes are 0..num_scales - 1.

    Call arguments:
        z_hat: float32 `(batch, height, width, hyper_channels)`, integers in
            [-128, 127].
        quality: float32 `(batch,)`.
        like: tensor `(batch, h, w, any)`; the output is cropped to `h`, `w`.

    Returns:
        float32 `(batch, h, w, latent_channels)`, integers, with
        straight-through gradients.
    """

    def __init__(
        self, latent_channels, hidden=(160, 48, 96), num_scales=64, **kwargs
    ):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)
        self.latent_channels = latent_channels
        self.hidden = tuple(hidden)
        self.num_scales = num_scales
        first, fine, last = self.hidden
        block = HYPER_BLOCK * HYPER_BLOCK
        self.stages = [
            IntegerDense(first, extra_shift=-2, name="wide"),
            IntegerDense(block * fine, name="shuffle"),
            IntegerDense(last, name="mix"),
            IntegerDense(
                latent_channels,
                high=num_scales - 1,
                extra_shift=2,
                bias_init=10.0,
                kernel_init=0.3,
                name="index",
            ),
        ]

    def build(self, input_shape):
        first, fine, last = self.hidden
        widths = (9 * input_shape[-1] + 1, first, 9 * fine + 1, last + 1)
        for layer, width in zip(self.stages, widths, strict=True):
            layer.build((None, None, None, width))

    def call(self, z_hat, quality, like):
        to_real = 2.0**-4  # IntegerDense reads integers / 2**4
        code = quality_code(quality)[:, None, None, None] * to_real
        h = neighbours_3x3(z_hat * to_real)
        h = self.stages[0](_append(h, code))
        h = depth_to_space(self.stages[1](h), HYPER_BLOCK)
        h = crop_to(h, like)
        h = self.stages[2](_append(neighbours_3x3(h), code))
        return self.stages[3](_append(h, code)) * 2.0**4

    def warm_start(self, indexes, slope):
        """Starts outputs at known indexes, whatever the hyper-latents say.

        Args:
            indexes: float `(n,)`, indexes of the last `n` latent channels at
                quality 50; the other channels stay as they are.
            slope: float, indexes per unit of quality.
        """
        stage = self.stages[3]
        first = self.latent_channels - len(indexes)
        per_code = slope * 100.0 / 250.0  # see `quality_code`
        bias = keras.ops.convert_to_numpy(stage.bias)[:first]
        stage.set_bias(np.pad(indexes - per_code * 125.0, (first, 0)))
        started = keras.ops.convert_to_numpy(stage.bias)[first:]
        stage.bias.assign(np.concatenate([bias, started]))
        kernel = keras.ops.convert_to_numpy(stage.kernel).copy()
        kernel[-1, first:] = per_code * 2.0**stage.extra_shift / KERNEL_SPEED
        stage.kernel.assign(kernel)

    def remap_quality(self, offset, slope):
        """Makes quality q mean what `offset + slope * q` meant before.

        Args:
            offset: float, in units of quality.
            slope: float. Weights beyond the integers' range are clipped.
        """
        per_quality = 2.5 * 2.0**-4  # of the input, see `quality_code`
        for i in (0, 2, 3):
            stage = self.stages[i]
            kernel = keras.ops.convert_to_numpy(stage.kernel).copy()
            shift = kernel[-1] * (KERNEL_SPEED / BIAS_SPEED)
            stage.bias.assign_add(shift * (offset * per_quality))
            kernel[-1] *= slope
            stage.kernel.assign(kernel)

    def get_config(self):
        return {
            **super().get_config(),
            "latent_channels": self.latent_channels,
            "hidden": self.hidden,
            "num_scales": self.num_scales,
        }


def _append(h, plane):
    """`h` with one more channel that holds `plane` `(batch, 1, 1, 1)`."""
    plane = plane + keras.ops.zeros_like(h[..., :1])
    return keras.ops.concatenate([h, plane], axis=-1)
