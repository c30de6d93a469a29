"""`--verify`: each comparison can fail."""

import dataclasses

import numpy as np
import pytest

from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack
from tfcodec.cli.verify import compare
from tfcodec.cli.verify import verify
from tfcodec.errors import BitstreamError
from tfcodec.errors import TfcodecError
from tfcodec.metrics import psnr


@pytest.fixture(scope="module")
def image(photograph):
    return photograph[100:170, 100:220]


class Codec:
    """Decodes everything to one picture."""

    def __init__(self, decoded):
        self.decoded = decoded

    def decompress(self, data, max_pixels):
        if isinstance(self.decoded, Exception):
            raise self.decoded
        return self.decoded


def test_psnr_of_a_file(tiny_codec, image):
    data = tiny_codec.compress(image)
    decoded = tiny_codec.decompress(data)
    found = verify(tiny_codec, image, data, data)
    assert found == pytest.approx(psnr(decoded, image), abs=1e-9)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_grey_and_transparency(image, channels):
    alpha = image[:, :, :1] | 1
    grey = image[:, :, 1:2]
    parts = {1: [grey], 2: [grey, alpha], 4: [image, alpha]}[channels]
    picture = np.concatenate(parts, axis=2)
    assert verify(Codec(picture), picture, b"", b"") == np.inf
    wrong = picture.copy()
    wrong[3, 5, -1] ^= 1
    if channels > 1:
        with pytest.raises(TfcodecError, match="transparency"):
            verify(Codec(wrong), picture, b"", b"")
    with pytest.raises(TfcodecError, match=r"decodes to shape \(70, 120, 3\)"):
        verify(Codec(image), picture, b"", b"")


def test_other_bytes_on_the_disk(tiny_codec, image):
    data = tiny_codec.compress(image)
    with pytest.raises(TfcodecError, match="not verified: .*other bytes"):
        verify(tiny_codec, image, data, data[:-1])


def test_payload_that_does_not_decode(tiny_codec, image):
    container = unpack(tiny_codec.compress(image))
    latents = bytearray(container.latents)
    latents[len(latents) // 2] ^= 0x10
    wrong = pack(dataclasses.replace(container, latents=bytes(latents)))
    with pytest.raises(TfcodecError, match="not verified: .*not decode"):
        verify(tiny_codec, image, wrong, wrong)


def test_decoding_error(image):
    codec = Codec(BitstreamError("It is damaged."))
    with pytest.raises(TfcodecError, match="not verified: .*It is damaged"):
        verify(codec, image, b"", b"")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda image: np.full_like(image, 128),
        lambda image: np.zeros_like(image),
        lambda image: image[::-1],
        lambda image: 255 - image,
        lambda image: np.roll(image, 40, axis=1),
    ],
)
def test_another_picture(image, wrong):
    with pytest.raises(TfcodecError, match="does not look like the original"):
        verify(Codec(wrong(image)), image, b"", b"")


@pytest.mark.parametrize("size", [(70, 120), (64, 64), (1, 1), (17, 5000)])
def test_compare(size):
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 256, (2, *size, 3), dtype=np.uint8)
    assert compare(a, b)[0] == pytest.approx(psnr(a, b), abs=1e-9)
    assert compare(a, a) == (np.inf, True)


def test_noise_that_averages_out_looks_alike(image):
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 20, image.shape)
    noisy = np.clip(image + noise, 0, 255).astype(np.uint8)
    found, looks_alike = compare(image, noisy)
    assert looks_alike and 20 < found < 24
