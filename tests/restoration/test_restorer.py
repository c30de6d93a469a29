"""The network that cleans JPEG pictures: identity, tiles, training."""

import keras
import numpy as np
import pytest

from tfcodec import restoration
from tfcodec.errors import TfcodecError
from tfcodec.metrics import psnr
from tfcodec.restoration import restorer as module
from tfcodec.training import restoration as training

TINY = {"channels": (4, 6), "synthesis_channels": (4, 3)}


@pytest.fixture
def restorer():
    """A tiny one that changes something."""
    keras.utils.set_random_seed(5)
    model = restoration.Restorer(**TINY)
    model.build()
    head = model.synthesis.convolutions[-1].kernel
    head.assign(keras.random.normal(head.shape, stddev=0.1, seed=1))
    return model


def test_it_begins_as_the_identity(photograph):
    model = restoration.Restorer(**TINY)
    model.build()
    assert np.array_equal(model.restore(photograph), photograph)


def test_tiles_change_nothing(restorer, photograph, monkeypatch):
    whole = restorer.restore(photograph)
    assert (whole != photograph).mean() > 0.1
    seen = []
    monkeypatch.setattr(module, "_TILE", 100)
    tiled = restorer.restore(photograph, report=lambda *step: seen.append(step))
    assert len(seen) > 4 and seen[-1][0] == seen[-1][1] == len(seen)
    # The last bit of a float may round the other way.
    assert (tiled != whole).mean() < 1e-3


@pytest.mark.parametrize("size", [(1, 1), (16, 17), (5, 40)])
def test_any_size(restorer, photograph, size):
    image = photograph[: size[0], : size[1]]
    assert restorer.restore(image).shape == image.shape


def test_config_and_file_round_trips(restorer, photograph, tmp_path):
    restorer.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    image = photograph[:64, :64]
    assert np.array_equal(again.restore(image), restorer.restore(image))


def test_bad_input(restorer, photograph, tmp_path):
    with pytest.raises(ValueError, match="must be uint8"):
        restorer.restore(photograph.astype(np.float32))
    with pytest.raises(ValueError, match="must be uint8"):
        restorer.restore(photograph[..., 0])
    with pytest.raises(TfcodecError, match="none.npz"):
        restoration.load(tmp_path / "none.npz")


def test_the_trained_one_cleans(photograph):
    spoilt = training.jpeg(photograph, 20)
    cleaned = restoration.load().restore(spoilt)
    gain = psnr(photograph, cleaned) - psnr(photograph, spoilt)
    assert gain > 0.3


def test_pairs_are_functions_of_the_epoch(photograph):
    settings = {"batch_size": 3, "crop": 32, "validation_fraction": 0.0}
    pairs = training.JpegPairs([photograph] * 5, **settings)
    spoilt, crops = pairs[1]
    assert spoilt.shape == crops.shape == (3, 32, 32, 3)
    assert (spoilt != crops).any()
    again = training.JpegPairs([photograph] * 5, **settings)
    assert np.array_equal(again[1][0], spoilt)
    again.epoch = 1
    assert not np.array_equal(again[1][0], spoilt)


def test_training_learns_and_resumes(photograph, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    from PIL import Image

    for i in range(4):
        Image.fromarray(photograph[:, i * 20 :]).save(folder / f"{i}.png")
    monkeypatch.setattr(training, "Restorer", lambda: module.Restorer(**TINY))
    arguments = ["--data", str(folder), "--output", str(tmp_path / "run")]
    assert training.main([*arguments, "--steps", "3"]) == 0
    capsys.readouterr()
    losses = tmp_path / "run" / "weights.npz"
    before = losses.read_bytes()
    assert training.main([*arguments, "--steps", "6"]) == 0
    assert losses.read_bytes() != before
    bad = ["--data", str(tmp_path / "none"), "--output", str(tmp_path / "x")]
    assert training.main(bad) == 1
    assert "none" in capsys.readouterr().err
