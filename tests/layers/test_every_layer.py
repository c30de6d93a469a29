"""One harness for every layer: config, saving, mixed precision, gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcodec import entropy
from tfcodec import layers
from tfcodec import priors
from tfcodec import transforms


def reals(*shape, scale=1.0):
    rng = np.random.default_rng(len(shape) + shape[-1])
    return (scale * rng.normal(size=shape)).astype(np.float32)


def integers(*shape, low=-9, high=10):
    rng = np.random.default_rng(1)
    return rng.integers(low, high, shape).astype(np.float32)


IMAGES = np.abs(integers(2, 32, 48, 3, low=0, high=256))
LATENTS = reals(2, 5, 6, 8, scale=4.0)
QUALITY = np.array([12.5, 97.0], np.float32)
BF16, F32 = "bfloat16", "float32"

# (class, arguments, inputs, output shapes, dtype under mixed_bfloat16)
CASES = [
    *(
        (
            layers.GDN,
            {"inverse": inverse, "form": form},
            [reals(2, 4, 5, 6)],
            [(2, 4, 5, 6)],
            BF16,
        )
        for inverse in (False, True)
        for form in ("classic", "simple")
    ),
    (
        layers.QualityGain,
        {"channels": 5, "levels": 4, "log_range": 2.0},
        [QUALITY],
        [(2, 1, 1, 5)],
        F32,
    ),
    (
        layers.BottleneckBlock,
        {"channels": 6, "hidden": 4},
        [reals(2, 4, 5, 6)],
        [(2, 4, 5, 6)],
        BF16,
    ),
    (
        layers.IntegerDense,
        {"units": 7, "high": 63, "extra_shift": 1, "bias_init": 9.0},
        [integers(2, 4, 5, 6, low=0, high=256) / 16],
        [(2, 4, 5, 7)],
        F32,
    ),
    (
        priors.DeepFactorized,
        {"channels": 8, "filters": (3, 2), "init_scale": 4.0},
        [LATENTS],
        [LATENTS.shape],
        F32,
    ),
    (
        entropy.EntropyBottleneck,
        {"channels": 8, "filters": (3, 2), "seed": 4},
        [LATENTS],
        [LATENTS.shape, (2,)],
        F32,
    ),
    (
        entropy.GaussianConditional,
        {"seed": 4},
        [LATENTS, integers(2, 5, 6, 8, low=0, high=64)],
        [(2,)],
        F32,
    ),
    (
        entropy.LogisticConditional,
        {"seed": 4},
        [LATENTS, integers(2, 5, 6, 8, low=0, high=64)],
        [(2,)],
        F32,
    ),
    (
        transforms.HyperAnalysis,
        {"channels": 8, "hyper_channels": 4},
        [LATENTS],
        [(2, 2, 2, 4)],
        F32,
    ),
    (
        transforms.HyperMean,
        {"channels": 6},
        [integers(2, 2, 2, 4), LATENTS],
        [(2, 5, 6, 6)],
        BF16,
    ),
    (
        transforms.IntegerScaleNetwork,
        {"latent_channels": 8, "hidden": (12, 4, 8), "num_scales": 32},
        [integers(2, 2, 2, 4), QUALITY, LATENTS],
        [(2, 5, 6, 8)],
        F32,
    ),
    *(
        (
            transforms.ContextMean,
            {"outputs": 3, "inputs": inputs, "channels": 8},
            [reals(2, 5, 6, 8), LATENTS],
            [(2, 5, 6, 3)],
            F32,
        )
        for inputs in (0, 4)
    ),
    (
        transforms.TwoScaleAnalysis,
        {"latent_channels": 8, "channels": (4, 6), "blocks": (1, 1)},
        [IMAGES],
        [(2, 2, 3, 8)],
        F32,
    ),
    (
        transforms.TwoScaleSynthesis,
        {"latent_channels": 8, "channels": (4, 6), "blocks": (1, 1)},
        [reals(2, 2, 3, 8), reals(2, 2, 3, 8), QUALITY],
        [(2, 32, 48, 3)],
        F32,
    ),
    (
        transforms.PyramidAnalysis,
        {"latent_channels": 8, "channels": 4, "gdn": "simple"},
        [IMAGES],
        [(2, 2, 3, 8)],
        F32,
    ),
    (
        transforms.PyramidSynthesis,
        {"latent_channels": 8, "channels": 4},
        [reals(2, 2, 3, 8)],
        [(2, 32, 48, 3)],
        F32,
    ),
    (
        transforms.StridedAnalysis,
        {"channels": (4, 6), "batch_norm": True, "scale": 2.0},
        [IMAGES],
        [(2, 2, 3, 96)],
        F32,
    ),
    (
        transforms.StridedSynthesis,
        {"channels": (4, 3), "batch_norm": True, "residual": True},
        [reals(2, 2, 3, 32)],
        [(2, 32, 48, 3)],
        F32,
    ),
    (
        transforms.PooledAnalysis,
        {"channels": (4, 4, 6), "pooling": "average", "ratio": 1},
        [IMAGES],
        [(2, 2, 3, 24)],
        F32,
    ),
    (
        transforms.UpsamplingSynthesis,
        {"channels": (6, 4, 4, 4)},
        [reals(2, 2, 3, 8)],
        [(2, 32, 48, 3)],
        F32,
    ),
    (
        transforms.PatchAnalysis,
        {"latent_channels": 8, "channels": (4, 4, 4)},
        [IMAGES],
        [(2, 2, 3, 8)],
        F32,
    ),
    (
        transforms.PatchSynthesis,
        {"channels": (4, 4)},
        [reals(2, 2, 3, 16)],
        [(2, 32, 48, 3)],
        F32,
    ),
]


def outputs_of(layer, inputs):
    out = layer(*(keras.ops.convert_to_tensor(x) for x in inputs))
    return list(out) if isinstance(out, tuple) else [out]


def make(cls, arguments, inputs, policy="float32"):
    """A built layer; weights moved off zero, so that all of them matter."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        keras.utils.set_random_seed(3)
        layer = cls(**arguments)
        outputs_of(layer, inputs)
    finally:
        keras.config.set_dtype_policy(before)
    rng = np.random.default_rng(4)
    for weight in layer.trainable_weights:
        shift = 0.05 * rng.normal(size=weight.shape)
        weight.assign_add(shift.astype(np.float32))
    return layer


