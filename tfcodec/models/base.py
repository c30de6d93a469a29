"""What every model shares: variable rate, the loss, and four coding steps.

A model never sees bytes or tables. `tfcodec.codec` asks it for the four steps
of coding (`analyse`, `hyper`, `residuals`, `reconstruct`); training asks it
for `call`, which runs the same steps with noise and counts bits.
"""

import math
from typing import Any
from typing import NamedTuple

import keras

from tfcodec.layers import QualityGain
from tfcodec.layers.gain import MAX_QUALITY
from tfcodec.layers.gain import MIN_QUALITY


class CodecOutput(NamedTuple):
    """What a model's `call` returns. Bits are estimates, per image."""

    x_hat: Any  # float32 (batch, height, width, 3), about 0..255, not clipped
    y_bits: Any  # float32 (batch,), of the latents
    z_bits: Any  # float32 (batch,), of the hyper-latents; 0 without any
    quality: Any  # float32 (batch,), the quality used, 1..100


class CodecModel(keras.Model):
    """Base class: variable-rate training with `fit`, and the coding steps.

    The loss of an example at quality q is
    `(bpp + lmbda(q) * mse) * lmbda(q) ** -rate_balance`, with `lmbda`
    interpolated geometrically from `lmbda_min` at quality 1 to `lmbda_max` at
    quality 100. MSE is over RGB values 0..255, bpp in bits per pixel, both as
    in TensorFlow Compression. The last factor gives all rates about the same
    say: without it the high rates have a hundred times that of the low ones.

    Args:
        latent_channels: int.
        lmbda_min: float.
        lmbda_max: float.
        rate_balance: float in [0, 1].
        seed: int or None, of the qualities and noise drawn in training.

    Call arguments:
        inputs: uint8 or float `(batch, height, width, 3)`, 0..255, sides
            multiples of 16; or a dict of that as "image" and of "quality",
            `(batch,)`. Without a quality, training draws one per image from
            U(1, 100), and inference takes 50.
        training: bool.

    Returns:
        `CodecOutput`.
    """

    def __init__(
        self,
        latent_channels,
        lmbda_min=0.0012,
        lmbda_max=0.16,
        rate_balance=0.5,
        seed=None,
        **kwargs,
    ):
        # Qualities stay float32 under mixed precision; the parts cast.
        super().__init__(autocast=False, **kwargs)
        if not 0 < lmbda_min < lmbda_max:
            raise ValueError(
                "`lmbda_min` must be positive and below `lmbda_max`. Received: "
                f"lmbda_min={lmbda_min}, lmbda_max={lmbda_max}"
            )
        self.latent_channels = latent_channels
        self.lmbda_min = lmbda_min
        self.lmbda_max = lmbda_max
        self.rate_balance = rate_balance
        self.seed = seed
        # At high resolution the step is proportional to lmbda ** -0.5.
        self.gain = QualityGain(
            latent_channels,
            log_range=0.5 * math.log(lmbda_max / lmbda_min),
            name="gain",
        )
        self.quality_seed = keras.random.SeedGenerator(seed)
        self.trackers = {
            name: keras.metrics.Mean(name=name) for name in ("bpp", "psnr")
        }

    # The four steps of coding. ------------------------------------------

    def analyse(self, x):
        """Images `(b, h, w, 3)`, 0..255, to latents before the gain."""
        return self.analysis(x)

    def hyper(self, y, quality):
        """Latents to the integers that are coded first, float32 `z_hat`."""
        raise NotImplementedError

    def residuals(self, y, z_hat, indexes, quality):
        """Latents to the integers coded second; None for one-stream models.

        `indexes` are the table indexes of `scale_network`, in the shape of
        `y`.
        """
        return None

    def reconstruct(self, z_hat, residual, quality):
        """Coded integers to images, float32, not clipped."""
        raise NotImplementedError

    # Training. ----------------------------------------------------------

    def lmbda(self, quality):
        """Weight of the MSE (0..255) against bits per pixel, per quality."""
        position = (quality - MIN_QUALITY) / (MAX_QUALITY - MIN_QUALITY)
        ratio = math.log(self.lmbda_max / self.lmbda_min)
        return self.lmbda_min * keras.ops.exp(position * ratio)

    def split_inputs(self, inputs, training):
        """`(image, quality)` as float32 from either form of `inputs`."""
        if isinstance(inputs, dict):
            x = keras.ops.cast(inputs["image"], "float32")
            quality = keras.ops.cast(inputs["quality"], "float32")
            return x, quality
        x = keras.ops.cast(inputs, "float32")
        batch = keras.ops.shape(x)[0]
        if training:
            quality = keras.random.uniform(
                (batch,), MIN_QUALITY, MAX_QUALITY, seed=self.quality_seed
            )
        else:
            quality = keras.ops.full((batch,), 50.0)
        return x, quality

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Scalar: mean of the balanced rate-distortion loss of the batch.

        Keras calls this from `fit`; `y` and `sample_weight` are not used.
        """
        image = x["image"] if isinstance(x, dict) else x
        image = keras.ops.cast(image, "float32")
        shape = keras.ops.shape(image)
        pixels = keras.ops.cast(shape[1] * shape[2], "float32")
        bpp = (y_pred.y_bits + y_pred.z_bits) / pixels
        error = keras.ops.square(y_pred.x_hat - image)
        mse = keras.ops.mean(error, axis=(1, 2, 3))
        lmbda = self.lmbda(y_pred.quality)
        weight = (self.lmbda_max / lmbda) ** self.rate_balance
        loss = keras.ops.mean(weight * (bpp + lmbda * mse))
        psnr = 20 * math.log10(255.0) - keras.ops.log10(mse + 1e-3) * 10
        self.trackers["bpp"].update_state(bpp)
        self.trackers["psnr"].update_state(psnr)
        return loss

    def get_config(self):
        return {
            "name": self.name,
            "latent_channels": self.latent_channels,
            "lmbda_min": self.lmbda_min,
            "lmbda_max": self.lmbda_max,
            "rate_balance": self.rate_balance,
            "seed": self.seed,
        }
