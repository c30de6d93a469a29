"""A region of interest: its pixels gain, in ordinary files, tiled or not."""

import keras
import numpy as np
import pytest

from tfcodec.bitstream import unpack
from tfcodec.codec import Codec
from tfcodec.image_encoder import weight_roots
from tfcodec.metrics import mse
from tfcodec.rate_control import compress_to
from tfcodec.refine import descent


@pytest.fixture(scope="module")
def image(photograph):
    """No multiple of 16 in any direction."""
    return photograph[100:190, 200:321]


@pytest.fixture(scope="module")
def mask(image):
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[20:70, 30:80] = 255
    return mask


def errors(codec, data, image, mask):
    """MSE inside and outside."""
    decoded = codec.decompress(data)
    return [mse(decoded[w], image[w]) for w in (mask > 0, mask == 0)]


def test_weights():
    mask = np.array([[0, 255, 85]], np.uint8)
    roots = weight_roots(mask, 8.0, (1, 3))
    assert roots.dtype == np.float32 and roots.shape == (1, 3, 1)
    weights = roots[0, :, 0] ** 2
    np.testing.assert_allclose(weights, [0.5, 4.0, 1.0], rtol=1e-5)
    assert (weight_roots(mask, 1, (1, 3)) == 1).all()


def test_gains_inside_at_the_same_quality(tiny_codec, image, mask):
    plain = tiny_codec.compress(image, 50, 4)
    data = tiny_codec.compress(image, 50, 4, roi=mask, roi_gain=16)
    assert unpack(data).quality == 50
    before, after = (errors(tiny_codec, d, image, mask) for d in (plain, data))
    assert after[0] < 0.98 * before[0]
    assert after[1] > before[1]
    everywhere = np.full_like(mask, 255)
    better = tiny_codec.compress(image, 50, 4, roi=everywhere, roi_gain=16)
    none = tiny_codec.compress(image, 50, 4, roi=~everywhere, roi_gain=16)
    assert len(none) < len(better)
    distances = [
        mse(tiny_codec.decompress(d), image) for d in (better, plain, none)
    ]
    # The tiny model cannot do much better than it does at weight 1.
    assert distances[0] < 1.001 * distances[1] and distances[1] < distances[2]


def test_within_bytes(tiny_codec, image, mask):
    limit = len(tiny_codec.compress(image, 50, 3))
    options = {"target_bytes": limit, "effort": 3}
    data, quality = compress_to(tiny_codec, image, **options, roi=mask)
    assert len(data) <= limit and unpack(data).quality == quality
    plain, _ = compress_to(tiny_codec, image, **options)
    inside = [errors(tiny_codec, d, image, mask)[0] for d in (plain, data)]
    assert inside[1] < inside[0]


def test_a_gain_of_1_changes_nothing(tiny_codec, image, mask):
    plain = tiny_codec.compress(image, 60, 2)
    assert tiny_codec.compress(image, 60, 2, roi=mask, roi_gain=1) == plain


def test_weights_of_latents():
    inside = np.zeros((1, 32, 48, 1), np.float32)
    inside[:, :24, :40] = 1.0
    assert (descent._weight(inside) == 1).all()  # as without a mask
    inside[:, :16, :16] = 2.0
    weight = descent._weight(inside)
    assert weight.shape == (1, 2, 3, 1)
    assert weight[0, 0, 0, 0] == 4.0 and weight.sum() == 9.0
    assert (descent._weight(0.5 * (inside > 0)) == 0.5).sum() == 6


def test_in_tiles(tiny_codec, photograph, monkeypatch):
    """The region is where it was, in a picture of several tiles."""
    image = photograph[:192, :320]
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[60:130, 180:300] = 255
    plain = tiny_codec.compress(image, 50, 3)
    before = errors(tiny_codec, plain, image, mask)
    monkeypatch.setattr(descent, "TILE", 12 * 16)
    monkeypatch.setattr(descent, "MARGIN", 4)
    monkeypatch.setattr(tiny_codec, "tile_pixels", 160 * 160)
    data = tiny_codec.compress(image, 50, 3, roi=mask, roi_gain=16)
    after = errors(tiny_codec, data, image, mask)
    assert after[0] < 0.98 * before[0] and after[1] > before[1]


def test_with_ms_ssim(make_model, photograph):
    """The weights reach its cost too."""
    model = make_model(
        "photo", distortion="ms-ssim", lmbda_min=2.0, lmbda_max=300.0
    )
    codec = Codec(model).freeze()
    image = photograph[:180, :190]
    mask = np.zeros(image.shape[:2], np.uint8)
    everywhere = ~mask
    costs = []
    for roi in (mask, everywhere):
        encoder = codec.encoder(image, roi=roi)
        inside = encoder._inside()
        x_hat = encoder.batch + np.float32(3)
        costs.append(codec.cost(0.0, x_hat, encoder.batch, inside, 50.0))
    assert 1.5 < costs[1] / costs[0] < 12
    data = codec.compress(image, 50, 2, roi=everywhere)
    assert codec.decompress(data).shape == image.shape


@pytest.mark.parametrize(
    "change, match",
    [
        (
            {"effort": 1},
            r"`roi` needs an `effort` above 1\. Received: effort=1",
        ),
        ({"roi_gain": 0.5}, "`roi_gain` must be at least 1. Received: .*0.5"),
        ({"roi_gain": np.nan}, "`roi_gain` must be at least 1"),
        ({"roi": np.zeros((90, 120), np.uint8)}, r"\(90, 121\).*\(90, 120\)"),
        ({"roi": np.zeros((90, 121))}, "dtype=float64"),
    ],
)
def test_errors(tiny_codec, image, mask, change, match):
    options = {"effort": 2, "roi": mask, **change}
    with pytest.raises(ValueError, match=match):
        tiny_codec.compress(image, 50, **options)
    with pytest.raises(ValueError, match=match):
        compress_to(tiny_codec, image, target_bytes=900, **options)


def test_more_errors(tiny_codec, image, mask):
    with pytest.raises(ValueError, match="goes with one image"):
        tiny_codec.compress([image, image], 50, 2, roi=mask)
    with pytest.raises(ValueError, match="not with `target_psnr`"):
        compress_to(tiny_codec, image, target_psnr=30, effort=2, roi=mask)


def test_loss_counts_pixels_once(tiny_codec):
    """Padding has no part in the mean, weights do."""
    image = np.zeros((1, 16, 32, 3), np.float32)
    inside = np.zeros((1, 16, 32, 1), np.float32)
    inside[:, :, :8] = 2.0
    lmbda = float(keras.ops.convert_to_numpy(tiny_codec.model.lmbda(50.0)))
    cost = tiny_codec.cost(0.5, image + 5, image, inside, 50.0)
    assert cost == pytest.approx(0.5 + lmbda * 4 * 25, rel=1e-5)