def check_layer(cls, arguments, inputs, shapes, mixed_dtype, folder):
    layer = make(cls, arguments, inputs)
    expected = outputs_of(layer, inputs)
    assert [tuple(out.shape) for out in expected] == shapes
    assert {keras.backend.standardize_dtype(o.dtype) for o in expected} == {F32}

    # The config is the constructor's arguments.
    config = layer.get_config()
    again = cls.from_config(config)
    assert again.get_config() == config
    for name, value in arguments.items():
        assert config[name] == value == getattr(again, name)

    # Saved inside a model and loaded, it computes the same.
    tensors = [keras.Input(x.shape[1:]) for x in inputs]
    entries = tensors if len(tensors) > 1 else tensors[0]
    model = keras.Model(entries, layer(*tensors))
    model.save(folder / "model.keras")
    loaded = keras.saving.load_model(folder / "model.keras")
    out = loaded(inputs if len(inputs) > 1 else inputs[0])
    out = list(out) if isinstance(out, tuple | list) else [out]
    for a, b in zip(out, expected, strict=True):
        np.testing.assert_array_equal(a, b)

    # All gradients exist and are finite.
    tensors = [tf.constant(x) for x in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        loss = sum(
            keras.ops.mean(keras.ops.square(o))
            for o in outputs_of(layer, tensors)
        )
    variables = [v.value for v in layer.trainable_variables]
    gradients = tape.gradient(loss, [*tensors, *variables])
    assert all(np.isfinite(g).all() for g in gradients if g is not None)
    assert all(g is not None for g in gradients[len(tensors) :])
    assert any(np.any(g) for g in gradients if g is not None)

    # Mixed precision: right dtype, close to float32.
    mixed = make(cls, arguments, inputs, "mixed_bfloat16")
    for weight, source in zip(mixed.weights, layer.weights, strict=True):
        assert weight.dtype == source.dtype
        weight.assign(source)
    for a, b in zip(outputs_of(mixed, inputs), expected, strict=True):
        assert keras.backend.standardize_dtype(a.dtype) == mixed_dtype
        a = np.float32(keras.ops.convert_to_numpy(keras.ops.cast(a, F32)))
        b = keras.ops.convert_to_numpy(b)
        assert np.abs(a - b).max() <= 0.05 * np.abs(b).max()


@pytest.mark.parametrize(
    "cls, arguments, inputs, shapes, mixed_dtype",
    CASES,
    ids=[f"{case[0].__name__}-{i}" for i, case in enumerate(CASES)],
)
def test_layer(cls, arguments, inputs, shapes, mixed_dtype, tmp_path):
    check_layer(cls, arguments, inputs, shapes, mixed_dtype, tmp_path)


def test_every_public_layer_has_a_case():
    public = {
        value
        for module in (layers, priors, entropy, transforms)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, keras.layers.Layer)
    }
    assert public == {case[0] for case in CASES}
