"""What is trained is what the codec computes."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

from tfcodec.coding.integer_network import IntegerLayer
from tfcodec.lossless import predictor
from tfcodec.lossless.codec import LosslessCodec
from tfcodec.lossless.contexts import ACTIVITIES
from tfcodec.lossless.contexts import Contexts
from tfcodec.lossless.model import Model
from tfcodec.training.lossless import __main__ as command
from tfcodec.training.lossless import layer as layers
from tfcodec.training.lossless import predictors
from tfcodec.training.lossless import samples
from tfcodec.training.lossless import tables


@pytest.fixture(scope="module")
def planes(photograph):
    crop = photograph[100:196, 200:296, [1, 0, 2]]
    return np.ascontiguousarray(crop.transpose(2, 0, 1))


@pytest.fixture(scope="module")
def autoencoder(planes):
    keras.utils.set_random_seed(3)
    model = layers.Autoencoder(6, analysis=4, synthesis=8)
    x = planes.transpose(1, 2, 0)[None].astype(np.float32)
    model(x)
    blocks = keras.ops.convert_to_numpy(layers.blocks_of(x)).reshape(-1, 768)
    model.start_at(blocks - 128)
    kernel = model.nonlinear.kernel
    kernel.assign(keras.ops.full(kernel.shape, 0.125))
    return model


def test_the_lossy_layer_is_the_autoencoder(autoencoder, planes):
    layer = layers.freeze(autoencoder)
    x = planes.transpose(1, 2, 0)[None].astype(np.float32)
    y = keras.ops.convert_to_numpy(autoencoder.analyse(x))[0]
    z = layer.analyse(planes)
    assert np.abs(z - y).max() < 0.51
    assert np.ptp(z) > 10
    found = layer.synthesise(z, *planes.shape[1:])
    expected = keras.ops.convert_to_numpy(autoencoder.synthesise(z[None]))
    np.testing.assert_array_equal(found, expected[0].transpose(2, 0, 1))
    assert np.square(found.astype(float) - planes).mean() < 900
    # A smaller picture has the same blocks, cut off.
    part = layer.synthesise(z[:2, :3], 20, 40)
    assert part.shape == (3, 20, 40)


def test_a_grey_lossy_layer(autoencoder, planes):
    layers.blank(autoencoder)
    layer = layers.freeze(autoencoder)
    z = layer.analyse(planes)
    assert not z.any()
    assert (layer.synthesise(z, 30, 30) == 128).all()


def test_a_predictor_is_its_network():
    keras.utils.set_random_seed(4)
    trainer = predictors.Trainer(30, steps=2, batch=16)
    rng = np.random.default_rng(5)
    found = samples.Samples(
        rng.integers(-127, 128, (50, 21), np.int8),
        rng.normal(0, 9, 50).astype(np.float32),
        rng.integers(0, 20, 50, np.uint8),
        np.ones(50, np.uint8),
    )
    one, bits = trainer(found)
    again, same_bits = trainer(found)
    assert bits == same_bits
    np.testing.assert_array_equal(one.first.kernel, again.first.kernel)
    inputs = np.zeros((50, 30), np.float32)
    inputs[:, :21] = found.inputs
    outputs = keras.ops.convert_to_numpy(trainer.network(inputs)) - 128
    anchor = np.full(50, 100, np.float32)
    known = Contexts(inputs[:, :21], anchor, found.activity.astype(np.intp))
    mean, row = one(known, np.float32(3))
    # Eighths of a level that the rows stand for, against the float mean.
    eighths = 8 * mean + row % 8 - 4
    grey = 103 + outputs[:, 0] / 32 * ACTIVITIES[found.activity]
    assert np.abs(eighths / 8 - np.clip(grey, 0, 255)).max() < 0.2
    scale = (outputs[:, 1] + 16 * known.activity) // 8 + 4
    np.testing.assert_array_equal(row // 8, np.clip(scale, 0, 43))


def test_going_on_from_a_predictor():
    """Integers to weights and back are the same integers."""
    trainer = predictors.Trainer(30, steps=1)
    dense, rng = trainer.network.last, np.random.default_rng(6)
    rows = dense.kernel.shape[0] - 4
    layer = IntegerLayer(
        rng.integers(-127, 128, (rows, 2), np.int8),
        rng.integers(-9999, 9999, 2, np.int32),
        6,
        255,
        255,
    )
    predictors.set_layer(dense, layer)
    found = predictors.to_layer(dense, 255, slice(0, rows))
    np.testing.assert_array_equal(found.kernel, layer.kernel)
    np.testing.assert_array_equal(found.bias, layer.bias)


def test_bits_are_those_of_a_logistic():
    """A mean of the anchor, the usual scale: half of the activity."""
    activity, value = 4.0, 3.0
    middle = float(predictor.MIDDLE)
    targets = np.array([[value, activity, 1.0]], np.float32)
    outputs = np.array([[middle, middle + 3.5]], np.float32)
    scale = 2 * predictor.SCALE_MIN * activity / ACTIVITIES[0]
    upper, lower = (
        1 / (1 + np.exp(-(value + half) / scale)) for half in (0.5, -0.5)
    )
    found = float(predictors.bits(targets, outputs))
    assert found == pytest.approx(-np.log2(upper - lower), abs=2e-3)


def test_tables_follow_counts():
    rows = 2 + 3 + predictor.SCALES * predictor.PHASES
    counts = np.zeros((rows, 511), np.int64)
    counts[0, 255 - 3] = 1000  # A latent that is always -3.
    counts[5 + 8 * 20, 255 + 2] = 100_000
    fitted = tables.fit(counts, 2)
    assert fitted.num_tables == rows

    def share(row, value):
        symbol = value - fitted.offset[row]
        return np.diff(fitted.cdf[row])[symbol] / 4096

    assert share(0, -3) > 0.8
    assert share(5 + 8 * 20, 2) > 0.9
    assert share(5 + 8 * 24 + 4, 0) == pytest.approx(
        share(5 + 8 * 24 + 4, 1), rel=0.1
    )


def test_samples_of_near_lossless_pictures(planes, monkeypatch):
    monkeypatch.setattr(samples, "SHARE", 1.0)
    found = samples.collect([planes], lambda x: x, 100)
    assert set(found) == set(samples.KEYS)
    for key, part in found.items():
        assert set(part.step) <= set(range(3, 18, 2)), key
        count = len(part.target)
        assert part.inputs.shape[0] == part.activity.size == count > 20
        assert np.abs(part.target).mean() < 60


def test_the_command(tmp_path, photograph, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(3):
        crop = photograph[60 * i : 60 * i + 128, 100:228]
        Image.fromarray(crop).save(folder / f"{i}.png")
    out = tmp_path / "preset"
    arguments = ["--data", folder, "--output", out, "--crop", 96]
    arguments += ["--pictures", 3, "--layer-steps", 2, "--steps", 2]
    arguments += ["--table-pictures", 1, "--samples", 50]
    assert command.main([str(one) for one in arguments]) == 0
    assert "model hash" in capsys.readouterr().out
    settings = json.loads((out / "preset.json").read_text())
    model = Model.load(out)
    assert settings["model_hash"] == model.model_hash.hex()
    codec, image = LosslessCodec(model), photograph[:50, :70]
    decoded = codec.decompress(codec.compress(image))
    np.testing.assert_array_equal(decoded, image)


def test_no_pictures(tmp_path, capsys):
    arguments = ["--data", str(tmp_path), "--output", str(tmp_path / "out")]
    assert command.main(arguments) == 1
    assert capsys.readouterr().err.startswith("lossless: No images in")
