"""The search keeps the limit, and is close to the best that it could do."""

import numpy as np
import pytest

from tfcodec import TfcodecError
from tfcodec.bitstream import unpack
from tfcodec.metrics import bpp
from tfcodec.metrics import psnr
from tfcodec.rate_control import compress_to


@pytest.fixture(scope="module")
def image(photograph):
    return photograph[100:260, 100:331]


@pytest.fixture(scope="module")
def curve(tiny_codec, image):
    """Quality to size and PSNR, over the whole range."""
    encoder = tiny_codec.encoder(image)
    rows = []
    for quality in (1.0, 20.0, 50.0, 75.0, 100.0):
        data = encoder.encode(quality)
        reached = psnr(tiny_codec.decompress(data), image)
        rows.append((quality, len(data), reached))
    return np.array(rows)


def test_curve_rises(curve):
    assert (np.diff(curve, axis=0) > 0).all()


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_bytes(tiny_codec, image, curve, share):
    low, high = curve[0, 1], curve[-1, 1]
    limit = int(low + share * (high - low))
    data, quality = compress_to(tiny_codec, image, target_bytes=limit)
    assert len(data) <= limit
    assert data == tiny_codec.compress(image, quality)
    assert unpack(data).quality == quality
    # A little more quality would not have fitted.
    more = tiny_codec.compress(image, min(quality + 0.2, 100))
    assert len(more) > limit or len(data) > 0.98 * limit


def test_bpp_is_bytes(tiny_codec, image, curve):
    target = bpp(curve[2, 1], *image.shape[:2])
    data, quality = compress_to(tiny_codec, image, target_bpp=target)
    assert bpp(len(data), *image.shape[:2]) <= target
    # The size steps by bytes, and not always up.
    assert quality == pytest.approx(50, abs=5)


def test_psnr(tiny_codec, image, curve):
    target = (curve[1, 2] + curve[2, 2]) / 2
    data, quality = compress_to(tiny_codec, image, target_psnr=target)
    assert psnr(tiny_codec.decompress(data), image) >= target
    assert 20 < quality < 50
    less = tiny_codec.compress(image, quality - 0.5)
    assert psnr(tiny_codec.decompress(less), image) < target + 0.01


def test_generous_targets_give_the_end_of_the_range(tiny_codec, image):
    data, quality = compress_to(tiny_codec, image, target_bytes=10**6)
    assert quality == 100 and data == tiny_codec.compress(image, 100)
    data, quality = compress_to(tiny_codec, image, target_psnr=1.0)
    assert quality == 1 and data == tiny_codec.compress(image, 1)


def test_the_least_size_that_there_is_can_be_met(tiny_codec, image, curve):
    least = int(curve[0, 1])
    data, _ = compress_to(tiny_codec, image, target_bytes=least)
    assert len(data) <= least
    with pytest.raises(TfcodecError, match=f"quality 1 it takes {least} bytes"):
        compress_to(tiny_codec, image, target_bytes=least - 1)


def test_psnr_out_of_reach(tiny_codec, image, curve):
    best = f"at quality 100 it is {curve[-1, 2]:.2f} dB"
    with pytest.raises(TfcodecError, match=best):
        compress_to(tiny_codec, image, target_psnr=60.0)


@pytest.mark.parametrize(
    "targets", [{}, {"target_bytes": 100, "target_psnr": 30.0}]
)
def test_exactly_one_target(tiny_codec, image, targets):
    with pytest.raises(ValueError, match="exactly one"):
        compress_to(tiny_codec, image, **targets)


@pytest.mark.parametrize("effort", [2, 3])
def test_efforts_meet_bytes(tiny_codec, image, curve, effort):
    limit = int(curve[0, 1] + 0.4 * (curve[-1, 1] - curve[0, 1]))
    plain, plain_quality = compress_to(tiny_codec, image, target_bytes=limit)
    data, quality = compress_to(
        tiny_codec, image, target_bytes=limit, effort=effort
    )
    assert 0.97 * limit < len(data) <= limit
    assert unpack(data).quality == quality
    assert data == tiny_codec.compress(image, quality, effort)
    reached = [psnr(tiny_codec.decompress(d), image) for d in (plain, data)]
    assert reached[1] > reached[0]
    same, _ = compress_to(
        tiny_codec,
        image,
        target_bpp=bpp(limit + 0.1, *image.shape[:2]),
        effort=effort,
    )
    assert same == data


def test_efforts_meet_psnr(tiny_codec, image, curve):
    target = (curve[1, 2] + curve[2, 2]) / 2
    plain, _ = compress_to(tiny_codec, image, target_psnr=target)
    data, quality = compress_to(tiny_codec, image, target_psnr=target, effort=3)
    reached = psnr(tiny_codec.decompress(data), image)
    assert target <= reached < target + 0.5
    assert len(data) <= len(plain)


def test_efforts_out_of_reach(tiny_codec, image):
    with pytest.raises(TfcodecError, match="does not fit in 30 bytes"):
        compress_to(tiny_codec, image, target_bytes=30, effort=2)
    with pytest.raises(TfcodecError, match="out of reach"):
        compress_to(tiny_codec, image, target_psnr=60.0, effort=2)
    with pytest.raises(ValueError, match="`effort` must be"):
        compress_to(tiny_codec, image, target_psnr=30.0, effort=7)
