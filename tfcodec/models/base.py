"""What every model shares: variable rate, the loss, and the coding steps.

A model never sees bytes or tables. `tfcodec.codec` asks it for the steps of
coding (`analyse`, `hyper`, `residuals`; `dequantize`, `synthesise`); training
asks it for `call`, which runs the same steps with noise and counts bits.
"""

import math
from typing import Any
from typing import NamedTuple

import keras

from tfcodec.layers import QualityGain
from tfcodec.limits import MAX_QUALITY
from tfcodec.limits import MIN_QUALITY
from tfcodec.ops import ms_ssim

# Names of the layers that only an encoder has.
_ENCODER_LAYERS = ("analysis", "hyper_analysis")


class CodecOutput(NamedTuple):
    """What a model's `call` returns. Bits are estimates, per image."""

    x_hat: Any  # float32 (batch, height, width, 3), about 0..255, not clipped
    y_bits: Any  # float32 (batch,), of the latents
    z_bits: Any  # float32 (batch,), of the hyper-latents; 0 without any
    quality: Any  # float32 (batch,), the quality used, 1..100


class CodecModel(keras.Model):
    """Base class: variable-rate training with `fit`, and the coding steps.

    The loss of an example at quality q is
    `(bpp + lmbda(q) * distortion) * lmbda(q) ** -rate_balance`, with `lmbda`
    interpolated geometrically from `lmbda_min` at quality 1 to `lmbda_max` at
    quality 100. bpp is in bits per pixel. The distortion is the MSE over RGB
    values 0..255, as in TensorFlow Compression, or 1 - MS-SSIM. The last
    factor gives all rates about the same say: without it the high rates have
    a hundred times that of the low ones.

    Args:
        latent_channels: int.
        distortion: "mse" or "ms-ssim" (which needs sides of 176 pixels).
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
        distortion="mse",
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
        if distortion not in ("mse", "ms-ssim"):
            raise ValueError(
                "`distortion` must be 'mse' or 'ms-ssim'. "
                f"Received: distortion={distortion!r}"
            )
        self.latent_channels = latent_channels
        self.distortion = distortion
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
        # Training may set a function of (x_hat, image), float32 `(b,)`, which
        # is added to the distortion of the loss; it is not saved.
        self.extra_distortion = None
        self.quality_seed = keras.random.SeedGenerator(seed)
        self.trackers = {
            name: keras.metrics.Mean(name=name) for name in ("bpp", "psnr")
        }

    # The steps of coding. -----------------------------------------------

    @property
    def reach(self):
        """How many latents a step looks around itself, by the step's name.

        So far, and not one further, an input changes an output; both count by
        the latents they belong to, and a hyper-latent's inputs and outputs
        begin at the first of its four. `residuals` reaches as far as
        `dequantize`. Dict from str to int.
        """
        raise NotImplementedError

    @property
    def decoder_layers(self):
        """The layers that decoding depends on, priors included: a list."""
        return [x for x in self.layers if x.name not in _ENCODER_LAYERS]

    @property
    def decoder_weights(self):
        """The weights that decoding depends on, priors included: a list."""
        encoder = [x for x in self.layers if x.name in _ENCODER_LAYERS]
        skipped = {id(v) for layer in encoder for v in layer.weights}
        return [v for v in self.weights if id(v) not in skipped]

    def analyse(self, x):
        """Images `(b, h, w, 3)`, 0..255, to latents before the gain."""
        return self.analysis(x)

    def hyper_latents(self, y, quality):
        """What `hyper` rounds, float32."""
        raise NotImplementedError

    def hyper(self, y, quality):
        """Latents to the integers that are coded first, float32 `z_hat`."""
        return self.bottleneck.round_latents(self.hyper_latents(y, quality))

    def residuals(self, y, z_hat, indexes, quality):
        """Latents to the integers coded second; None for one-stream models.

        `indexes` are the table indexes of `scale_network`, in the shape of
        `y`.
        """
        return None

    def dequantize(self, z_hat, residual, quality):
        """Coded integers to the decoder's latents, float32, with the gain."""
        raise NotImplementedError

    def synthesise(self, y_hat, quality):
        """Latents with the gain to images, float32, not clipped."""
        raise NotImplementedError

    def reconstruct(self, z_hat, residual, quality):
        """Coded integers to images, float32, not clipped."""
        y_hat = self.dequantize(z_hat, residual, quality)
        return self.synthesise(y_hat, quality)

    def relaxed(self, y, z_hat, quality, quantize):
        """The decoder with a rounding of one's own, for `tfcodec.refine`.

        Args:
            y: float32 `(b, h, w, latent_channels)`, latents times the gain.
            z_hat: float32, hyper-latents.
            quality: float32 `(b,)`.
            quantize: function of residuals in the shape of `y`.

        Returns:
            `(x_hat, residual)`: the image, not clipped, of the quantized
            residuals; and the residuals before that. Models with one stream
            have none of this.
        """
        raise NotImplementedError

    # Training. ----------------------------------------------------------

    def lmbda(self, quality):
        """Weight of the distortion against bits per pixel, per quality."""
        position = (quality - MIN_QUALITY) / (MAX_QUALITY - MIN_QUALITY)
        ratio = math.log(self.lmbda_max / self.lmbda_min)
        return self.lmbda_min * keras.ops.exp(position * ratio)

    def total_distortion(self, x_hat, image, inside):
        """Sum of the loss' distortion over the pixels that count.

        Args:
            x_hat, image: float32 `(b, h, w, 3)`, 0..255.
            inside: float32 `(b, h, w, 1)`, 1 for pixels that count, else 0. An
                error is multiplied by it: with the root of a weight, squared
                errors have that weight.

        Returns:
            float32 scalar.
        """
        shape = keras.ops.shape(image)
        pixels = keras.ops.cast(shape[1] * shape[2], "float32")
        x_hat = inside * (x_hat - image) + image
        return pixels * keras.ops.sum(self.distortions(x_hat, image))

    def distortions(self, x_hat, image):
        """What is weighed with the rate; of images as for `total_distortion`.

        Returns:
            float32 `(b,)`: the mean squared error, or 1 less the MS-SSIM.
        """
        if self.distortion == "ms-ssim":
            return 1.0 - ms_ssim(x_hat, image)
        return keras.ops.mean(keras.ops.square(x_hat - image), axis=(1, 2, 3))

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

    def test_step(self, *arguments):
        """What `evaluate` and `validation_data` do: all rates have a say.

        Images without a quality get one by their place in the batch, spread
        over 1..100.
        """
        *state, data = arguments  # JAX has a state.
        return super().test_step(*state, spread_qualities(data))

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
        lmbda = self.lmbda(y_pred.quality)
        weight = (self.lmbda_max / lmbda) ** self.rate_balance
        distortion = self.distortions(y_pred.x_hat, image)
        if self.extra_distortion is not None:
            distortion += self.extra_distortion(y_pred.x_hat, image)
        loss = keras.ops.mean(weight * (bpp + lmbda * distortion))
        error = keras.ops.square(y_pred.x_hat - image)
        mse = keras.ops.mean(error, axis=(1, 2, 3))
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
            "distortion": self.distortion,
            "seed": self.seed,
        }


def spread_qualities(data):
    """A batch of `fit`'s with qualities, spread evenly if there were none.

    Args:
        data: images `(batch, height, width, 3)`, or a dict as
            `CodecModel` takes; or a tuple that begins with one.

    Returns:
        Such a dict, or a tuple that begins with one.
    """
    x, *rest = keras.utils.unpack_x_y_sample_weight(data)
    if not isinstance(x, dict):
        batch = keras.ops.shape(x)[0]
        place = keras.ops.arange(batch, dtype="float32") + 0.5
        place = place / keras.ops.cast(batch, "float32")
        quality = MIN_QUALITY + (MAX_QUALITY - MIN_QUALITY) * place
        x = {"image": x, "quality": quality}
    return keras.utils.pack_x_y_sample_weight(x, *rest)
