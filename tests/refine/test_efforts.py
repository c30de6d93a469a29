"""Files of all efforts: ordinary, reproducible, never worse than effort 1."""

import pathlib
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

from tfcodec.bitstream import unpack
from tfcodec.codec import Codec
from tfcodec.evaluation.ms_ssim import ms_ssim
from tfcodec.metrics import bpp
from tfcodec.metrics import mse
from tfcodec.refine import descent
from tfcodec.refine.descent import PLANS
from tfcodec.tiles import plan

ROOT = pathlib.Path(__file__).parents[2]
QUALITIES = (5, 50, 95)


@pytest.fixture(scope="module")
def image(photograph):
    """No multiple of 16 in any direction."""
    return photograph[100:190, 200:321]


@pytest.fixture(scope="module", params=["photo", "hyperprior"])
def codec(request, tiny_codec, make_model):
    if request.param == "photo":
        return tiny_codec
    return Codec(make_model(request.param)).freeze()


def cost(codec, data, image, quality):
    rate = bpp(len(data), *image.shape[:2])
    error = mse(codec.decompress(data), image)
    return rate + float(codec.model.lmbda(quality)) * error


@pytest.mark.parametrize("effort", [2, 3, 4, 5])
def test_files_are_ordinary_and_not_worse(codec, image, effort):
    encoder = codec.encoder(image)
    for quality in QUALITIES:
        plain = encoder.encode(quality)
        data = encoder.encode(quality, effort)
        container = unpack(data)
        assert container.quality == quality
        assert (container.height, container.width) == image.shape[:2]
        before = cost(codec, plain, image, quality)
        after = cost(codec, data, image, quality)
        assert after <= before * (1 + 1e-6)
        if data == plain:
            continue
        z, residual, _ = encoder.symbols(quality, effort)
        z_decoded, residual_decoded = codec.decode_symbols(container)
        np.testing.assert_array_equal(z_decoded[0], z)
        np.testing.assert_array_equal(residual_decoded[0], residual)


def test_gains_on_a_photograph(tiny_codec, image):
    """What the descent is for."""
    encoder = tiny_codec.encoder(image)
    costs = [
        [
            cost(tiny_codec, encoder.encode(quality, effort), image, quality)
            for effort in (1, 2, 3, 4)
        ]
        for quality in QUALITIES
    ]
    gains = 1 - np.divide(costs, np.array(costs)[:, :1])
    mean = gains.mean(axis=0)
    assert mean[1] > 0.003 and mean[2] > 0.01 and mean[3] > 0.02, gains
    assert (gains[:, 3] > 0.005).all(), gains


def test_effort_1_is_the_default(tiny_codec, image):
    assert tiny_codec.compress(image, 50) == tiny_codec.compress(image, 50, 1)


def test_with_ms_ssim(make_model, photograph):
    model = make_model(
        "photo", distortion="ms-ssim", lmbda_min=2.0, lmbda_max=300.0
    )
    codec = Codec(model).freeze()
    image = photograph[:180, :190]

    def cost(data, quality):
        error = 1 - ms_ssim(codec.decompress(data), image)
        rate = bpp(len(data), *image.shape[:2])
        return rate + float(model.lmbda(quality)) * error

    encoder = codec.encoder(image)
    for quality in QUALITIES:
        costs = [
            cost(encoder.encode(quality, effort), quality)
            for effort in (1, 2, 3, 4)
        ]
        assert costs[3] < costs[2] < costs[1] <= costs[0] + 1e-3, costs
    # Too small for five scales: not refined.
    small = photograph[:100, :190]
    assert codec.compress(small, 50, 3) == codec.compress(small, 50)


def test_same_file_every_time(tiny_codec, image):
    data = tiny_codec.compress(image, 70, effort=3)
    assert tiny_codec.compress(image, 70, effort=3) == data
    assert tiny_codec.compress(image, 70) != data
    assert tiny_codec.compress([image, image], 70, 3) == [data, data]


@pytest.mark.parametrize("effort", [0, 6, -1, 2.5, None, "high"])
def test_no_such_effort(tiny_codec, image, effort):
    with pytest.raises(ValueError, match=r"`effort` must be .* in 1\.\.5"):
        tiny_codec.compress(image, 50, effort=effort)


def test_one_stream_has_nothing_to_refine(make_model, image):
    codec = Codec(make_model("factorized")).freeze()
    assert codec.compress(image, 50, effort=1)
    with pytest.raises(ValueError, match="needs a model with hyper-latents"):
        codec.compress(image, 50, effort=2)


def test_new_tables_are_followed(make_model, image):
    codec = Codec(make_model("photo")).freeze()
    first = codec.refiner()
    assert codec.refiner() is first
    codec.freeze()
    assert codec.refiner() is not first
    assert codec.refiner().coding is codec.coding


def test_worse_results_are_dropped(tiny_codec, image, monkeypatch):
    plan = descent.Plan(2, 2, 60.0, 30.0, (1.0, 1.0))  # Far too long steps.
    monkeypatch.setitem(PLANS, 2, plan)
    plain = tiny_codec.compress(image, 50)
    assert tiny_codec.compress(image, 50, effort=2) == plain


def test_tiles_join(tiny_codec, photograph, monkeypatch):
    """Tiled, the cost is about that of the whole."""
    image = photograph[:192, :320]
    whole = tiny_codec.encoder(image).encode(50, 4)
    monkeypatch.setattr(descent, "TILE", 12 * 16)
    monkeypatch.setattr(descent, "MARGIN", 4)
    assert len(plan((12, 20), descent.TILE, descent.MARGIN, 4)) == 2
    tiled = tiny_codec.encoder(image).encode(50, 4)
    plain = tiny_codec.encoder(image).encode(50)
    assert tiled != whole
    costs = [cost(tiny_codec, d, image, 50) for d in (plain, tiled, whole)]
    assert costs[1] - costs[2] < 0.2 * (costs[0] - costs[2])


@pytest.mark.parametrize("effort", [3, 4])
def test_reports_every_step(tiny_codec, image, effort):
    calls = []
    encoder = tiny_codec.encoder(image)
    encoder.encode(50, effort, lambda *step: calls.append(step))
    steps = PLANS[effort].steps + PLANS[effort].annealing
    assert calls == [(i + 1, steps) for i in range(steps)]


@pytest.mark.slow
def test_on_jax(
    jax_environment, tiny_preset, tiny_codec, image, tmp_path, monkeypatch
):
    """About the same gain; not the same bits, the sums differ."""
    short = descent.Plan(1, 0, 1.0, 0.0, (2.5, 2.5), 12, (0.4, 0.1))
    monkeypatch.setitem(PLANS, 4, short)
    np.save(tmp_path / "image.npy", image)
    code = f"""
        import pathlib
        import numpy as np
        import tfcodec
        from tfcodec.refine import descent
        descent.PLANS[4] = descent.Plan{tuple(short)}
        codec = tfcodec.load({str(tiny_preset)!r})
        image = np.load({str(tmp_path / "image.npy")!r})
        data = codec.compress(image, 50, effort=4)
        assert codec.compress(image, 50, effort=4) == data
        pathlib.Path({str(tmp_path / "jax.tfc")!r}).write_bytes(data)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**jax_environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert keras.backend.backend() == "tensorflow"
    plain, ours, theirs = (
        cost(tiny_codec, data, image, 50)
        for data in (
            tiny_codec.compress(image, 50),
            tiny_codec.compress(image, 50, effort=4),
            (tmp_path / "jax.tfc").read_bytes(),
        )
    )
    assert theirs == pytest.approx(ours, rel=0.002)
    assert theirs < plain
