"""Peers write files of the library, within the rates that matter."""

import sys

import numpy as np
import pytest
from PIL import features

from tfcodec.errors import TfcodecError
from tfcodec.evaluation import peers
from tfcodec.metrics import bpp
from tfcodec.metrics import psnr

START = {
    "jpeg": b"\xff\xd8\xff",
    "webp": b"RIFF",
    "avif": b"\0\0\0 ftypavif",
    "jpeg2000": b"\0\0\0\x0cjP  ",
    "jxl": b"\xff\x0a",
}


@pytest.mark.parametrize("kind", peers.KINDS)
def test_rates_and_quality_rise_together(kind, photograph):
    if kind == "jxl":
        pytest.importorskip("imagecodecs")
    peer = peers.parse("avif:speed=10" if kind == "avif" else kind)
    image = photograph[:160, :192]
    rows = []
    for quality in (peer.qualities[0], peer.qualities[-1]):
        data = peer.encode(image, quality, threads=1)
        assert data.startswith(START[kind])
        decoded = peer.decode(data)
        assert decoded.dtype == np.uint8 and decoded.shape == image.shape
        rows.append((bpp(len(data), *image.shape[:2]), psnr(image, decoded)))
    (low_rate, low), (high_rate, high) = rows
    assert low + 5 < high
    assert low_rate < 1.2 and high_rate > 1.8
    is_rising = peer.qualities[0] < peer.qualities[-1]
    assert peers.KINDS[kind].rising == is_rising


def test_options_matter(photograph):
    image = photograph[:96, :96]
    sizes = {
        name: len(peers.parse(name).encode(image, 60))
        for name in ("jpeg", "jpeg:subsampling=420")
    }
    assert sizes["jpeg:subsampling=420"] < sizes["jpeg"]
    avif = peers.parse("avif:subsampling=420:speed=7")
    assert avif.options == {"speed": 7, "subsampling": "420"}
    assert "speed 7" in avif.describe() and "libavif" in avif.describe()
    assert peers.parse("avif").options["speed"] == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("jpg", "no peer 'jpg'. Peers: jpeg, webp, avif"),
        ("avif:sped=3", "no option 'sped'.*speed, subsampling"),
        ("avif:speed=11", "speed in .* must be in 0..10"),
        ("avif:speed=x", "speed in .* must be in 0..10"),
        ("jpeg:subsampling=4", "must be one of 444, 422, 420"),
    ],
)
def test_bad_names(name, message):
    with pytest.raises(ValueError, match=message):
        peers.parse(name)


def test_what_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(TfcodecError, match="jxl .* pip install imagecodecs"):
        peers.parse("jxl")
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(TfcodecError, match="no avif: pip install --upgrade"):
        peers.parse("avif")
