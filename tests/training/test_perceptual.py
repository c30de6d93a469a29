"""Features of a frozen network in the loss; random weights, tiny pictures."""

import pathlib
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

from tfcodec import TfcodecError
from tfcodec.training import loop
from tfcodec.training.config import from_dict
from tfcodec.training.config import load_config
from tfcodec.training.perceptual import Perceptual

ROOT = pathlib.Path(__file__).parents[2]
LAYERS = ["block1_conv2", "block2_conv2"]
PERCEPTUAL = {"weights": None, "layers": LAYERS, "weight": "1e-3"}
MODEL = {
    "name": "factorized",
    "arguments": {"latent_channels": 6, "channels": 8},
}


@pytest.fixture(scope="module")
def vgg():
    """In the midst of mixed precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        made = Perceptual("vgg16", None, LAYERS, 0.5)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy(before)
    return made


@pytest.fixture(scope="module")
def images(photograph):
    """Two crops, float32."""
    crops = [photograph[100:132, 200:232], photograph[0:32, 100:132]]
    return np.stack(crops).astype(np.float32)


def as_array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_values(vgg, images):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=images.shape).astype(np.float32)
    none, little, much = (
        as_array(vgg(images + scale * noise, images)) for scale in (0, 2, 20)
    )
    assert none.shape == (2,) and none.dtype == np.float32
    assert (none == 0).all()
    assert (0 < little).all() and (little < much).all()
    noisy, clean = (vgg.features(x) for x in (images + 2 * noise, images))
    features = zip(noisy, clean, strict=True)
    errors = [np.square(as_array(a) - as_array(b)) for a, b in features]
    expected = 0.5 * np.mean([e.mean(axis=(1, 2, 3)) for e in errors], axis=0)
    np.testing.assert_allclose(little, expected, rtol=1e-4)


def test_input_is_what_the_network_was_trained_with(vgg, images):
    """BGR, less the means of ImageNet."""
    means = np.array([103.939, 116.779, 123.68], np.float32)
    expected = vgg._features(images[..., ::-1] - means)
    found = vgg.features(images)
    assert [f.shape[1:] for f in found] == [(32, 32, 64), (16, 16, 128)]
    for ours, theirs in zip(found, expected, strict=True):
        assert keras.backend.standardize_dtype(ours.dtype) == "float32"
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


def make(settings, perceptual):
    """A model that training would make, and what it makes of a batch."""
    model = MODEL
    if perceptual:
        model = {**MODEL, "perceptual": perceptual}
    data = {"source": "memory", "batch_size": 2, "crop": 32}
    config = from_dict({**settings, "model": model, "data": data})
    return loop.make_model(config)


def test_in_training(settings, images, float32_after):
    plain, model = (make(settings, p) for p in (None, PERCEPTUAL))
    # No part of the model, and of its checkpoints and presets.
    shapes = [v.shape for v in plain.variables]
    assert [v.shape for v in model.variables] == shapes
    assert len(model.layers) == len(plain.layers)
    inputs = {"image": images, "quality": np.float32([30, 80])}
    output = model(inputs)
    losses = [
        float(m.compute_loss(x=inputs, y_pred=output)) for m in (plain, model)
    ]
    extra = as_array(model.extra_distortion(output.x_hat, images))
    lmbda = as_array(model.lmbda(inputs["quality"]))
    weight = (model.lmbda_max / lmbda) ** model.rate_balance
    expected = losses[0] + np.mean(weight * lmbda * extra)
    assert losses[1] == pytest.approx(expected, rel=1e-4)
    assert losses[1] > losses[0]

    frozen = model.extra_distortion._features
    before = [as_array(v).copy() for v in frozen.variables]
    kernel = as_array(model.synthesis.trainable_variables[0]).copy()
    logs = model.train_on_batch(images, return_dict=True)
    assert np.isfinite(logs["loss"])
    assert (as_array(model.synthesis.trainable_variables[0]) != kernel).any()
    for variable, value in zip(frozen.variables, before, strict=True):
        np.testing.assert_array_equal(as_array(variable), value)


def test_weights_from_a_file(vgg, images, tmp_path):
    whole = keras.applications.VGG16(
        include_top=False, weights=None, input_shape=(None, None, 3)
    )
    path = tmp_path / "vgg16.weights.h5"
    whole.save_weights(path)
    perceptual = Perceptual("vgg16", str(path), LAYERS[:1], 1.0)
    layer = perceptual._features.get_layer("block1_conv1")
    expected = whole.get_layer("block1_conv1")
    np.testing.assert_array_equal(
        as_array(layer.kernel), as_array(expected.kernel)
    )
    with pytest.raises(TfcodecError, match="of resnet50 cannot be loaded: "):
        Perceptual("resnet50", str(path), ["conv2_block3_out"], 1.0)


def test_resnet50(images):
    perceptual = Perceptual("resnet50", None, ["conv2_block3_out"], 1.0)
    (features,) = perceptual.features(images)
    assert features.shape == (2, 8, 8, 256)
    assert (as_array(perceptual(images + 5, images)) > 0).all()


def test_settings(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(
        "data: {source: 'folder:photos'}\n"
        "model:\n"
        "  perceptual: {network: resnet50, layers: [conv3_block4_out],"
        " weight: 1e-2, weights: null}\n",
        "utf-8",
    )
    perceptual = load_config(path).model.perceptual
    assert perceptual.network == "resnet50" and perceptual.weights is None
    assert perceptual.layers == ("conv3_block4_out",)
    assert perceptual.weight == 0.01
    assert from_dict({"data": {"source": "memory"}}).model.perceptual is None


@pytest.mark.parametrize(
    "perceptual, match",
    [
        ({"network": "vgg19"}, "must be 'vgg16' or 'resnet50'.*'vgg19'"),
        ({"layer": ["x"]}, "unknown setting `model.perceptual.layer`"),
        ({"layers": []}, "`model.perceptual.layers` must name a layer"),
        ({"weight": 0}, "weight` must be positive. Received: 0"),
        ({"weights": 5}, "`model.perceptual.weights` must be str or null"),
        ("vgg16", "`model.perceptual` must be a mapping"),
    ],
)
def test_wrong_settings(perceptual, match):
    model = {"perceptual": perceptual}
    with pytest.raises(ValueError, match=match):
        from_dict({"data": {"source": "memory"}, "model": model})


def test_no_such_layer():
    match = "names 'block9', which vgg16 does not have; there are: block1_conv1"
    with pytest.raises(ValueError, match=match):
        Perceptual("vgg16", None, ["block1_conv2", "block9"], 1.0)


def test_weights_that_cannot_be_had(monkeypatch, tmp_path):
    def refuse(*arguments, **options):
        raise Exception("URL fetch failure on https://x: None -- no network")

    monkeypatch.setattr(
        "keras.src.applications.vgg16.file_utils.get_file", refuse
    )
    with pytest.raises(TfcodecError) as caught:
        Perceptual("vgg16", "imagenet", LAYERS, 1.0)
    message = str(caught.value)
    assert "weights imagenet of vgg16 cannot be loaded: URL fetch" in message
    assert "give the path of the file as `weights`" in message
    missing = tmp_path / "no.h5"
    with pytest.raises(TfcodecError, match=f"there is no file {missing}"):
        Perceptual("vgg16", str(missing), LAYERS, 1.0)


@pytest.mark.slow
def test_on_jax(jax_environment, settings, tmp_path, photograph):
    code = f"""
        import numpy as np
        from tfcodec.training import loop
        from tfcodec.training.config import from_dict
        settings = {settings!r}
        model = { ({**MODEL, "perceptual": PERCEPTUAL})!r}
        model = loop.make_model(from_dict({{**settings, "model": model}}))
        images = np.load({str(tmp_path / "images.npy")!r})
        frozen = model.extra_distortion._features.variables
        before = [np.asarray(v) for v in frozen]
        logs = model.train_on_batch(images, return_dict=True)
        assert np.isfinite(logs["loss"]), logs
        for variable, value in zip(frozen, before):
            np.testing.assert_array_equal(np.asarray(variable), value)
    """
    np.save(
        tmp_path / "images.npy", np.stack([photograph[100:132, 200:232]] * 2)
    )
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**jax_environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
