"""Trains the predictors of the lossless preset."""

import keras
import numpy as np
from keras import ops

from tfcodec.coding.integer_network import IntegerLayer
from tfcodec.layers.integer_dense import ACTIVATION_BITS
from tfcodec.layers.integer_dense import BIAS_SPEED
from tfcodec.layers.integer_dense import KERNEL_SPEED
from tfcodec.layers.integer_dense import WEIGHT_BITS
from tfcodec.layers.integer_dense import IntegerDense
from tfcodec.lossless import predictor
from tfcodec.lossless.contexts import ACTIVITIES
from tfcodec.lossless.contexts import LIMIT

_FLOOR = 2.0**-14  # probability that is always left to a value


class Network(keras.Model):
    """A predictor as it is trained: of the integers that it will work with.

    Args:
        hidden: pair of ints, units.

    Call arguments:
        inputs: float32 `(n, channels)`, integers.

    Returns:
        float32 `(n, 2)`, integers in 0..255.
    """

    def __init__(self, hidden=(48, 32), **kwargs):
        super().__init__(**kwargs)
        self.first = IntegerDense(hidden[0])
        self.second = IntegerDense(hidden[1])
        self.last = IntegerDense(2, kernel_init=0.1)

    def call(self, inputs):
        x = inputs * 2.0**-ACTIVATION_BITS
        x = ops.concatenate([self.second(self.first(x)), x], -1)
        return self.last(x) * 2.0**ACTIVATION_BITS


def bits(targets, outputs):
    """Mean code length of values under discretised logistics, in bits.

    Args:
        targets: float32 `(n, 3)`: value less anchor and base, activity in grey
            levels, width of a step of the coded values.
        outputs: float32 `(n, 2)`, of the network.
    """
    value, activity, step = ops.split(targets, 3, 1)
    mean, scale = ops.split(outputs - predictor.MIDDLE, 2, 1)
    off = value - mean * (1.0 / predictor.MEAN_STEPS) * activity
    # The middle of what is rounded down.
    index = (scale - (predictor.SCALE_STEPS - 1) / 2) / predictor.SCALE_STEPS
    index = index + predictor.SCALE_AT
    log2 = index / 4 + ops.log2(activity / ACTIVITIES[0])
    width = predictor.SCALE_MIN * 2.0 ** ops.clip(log2, 0.0, 11.0)
    upper = ops.sigmoid((step / 2 - ops.abs(off)) / width)
    lower = ops.sigmoid((-step / 2 - ops.abs(off)) / width)
    return -ops.mean(ops.log2((upper - lower) * (1 - 2 * _FLOOR) + _FLOOR))


class Trainer:
    """Trains one predictor after the other, compiled once.

    Args:
        channels: int, the most inputs of any; others get zeros.
        steps: int, of each.
        batch: int.
        rate: float, learning rate at the start.

    Attributes:
        network: the `Network` of the last one.
    """

    def __init__(self, channels, steps, batch=2048, rate=3e-3):
        self._channels = channels
        self._steps, self._batch = steps, batch
        self.network = Network()
        self.network(np.zeros((1, channels), np.float32))
        self.network.last.set_bias(predictor.MIDDLE)
        schedule = keras.optimizers.schedules.CosineDecay(rate, steps, 0.02)
        self.network.compile(keras.optimizers.Adam(schedule), bits)
        self.network.optimizer.build(self.network.trainable_variables)
        self._start = self.network.get_weights()
        self._rest = [v.numpy() for v in self.network.optimizer.variables]

    def __call__(self, samples, start=None, seed=0):
        """Trains a predictor.

        Args:
            samples: `Samples`.
            start: `Predictor` to go on from, or None.
            seed: int, of the order of the samples.

        Returns:
            `(predictor, bits)`: `Predictor`, and its mean code length.
        """
        model = self.network
        model.set_weights(self._start)
        if start is not None:
            set_layer(model.first, start.first)
            set_layer(model.second, start.second)
            set_layer(model.last, start.last)
        for variable, value in zip(
            model.optimizer.variables, self._rest, strict=True
        ):
            variable.assign(value)
        draw = np.random.default_rng(seed)
        values = []
        for step in range(self._steps):
            chosen = draw.integers(0, len(samples.target), self._batch)
            loss = model.train_on_batch(*self._arrays(samples, chosen))
            if step >= self._steps * 3 // 4:
                values.append(float(loss))
        count = samples.inputs.shape[1]
        return self._predictor(count), float(np.mean(values))

    def _arrays(self, samples, chosen):
        inputs = np.zeros((len(chosen), self._channels), np.float32)
        inputs[:, : samples.inputs.shape[1]] = samples.inputs[chosen]
        targets = np.stack(
            [
                samples.target[chosen],
                ACTIVITIES[samples.activity[chosen]],
                samples.step[chosen],
            ],
            1,
        )
        return inputs, targets.astype(np.float32)

    def _predictor(self, count):
        """The `Predictor` of `count` inputs."""
        model = self.network
        first = to_layer(model.first, LIMIT, slice(0, count))
        second = to_layer(model.second, first.high)
        hidden = model.second.units
        last = to_layer(model.last, second.high, slice(0, hidden + count))
        return predictor.Predictor(first, second, last)


def set_layer(dense, layer):
    """Gives an `IntegerDense` the weights of an `IntegerLayer`.

    Further inputs than the layer has keep the weights that they have.
    """
    kernel = np.array(ops.convert_to_numpy(dense.kernel))
    count = len(layer.kernel)
    kernel[:count] = layer.kernel * (2.0**-WEIGHT_BITS / KERNEL_SPEED)
    dense.kernel.assign(kernel)
    unit = 2.0 ** -(WEIGHT_BITS + ACTIVATION_BITS) / BIAS_SPEED
    dense.bias.assign(layer.bias * unit)


def to_layer(dense, input_max, rows=slice(None)):
    """The `IntegerLayer` of an `IntegerDense`."""
    kernel = ops.convert_to_numpy(dense.quantized_kernel())[rows]
    return IntegerLayer(
        kernel.astype(np.int8),
        ops.convert_to_numpy(dense.quantized_bias()).astype(np.int32),
        WEIGHT_BITS + dense.extra_shift,
        dense.high,
        input_max,
    )
