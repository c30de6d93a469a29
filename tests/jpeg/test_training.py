"""The differentiable JPEG, and a short training."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from tfcodec.jpeg import tables
from tfcodec.jpeg.encoder import JpegEncoder
from tfcodec.jpeg.tables import TableNetwork
from tfcodec.training import jpeg_quality
from tfcodec.training import jpeg_rates
from tfcodec.training import jpeg_tables


@pytest.fixture(scope="module")
def crops(photograph):
    return [photograph[:96, x : x + 96] for x in (0, 60, 120, 160)]


@pytest.fixture(scope="module")
def measured(crops):
    return [jpeg_rates.measure(crop) for crop in crops]


def test_errors_are_those_of_the_picture(crops, measured):
    """At the smallest steps; then only zeros are left."""
    plane = jpeg_rates.crop_planes(crops[0])[0]
    energy = np.square(plane).mean(0)
    errors = measured[0][..., 0]
    assert errors.shape == (7, 5, 64, 9)
    fine = 2.0 ** (jpeg_rates.LOG_STEPS[0] + jpeg_rates.GRID[0])
    assert errors[0, 0, :, 0].max() < fine**2
    high = 40
    assert measured[0][-1, 0, high, -1, 1] == 0
    np.testing.assert_allclose(errors[-1, 0, high, -1], energy[high], rtol=1e-4)


def test_larger_steps_cost_fewer_bits_and_more_error(measured):
    model = jpeg_rates.RateModel.of([3, 1, 1], [2, 2, 0], 1)
    cost = np.mean(measured, 0)
    bits = model.bits(np.moveaxis(cost[..., 1:], 3, 2)).mean(1)
    assert (np.diff(bits) < 0).all()
    error = cost[..., 0].sum(2).mean(1)
    assert (error[:, -1] > error[:, 0]).all()


def test_rate_model_follows_real_scans(crops, measured):
    model, error = jpeg_rates.fit_rate_model(crops, measured)
    assert error < 0.15
    plane = jpeg_rates.crop_planes(crops[1])[0]
    steps = 2 ** jpeg_rates.LOG_STEPS[3] * np.ones(64)
    lmbda = tables.lmbda_of(jpeg_rates.LOG_STEPS[3])
    real = jpeg_rates.scan_bits(plane, steps, lmbda) / len(plane)
    guess = model.bits(measured[1][3, 0, :, 4, 1:])
    assert guess == pytest.approx(real, rel=0.25)


def test_training_lowers_the_cost_and_numpy_says_the_same(crops, measured):
    model = jpeg_rates.RateModel.of([3, 1, 1], [2, 2, 0], 1)
    lines = []
    trained = jpeg_tables.train(
        crops, measured, model, epochs=30, report=lines.append
    )
    gains = [float(line.split()[-2]) for line in lines]
    assert len(gains) == 2 and gains[0] < 0 and gains[1] < 0
    network = TableNetwork(trained.exported())
    tiles = tables.picture_tiles(crops[0])
    outputs = np.asarray(trained.log_tables(tiles[None]))[0]
    features = network.features(tiles)
    for i, log_step in enumerate(jpeg_rates.LOG_STEPS):
        luma, chroma = network.tables(features, log_step, True)
        weights = tables.chroma_weights(True)
        for found, out, w in (
            (luma, outputs[i, :64], 3.0),
            (chroma, outputs[i, 128:], weights),
        ):
            expected = np.clip(2 ** (log_step + out) / np.sqrt(w), 1, 255)
            # Weights are stored in half precision.
            assert (np.abs(found - expected) <= 0.5 + 0.02 * expected).all()


def test_qualities_mean_the_psnr_of_pillow(crops):
    with np.load(pathlib.Path(tables.__file__).with_suffix(".npz")) as file:
        weights = dict(file)
    log_steps = jpeg_quality.calibrate(weights, crops[:1])
    assert (np.diff(log_steps) < 0).all()
    network = TableNetwork({**weights, "log_steps": log_steps})
    data = JpegEncoder(crops[0], network=network).encode(60)
    theirs = jpeg_quality._psnr(jpeg_quality._pillow(crops[0], 60), crops[0])
    assert abs(jpeg_quality._psnr(data, crops[0]) - theirs) < 0.7


def test_command_line(monkeypatch, photograph, tmp_path, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(40):
        picture = photograph[i : i + 200, i : i + 220]
        Image.fromarray(picture).save(folder / f"{i}.png")
    monkeypatch.setattr(jpeg_quality, "CROPS", 1)
    path = tmp_path / "tables.npz"
    arguments = [
        "--data",
        folder,
        "--output",
        path,
        "--crops",
        2,
        "--epochs",
        1,
    ]
    assert jpeg_tables.main([str(a) for a in arguments]) == 0
    with np.load(path) as weights:
        network = TableNetwork(dict(weights))
    assert network.log_step(90) < network.log_step(10)
    assert capsys.readouterr().out.count("\n") == 3
    arguments[1] = tmp_path / "nothing"
    assert jpeg_tables.main([str(a) for a in arguments]) == 1
    assert "No such image folder" in capsys.readouterr().err
