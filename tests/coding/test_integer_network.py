"""The integer network: exact, the same in Keras and NumPy, and guarded."""

import dataclasses

import keras
import numpy as np
import pytest

from tfcodec.coding.integer_network import IntegerLayer
from tfcodec.coding.integer_network import IntegerNetwork
from tfcodec.entropy.build_tables import build_network
from tfcodec.transforms import IntegerScaleNetwork
from tfcodec.transforms.hyper import quality_code

HYPER, LATENT = 5, 7


def draw_layer(rng, inputs, outputs, shift, high=255, input_max=255):
    spread = 127 if inputs < 100 else 40
    return IntegerLayer(
        rng.integers(-spread, spread + 1, (inputs, outputs)),
        rng.integers(-20_000, 20_001, outputs),
        shift,
        high,
        input_max,
    )


def draw_network(seed, hidden=(12, 3, 8)):
    rng = np.random.default_rng(seed)
    first, fine, last = hidden
    return IntegerNetwork(
        (
            draw_layer(rng, 9 * HYPER + 1, first, 6, input_max=250),
            draw_layer(rng, first, 16 * fine, 9),
            draw_layer(rng, 9 * fine + 1, last, 10),
            draw_layer(rng, last + 1, LATENT, 11, high=63),
        )
    )


def by_int64(network, z, hundredths, height, width):
    """The same in int64 and Python loops over positions, from the text."""

    def dense(layer, a):
        total = a @ layer.kernel.astype(np.int64) + layer.bias
        return np.clip(total >> layer.shift, 0, layer.high)

    def around(a, i, j):
        out = []
        for di in (-1, 0, 1):
            for dj in (-1, 0, 1):
                inside = 0 <= i + di < a.shape[0] and 0 <= j + dj < a.shape[1]
                zeros = np.zeros(a.shape[2], np.int64)
                out.append(a[i + di, j + dj] if inside else zeros)
        return np.concatenate([*out, [hundredths // 40]])

    first, shuffle, mix, index = network.layers
    fine = np.zeros((4 * len(z), 4 * len(z[0]), shuffle.kernel.shape[1] // 16))
    fine = fine.astype(np.int64)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            a = dense(shuffle, dense(first, around(z, i, j)))
            a = a.reshape(4, 4, -1)
            fine[4 * i : 4 * i + 4, 4 * j : 4 * j + 4] = a
    fine = fine[:height, :width]
    out = np.zeros((height, width, network.latent_channels), np.int64)
    for i in range(height):
        for j in range(width):
            a = dense(mix, around(fine, i, j))
            out[i, j] = dense(index, np.append(a, hundredths // 40))
    return out


@pytest.mark.parametrize(
    "height, width, hundredths",
    [(1, 1, 100), (4, 4, 10_000), (5, 11, 5000), (9, 3, 4039), (7, 8, 4040)],
)
def test_float32_is_exact(height, width, hundredths):
    network = draw_network(seed=height)
    rng = np.random.default_rng(width)
    shape = (-(-height // 4), -(-width // 4), HYPER)
    z = rng.integers(-128, 128, shape)
    out = network(z, hundredths, height, width)
    assert out.dtype == np.int32 and out.shape == (height, width, LATENT)
    expected = by_int64(network, z, hundredths, height, width)
    np.testing.assert_array_equal(out, expected)
    assert len(np.unique(expected)) > 1


@pytest.mark.parametrize("seed", range(4))
def test_keras_layer_computes_the_same(seed):
    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    layer = IntegerScaleNetwork(LATENT, hidden=(160, 48, 96))
    layer.build((None, None, None, 24))
    for stage in layer.stages:
        # Off the initial values, also beyond the clip of single weights.
        kernel = keras.ops.convert_to_numpy(stage.kernel)
        noise = rng.standard_t(3, kernel.shape) * kernel.std()
        stage.kernel.assign(kernel + noise.astype(np.float32))
        bias = rng.normal(0, 0.05, stage.bias.shape).astype(np.float32)
        stage.bias.assign_add(bias)
    network = build_network(layer)
    seen = set()
    for height, width in ((1, 1), (6, 9), (8, 8), (13, 3)):
        shape = (2, -(-height // 4), -(-width // 4), 24)
        z = rng.integers(-128, 128, shape)
        if seed == 0:
            z[:] = rng.choice([-128, 127], shape)
        hundredths = rng.integers(100, 10_001, 2)
        like = np.zeros((2, height, width, LATENT), np.float32)
        quality = (hundredths / 100).astype(np.float32)
        out = np.asarray(layer(z.astype(np.float32), quality, like))
        for i in range(2):
            expected = network(z[i], int(hundredths[i]), height, width)
            np.testing.assert_array_equal(out[i], expected)
        seen |= set(np.unique(out))
    assert len(seen) > 30


def test_quality_code_of_every_quality():
    hundredths = np.arange(100, 10_001)
    code = np.asarray(quality_code((hundredths / 100).astype(np.float32)))
    np.testing.assert_array_equal(code, hundredths // 40)


def test_order_of_summation_does_not_matter():
    network = draw_network(seed=3)
    rng = np.random.default_rng(0)
    layer = network.layers[0]
    a = rng.integers(-128, 128, (200, layer.kernel.shape[0])).astype(np.float32)
    expected = layer(a)
    for _ in range(5):
        order = rng.permutation(layer.kernel.shape[0])
        shuffled = dataclasses.replace(layer, kernel=layer.kernel[order])
        np.testing.assert_array_equal(shuffled(a[:, order]), expected)


def test_refuses_sums_beyond_float32():
    kernel = np.full((518, 1), 127)
    bias = np.array([0])
    limit = (1 << 24) - 518 * 127 * 255
    assert 0 < limit < 127 * 255
    good = IntegerLayer(kernel, np.array([limit - 1]), 6, 255, 255)
    extreme = np.full((1, 518), 255, np.float32)
    assert good(extreme)[0, 0] == 255
    for bias in (limit, -limit):
        with pytest.raises(ValueError, match="not exact in float32"):
            IntegerLayer(kernel, np.array([bias]), 6, 255, 255)
    with pytest.raises(ValueError, match="not exact in float32"):
        IntegerLayer(np.full((519, 1), -127), np.array([0]), 6, 255, 255)


@pytest.mark.parametrize(
    "change, match",
    [
        ({"kernel": np.zeros(3, int)}, "(inputs, outputs)"),
        ({"bias": np.zeros(3, int)}, "(outputs,)"),
        ({"kernel": np.array([[-128, 0], [0, 0]])}, "-127, 127"),
        ({"shift": 16}, "shift=16"),
        ({"shift": -1}, "shift=-1"),
        ({"high": 0}, "high=0"),
        ({"high": 256}, "high=256"),
    ],
)
def test_layer_rejects(change, match):
    good = {
        "kernel": np.eye(2, dtype=int),
        "bias": np.zeros(2, int),
        "shift": 6,
        "high": 255,
        "input_max": 255,
    }
    IntegerLayer(**good)
    with pytest.raises(ValueError) as error:
        IntegerLayer(**{**good, **change})
    assert match in str(error.value)


def test_network_rejects_layers_that_do_not_fit():
    layers = draw_network(0).layers
    with pytest.raises(ValueError, match="4 layers. Received: 3"):
        IntegerNetwork(layers[:3])
    for i in range(4):
        bad = IntegerLayer(np.eye(29, dtype=int), np.zeros(29, int), 6, 9, 255)
        with pytest.raises(ValueError, match="do not fit together"):
            IntegerNetwork((*layers[:i], bad, *layers[i + 1 :]))


def test_digest_sees_every_number():
    network = draw_network(1, hidden=(4, 1, 2))
    digests = {network.digest()}
    count = 1

    def changed(i, **values):
        layers = list(network.layers)
        layers[i] = dataclasses.replace(layers[i], **values)
        digests.add(IntegerNetwork(tuple(layers)).digest())

    for i, layer in enumerate(network.layers):
        for name in ("kernel", "bias"):
            array = getattr(layer, name)
            for place in np.ndindex(array.shape):
                other = np.array(array)
                other[place] += 1 if other[place] < 127 else -1
                changed(i, **{name: other})
                count += 1
        changed(i, shift=layer.shift + 1)
        changed(i, high=layer.high - 1)
        count += 2
    assert len(digests) == count
    assert draw_network(1, hidden=(4, 1, 2)).digest() == network.digest()


def test_layers_are_immutable():
    layer = draw_network(0).layers[0]
    with pytest.raises(ValueError, match="read-only"):
        layer.kernel[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        layer.shift = 3
