"""Muon for convolution kernels with Adam for the rest, and its schedule."""

import math

import keras

# Coefficients of the quintic Newton-Schulz iteration: Jordan et al. 2024,
# https://kellerjordan.github.io/posts/muon/.
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


@keras.saving.register_keras_serializable("tfcodec")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, constant, then half a cosine to `end_factor` of it.

    Args:
        peak: float, the learning rate between warm-up and decay.
        steps: int, of the whole run.
        warmup: int, steps.
        decay_from: float, the fraction of `steps` where the decay begins.
        end_factor: float, the last learning rate over the peak.
    """

    def __init__(self, peak, steps, warmup=200, decay_from=0.6, end_factor=0.0):
        super().__init__()
        self.peak = peak
        self.steps = steps
        self.warmup = warmup
        self.decay_from = decay_from
        self.end_factor = end_factor

    def __call__(self, step):
        step = keras.ops.cast(step, "float32")
        rise = keras.ops.minimum((step + 1.0) / max(self.warmup, 1), 1.0)
        start = self.decay_from * self.steps
        progress = (step - start) / max(self.steps - start, 1.0)
        progress = keras.ops.clip(progress, 0.0, 1.0)
        fall = 0.5 * (1.0 + keras.ops.cos(math.pi * progress))
        fall = self.end_factor + (1.0 - self.end_factor) * fall
        return self.peak * rise * fall

    def get_config(self):
        return {
            "peak": self.peak,
            "steps": self.steps,
            "warmup": self.warmup,
            "decay_from": self.decay_from,
            "end_factor": self.end_factor,
        }


@keras.saving.register_keras_serializable("tfcodec")
class ConvMuon(keras.optimizers.Optimizer):
    """Muon on convolution kernels reshaped to matrices, Adam on the rest.

    A kernel `(h, w, in, out)` is a matrix `(h * w * in, out)`; its Nesterov
    momentum is replaced by the nearest semi-orthogonal matrix, by five
    Newton-Schulz steps, times `0.2 * sqrt(larger side)`, which gives the
    update the size of Adam's (Liu et al. 2025,
    https://arxiv.org/abs/2502.16982, section 2.2). Keras's own Muon leaves
    kernels of rank 4 to Adam.

    Args:
        learning_rate: float or schedule, for the kernels.
        adam_factor: float, the others' learning rate over the kernels'.
        momentum: float, Muon's.
        beta_1, beta_2, epsilon: floats, Adam's.
        weight_decay and further arguments: as in `keras.optimizers.Optimizer`.
    """

    def __init__(
        self,
        learning_rate=1.5e-3,
        adam_factor=0.5,
        momentum=0.95,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        name="conv_muon",
        **kwargs,
    ):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.adam_factor = adam_factor
        self.momentum = momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self._momenta = []
        self._velocities = []
        for variable in variables:
            self._momenta.append(
                self.add_variable_from_reference(variable, name="momentum")
            )
            self._velocities.append(
                None
                if _is_kernel(variable)
                else self.add_variable_from_reference(variable, name="velocity")
            )

    def update_step(self, gradient, variable, learning_rate):
        i = self._get_variable_index(variable)
        rate = keras.ops.cast(learning_rate, variable.dtype)
        gradient = keras.ops.cast(gradient, variable.dtype)
        if _is_kernel(variable):
            update = self._muon(gradient, self._momenta[i])
        else:
            rate = rate * self.adam_factor
            update = self._adam(gradient, self._momenta[i], self._velocities[i])
        self.assign_sub(variable, update * rate)

    def _muon(self, gradient, momentum):
        self.assign(momentum, momentum * self.momentum + gradient)
        update = gradient + self.momentum * momentum
        shape = update.shape
        rows, columns = math.prod(shape[:-1]), shape[-1]
        update = orthogonalize(keras.ops.reshape(update, (rows, columns)))
        scale = 0.2 * math.sqrt(max(rows, columns))
        return keras.ops.reshape(update, shape) * scale

    def _adam(self, gradient, momentum, velocity):
        step = keras.ops.cast(self.iterations + 1, gradient.dtype)
        correction = keras.ops.sqrt(1 - self.beta_2**step)
        correction = correction / (1 - self.beta_1**step)
        self.assign_add(momentum, (gradient - momentum) * (1 - self.beta_1))
        square = keras.ops.square(gradient)
        self.assign_add(velocity, (square - velocity) * (1 - self.beta_2))
        return correction * momentum / (keras.ops.sqrt(velocity) + self.epsilon)

    def get_config(self):
        return {
            **super().get_config(),
            "adam_factor": self.adam_factor,
            "momentum": self.momentum,
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }


def orthogonalize(matrix, steps=5):
    """Nearly the semi-orthogonal factor of `matrix`, by Newton-Schulz.

    The iteration `X <- (a + b G + c G^2) X` with `G = X X^T` only ever
    multiplies from one side, so it runs on the small Gram matrix and the
    accumulated factor, and touches the long matrix twice.
    """
    a, b, c = _NEWTON_SCHULZ
    rows, columns = matrix.shape
    is_tall = rows > columns
    x = keras.ops.transpose(matrix) if is_tall else matrix
    norm = keras.ops.sqrt(keras.ops.sum(keras.ops.square(x))) + 1e-7
    x = x / norm
    gram = keras.ops.matmul(x, keras.ops.transpose(x))
    factor = keras.ops.eye(gram.shape[0], dtype=matrix.dtype)
    identity = factor
    for step in range(steps):
        polynomial = a * identity + b * gram + c * keras.ops.matmul(gram, gram)
        factor = keras.ops.matmul(polynomial, factor)
        if step < steps - 1:
            gram = keras.ops.matmul(
                polynomial, keras.ops.matmul(gram, polynomial)
            )
    x = keras.ops.matmul(factor, x)
    return keras.ops.transpose(x) if is_tall else x


def _is_kernel(variable):
    return len(variable.shape) == 4 and min(variable.shape[-2:]) > 1
