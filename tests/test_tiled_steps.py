"""Tiles change nothing: how far steps look, and files of any tile size."""

import math
import types

import keras
import numpy as np
import pytest

from tfcodec import models
from tfcodec import tiles
from tfcodec.bitstream import unpack
from tfcodec.codec import Codec
from tfcodec.tiled_steps import TiledSteps

ROWS = 48  # latents
QUALITY = np.array([70.0], np.float32)


def changed_latents(step, inputs, which, row, scale, out_scale):
    """Rows of latents in which a change of one row of an input shows."""
    before = np.asarray(step(*inputs))
    inputs = [np.array(array) for array in inputs]
    rows = slice(int(row * scale), math.ceil((row + 1) * scale))
    inputs[which][:, rows] += 60.0
    difference = np.asarray(step(*inputs)) != before
    found = np.flatnonzero(difference.any(axis=(0, 2, 3))) / out_scale
    return np.unique(found.astype(int))


@pytest.mark.parametrize("kind", models.MODELS)
@pytest.mark.parametrize("changes", [{}, {"blocks": (2, 3)}])
def test_steps_look_as_far_as_they_say(make_model, kind, changes):
    """By a change of one row: there and not one further."""
    if changes:
        if kind != "photo":
            pytest.skip("has no blocks")
        changes = {
            "analysis_blocks": changes["blocks"],
            "synthesis_blocks": changes["blocks"],
        }
    model = make_model(kind, **changes)
    reach = model.reach
    rng = np.random.default_rng(0)

    def draw(rows, columns, channels, scale):
        shape = (1, rows, columns, channels)
        return (scale * rng.normal(size=shape)).astype(np.float32)

    image = 127 + draw(16 * ROWS, 32, 3, 40)
    y = draw(ROWS, 16, model.latent_channels, 4)
    middle = ROWS // 2

    found = changed_latents(model.analyse, [image], 0, middle, 16, 1)
    assert max(middle - found[0], found[-1] - middle) == reach["analyse"]

    def synthesise(y):
        return model.synthesise(y, QUALITY)

    found = changed_latents(synthesise, [y], 0, middle, 1, 16)
    assert max(middle - found[0], found[-1] - middle) == reach["synthesise"]

    def hyper(y):
        return model.hyper_latents(y, QUALITY)

    if not hasattr(model, "scale_network"):
        assert changed_latents(hyper, [y], 0, middle, 1, 1) == [middle]
        assert reach["hyper"] == reach["dequantize"] == 0
        return
    # A hyper-latent begins at its first latent.
    assert changed_latents(hyper, [y], 0, 24, 1, 1 / 4).tolist() == [20, 24]
    assert changed_latents(hyper, [y], 0, 25, 1, 1 / 4)[-1] == 28
    assert reach["hyper"] == 3

    # Nothing negative, so that no ReLU hides a change.
    for weight in model.trainable_weights:
        if "mean" in weight.path:
            weight.assign(np.abs(keras.ops.convert_to_numpy(weight)))
    z = np.abs(draw(ROWS // 4, 4, model.hyper_channels, 4).round())

    def dequantize(z, residual):
        return model.dequantize(z, residual, QUALITY)

    inputs = [z, np.abs(y.round())]
    found = changed_latents(dequantize, inputs, 0, 24, 1 / 4, 1)
    assert max(24 - found[0], found[-1] - 27) == reach["dequantize"]
    found = changed_latents(dequantize, inputs, 1, 24, 1, 1)
    assert found[0] >= 24 - reach["dequantize"]
    assert found[-1] <= 24 + reach["dequantize"]


@pytest.fixture(scope="module", params=models.MODELS)
def codec(request, tiny_codec, make_model):
    if request.param == "photo":
        return tiny_codec
    return Codec(make_model(request.param)).freeze()


@pytest.fixture(scope="module")
def image(photograph):
    """Several tiles each way, and no multiple of 16."""
    return np.tile(photograph, (2, 2, 1))[:515, :777]


@pytest.fixture
def with_tiles(monkeypatch):
    """Function that sets how large tiles are."""
    return lambda pixels: monkeypatch.setattr(Codec, "tile_pixels", pixels)


AREA = 26 * 26 * 256


def test_a_picture_takes_several_tiles(codec, image, with_tiles):
    with_tiles(AREA)
    steps = TiledSteps(codec, *image.shape[:2])
    for name in ("analyse", "hyper", "synthesise"):
        assert len(steps.tiles(name)) > 2
    with_tiles(1 << 22)
    assert len(steps.tiles("analyse")) == 1


@pytest.mark.parametrize("quality", [5.0, 60.0])
def test_tiles_change_nothing(codec, tiny_codec, image, with_tiles, quality):
    data = codec.compress(image, quality)
    z, residual = codec.decode_symbols(unpack(data))
    pixels = codec.decompress(data).astype(int)
    with_tiles(AREA)
    assert codec.compress(image, quality) == data
    found_z, found_residual = codec.decode_symbols(unpack(data))
    np.testing.assert_array_equal(found_z, z)
    np.testing.assert_array_equal(found_residual, residual)
    difference = np.abs(codec.decompress(data) - pixels)
    if codec is tiny_codec:
        assert difference.max() <= 1
    # Untrained inverse GDNs blow up the last bits of their inputs.
    assert (difference > 1).mean() < 1e-3


def test_it_is_the_margins_that_do_it(make_model, image, with_tiles):
    """With less of them, tiles show in what steps make."""
    codec = Codec(make_model("photo")).freeze()
    encoder = codec.encoder(image)
    z, residual, _ = (array[None] for array in encoder.symbols(60.0))
    whole = TiledSteps(codec, *image.shape[:2])
    y = whole.analyse(image[None])
    y_hat = whole.dequantize(z, residual, QUALITY)
    with_tiles(AREA)

    size, reach = image.shape[:2], codec.model.reach

    def errors(**reach):
        names = ("coding", "run_analyse", "run_dequantize", "tile_pixels")
        found = {name: getattr(codec, name) for name in (*names, "release")}
        steps = TiledSteps(types.SimpleNamespace(**found, reach=reach), *size)
        return (
            np.abs(steps.analyse(image[None]) - y).max(),
            np.abs(steps.dequantize(z, residual, QUALITY) - y_hat).max(),
        )

    assert max(errors(**reach)) < 1e-4
    less = errors(analyse=reach["analyse"] - 1, dequantize=4)
    assert min(less) > 1e-3


def test_encoders_analyse_once(tiny_codec, image, with_tiles, monkeypatch):
    with_tiles(AREA)
    counts = []
    encoder = tiny_codec.encoder(image)
    encoder.encode(50.0, report=lambda *done: counts.append(done))
    total = counts[0][1]
    assert counts == [(i + 1, total) for i in range(total)] and total > 8
    monkeypatch.setattr(tiny_codec, "run_analyse", None)
    counts.clear()
    encoder.encode(20.0, report=lambda *done: counts.append(done))
    assert 0 < counts[0][1] == len(counts) < total


def test_decoding_reports_tiles(tiny_codec, image, with_tiles):
    data = tiny_codec.compress(image)
    with_tiles(AREA)
    counts = []
    tiny_codec.decompress(data, report=lambda *done: counts.append(done))
    total = len(counts)
    assert counts == [(i + 1, total) for i in range(total)] and total > 4


def test_tiles_of_the_smallest_size_still_work(tiny_codec, image, with_tiles):
    """They are larger than asked for: something is left between margins."""
    small = image[:200, :150]
    data = tiny_codec.compress(small, 40.0)
    with_tiles(1)
    assert tiny_codec.compress(small, 40.0) == data
    found = tiles.plan((13, 10), 0, 2, 4)
    assert len(found) > 1
