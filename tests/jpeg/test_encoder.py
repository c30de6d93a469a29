"""Whole files: what they hold, what they gain."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tfcodec.errors import TfcodecError
from tfcodec.jpeg import JpegEncoder
from tfcodec.jpeg import encode_to
from tfcodec.jpeg.search import decoded_psnr
from tfcodec.metrics import mse


def pillow(image, quality, **options):
    file = io.BytesIO()
    Image.fromarray(image).save(
        file, "JPEG", quality=quality, optimize=True, **options
    )
    return file.getvalue()


@pytest.mark.parametrize("quality", [30, 85])
def test_smaller_than_pillow_at_the_same_psnr(photograph, quality):
    image = photograph[:128, :192]
    files = [pillow(image, quality, subsampling=s) for s in (0, 2)]
    encoder = JpegEncoder(image)
    for data in files:
        ours, _ = encode_to(encoder, target_psnr=decoded_psnr(data, image))
        assert len(ours) < 0.92 * len(data)


def test_quality_is_about_that_of_pillow(photograph):
    image = photograph[:128, :192]
    encoder = JpegEncoder(image)
    for quality in (25, 50, 75, 90):
        theirs = decoded_psnr(pillow(image, quality), image)
        ours = decoded_psnr(encoder.encode(quality), image)
        assert abs(ours - theirs) < 1.5


@pytest.mark.parametrize("subsampled", [None, False, True])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(
    "shape", [(1, 1, 3), (7, 9, 1), (8, 17, 3), (33, 15, 3)]
)
def test_all_shapes(flat, small, shape, progressive, subsampled):
    image = small[: shape[0], : shape[1], : shape[2]]
    data = JpegEncoder(
        image, subsampled, progressive, False, network=flat
    ).encode(90)
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.mode == ("RGB" if shape[2] == 3 else "L")
        assert opened.size == (shape[1], shape[0])
        assert bool(opened.info.get("progressive")) == progressive
        if subsampled is not None and shape[2] == 3:
            assert opened.layer[0][1:3] == (1 + subsampled,) * 2
    assert decoded_psnr(data, image) > 28


def test_colour_edges_are_not_subsampled(flat, small):
    """At the quality where a photograph is."""
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 255
    kwargs = {"per_picture": False, "network": flat}
    assert not JpegEncoder(stripes, **kwargs).subsampled_at(4)
    assert JpegEncoder(small, **kwargs).subsampled_at(6)


def test_parts_can_be_left_out(flat, small):
    sizes = [
        len(
            JpegEncoder(
                small, True, network=flat, per_picture=False, **o
            ).encode(50)
        )
        for o in ({}, {"trellis": False})
    ]
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(flat, image):
    with pytest.raises(ValueError, match="`image` must be uint8"):
        JpegEncoder(image, network=flat)


def test_too_long_a_side(flat):
    with pytest.raises(TfcodecError, match="65535 pixels a side.* 65536 x 1"):
        JpegEncoder(np.zeros((1, 65536, 1), np.uint8), network=flat)


def test_target_bytes(flat, small):
    encoder = JpegEncoder(small, per_picture=False, network=flat)
    data, quality = encode_to(encoder, target_bytes=3000)
    assert 2850 < len(data) <= 3000
    assert data == encoder.encode(quality)
    data, quality = encode_to(encoder, target_bytes=10**6)
    assert quality == 100
    with pytest.raises(TfcodecError, match="does not fit in 100 bytes"):
        encode_to(encoder, target_bytes=100)


def test_target_psnr(flat, small):
    encoder = JpegEncoder(small, per_picture=False, network=flat)
    calls = []
    data, quality = encode_to(
        encoder, target_psnr=34, report=lambda *call: calls.append(call)
    )
    assert 34 <= decoded_psnr(data, small) < 34.1
    assert data == encoder.encode(quality)
    assert calls[0] == (1, 12) and len(calls) <= 12
    _, quality = encode_to(encoder, target_psnr=5)
    assert quality == 1
    with pytest.raises(TfcodecError, match="99 dB is out of reach: at quality"):
        encode_to(encoder, target_psnr=99)


@pytest.mark.parametrize(
    "targets", [{}, {"target_bytes": 9000, "target_psnr": 30}]
)
def test_one_target(flat, small, targets):
    with pytest.raises(ValueError, match="Give one of"):
        encode_to(
            JpegEncoder(small, network=flat, per_picture=False), **targets
        )


def test_no_framework_is_needed():
    code = (
        "import sys, numpy as np, tfcodec.jpeg\n"
        "image = np.zeros((9, 9, 3), np.uint8)\n"
        "tfcodec.jpeg.JpegEncoder(image).encode(50)\n"
        "assert not {'keras', 'tensorflow', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_luma_makes_up_for_chroma(flat):
    """Of fine detail in the blue, which 4:2:0 loses."""
    image = np.full((64, 64, 3), 128, np.uint8)
    image[..., 2] = np.random.default_rng(0).integers(90, 166, (64, 64))
    errors = []
    for flag in (False, True):
        encoder = JpegEncoder(
            image, True, per_picture=False, compensate=flag, network=flat
        )
        errors.append(mse(decode(encoder.encode_at(2)), image))
    assert errors[1] < 0.9 * errors[0]


def decode(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)
