"""Generalized divisive normalization, in the 2016 form and the cheap one."""

import keras

from tfcodec.ops import lower_bound

# Parameters are stored as square roots, kept above this, so that an effective
# parameter near zero still has a useful gradient.
_ROOT_MIN = 2.0**-18
_BETA_MIN = 1e-6


@keras.saving.register_keras_serializable("tfcodec")
class GDN(keras.layers.Layer):
    """Generalized divisive normalization and its approximate inverse.

    `form="classic"`: `y_i = x_i / sqrt(beta_i + sum_j gamma_ij x_j^2)`
    (Ballé et al. 2016, https://arxiv.org/abs/1511.06281, equation 2, with the
    exponents fixed to 2 and 1/2 as in https://arxiv.org/abs/1611.01704).
    `form="simple"`: `y_i = x_i / (beta_i + sum_j gamma_ij |x_j|)` (Johnston
    et al. 2019, https://arxiv.org/abs/1912.08771, section 3.1), which needs
    neither square nor root.
    The inverse multiplies where the forward divides. beta and gamma stay
    non-negative: they are squares of what is learned, bounded with a gradient
    that lets them return (Ballé et al. 2018, appendix 6.2).

    Args:
        inverse: bool. IGDN if true.
        form: `"classic"` or `"simple"`.

    Call arguments:
        x: float tensor `(..., channels)`.

    Returns:
        Tensor of the same shape and dtype. The computation is float32.
    """

    def __init__(self, inverse=False, form="simple", **kwargs):
        super().__init__(**kwargs)
        if form not in ("classic", "simple"):
            raise ValueError(
                f"`form` must be 'classic' or 'simple'. Received: form={form!r}"
            )
        self.inverse = inverse
        self.form = form

    def build(self, input_shape):
        channels = input_shape[-1]
        # Not cast to bfloat16: the computation is float32.
        self.beta_root = self.add_weight(
            name="beta_root",
            shape=(channels,),
            initializer="ones",
            autocast=False,
        )
        self.gamma_root = self.add_weight(
            name="gamma_root",
            shape=(channels, channels),
            initializer=_gamma_initializer,
            autocast=False,
        )

    @property
    def beta(self):
        """Effective beta, float32 `(channels,)`, at least 1e-6."""
        root = keras.ops.cast(self.beta_root, "float32")
        return lower_bound(root, _BETA_MIN**0.5) ** 2

    @property
    def gamma(self):
        """Effective gamma, float32 `(channels, channels)`; column i weighs
        the inputs of output i. Non-negative."""
        root = keras.ops.cast(self.gamma_root, "float32")
        return lower_bound(root, _ROOT_MIN) ** 2

    def set_parameters(self, beta, gamma):
        """Sets effective parameters: `(channels,)` and, columns as outputs,
        `(channels, channels)`; both non-negative."""
        self.beta_root.assign(keras.ops.sqrt(beta))
        self.gamma_root.assign(keras.ops.sqrt(gamma))

    def call(self, x):
        values = keras.ops.cast(x, "float32")
        if self.form == "classic":
            pool = keras.ops.square(values)
        else:
            pool = keras.ops.abs(values)
        norm = keras.ops.matmul(pool, self.gamma) + self.beta
        if self.form == "classic":
            norm = keras.ops.sqrt(norm)
        y = values * norm if self.inverse else values / norm
        return keras.ops.cast(y, x.dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "inverse": self.inverse,
            "form": self.form,
        }


def _gamma_initializer(shape, dtype=None):
    """Square root of 0.1 times the identity: nearly independent channels."""
    return keras.ops.eye(shape[0], dtype=dtype) * 0.1**0.5
