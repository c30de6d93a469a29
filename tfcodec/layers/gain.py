"""Per-channel gains that follow the quality: one model for all rates."""

import keras

from tfcodec.limits import MAX_QUALITY
from tfcodec.limits import MIN_QUALITY


@keras.saving.register_keras_serializable("tfcodec")
class QualityGain(keras.layers.Layer):
    """Positive per-channel factors, interpolated by quality.

    A row of log-gains is learned at each of `levels` qualities, evenly spaced
    from 1 to 100; between them the logarithm is interpolated linearly, so
    that quality is continuous (gained VAE: Cui et al. 2021,
    https://arxiv.org/abs/2003.02012, section 3.3). The paper learns a separate
    inverse gain; here the inverse is the reciprocal.

    Args:
        channels: int.
        levels: int, at least 2.
        log_range: float. The initial log-gain rises linearly from
            `-log_range / 2` at quality 1 to `+log_range / 2` at quality 100.

    Call arguments:
        quality: float tensor `(batch,)`, 1 to 100.

    Returns:
        float32 `(batch, 1, 1, channels)`.
    """

    def __init__(self, channels, levels=8, log_range=0.0, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        if levels < 2:
            raise ValueError(
                f"`levels` must be at least 2. Received: levels={levels}"
            )
        self.channels = channels
        self.levels = levels
        self.log_range = log_range

    def build(self, input_shape=None):
        def initializer(shape, dtype=None):
            ramp = keras.ops.linspace(-0.5, 0.5, shape[0], dtype=dtype)
            return keras.ops.tile(ramp[:, None] * self.log_range, (1, shape[1]))

        self.log_gain = self.add_weight(
            name="log_gain",
            shape=(self.levels, self.channels),
            initializer=initializer,
        )

    def call(self, quality):
        quality = keras.ops.cast(quality, "float32")
        position = (quality - MIN_QUALITY) / (MAX_QUALITY - MIN_QUALITY)
        position = position[:, None] * (self.levels - 1)
        nodes = keras.ops.arange(self.levels, dtype="float32")[None, :]
        weights = keras.ops.relu(1.0 - keras.ops.abs(position - nodes))
        # Multiply and sum, not matmul: TF32 would round the gains.
        log_gain = keras.ops.sum(
            weights[:, :, None] * self.log_gain[None], axis=1
        )
        return keras.ops.exp(log_gain)[:, None, None, :]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1, 1, self.channels)

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "levels": self.levels,
            "log_range": self.log_range,
        }
