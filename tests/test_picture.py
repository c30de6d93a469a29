"""Pictures of one to four channels: what is coded, and what comes back."""

import dataclasses
import struct
import zlib

import numpy as np
import pytest

import tfcodec
from tfcodec import bitstream
from tfcodec.bitstream import sections
from tfcodec.metrics import psnr
from tfcodec.picture import fill_invisible
from tfcodec.picture import join
from tfcodec.picture import split
from tfcodec.picture import visible_psnr
from tfcodec.rate_control import compress_to

SIZES = ((1, 1), (1, 5000), (5000, 1), (7, 13), (251, 241))
METADATA = tfcodec.Metadata(exif=b"MM\0*" + bytes(90), xmp=b"<x/>")


@pytest.fixture
def rgba(photograph):
    """120 x 170 pixels; invisible ones hold noise."""
    rng = np.random.default_rng(3)
    rgb = photograph[100:220, 100:270]
    rows, columns = np.mgrid[:120, :170]
    distance = np.hypot(rows - 60, columns - 80)
    alpha = np.clip(8 * (50 - distance), 0, 255).astype(np.uint8)
    noise = rng.integers(0, 256, rgb.shape, np.uint8)
    rgb = np.where(alpha[:, :, None] > 0, rgb, noise)
    return np.concatenate([rgb, alpha[:, :, None]], axis=2)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [0, 1, 2, 3, 4])
def test_round_trip(tiny_codec, size, channels):
    rng = np.random.default_rng(sum(size))
    shape = (*size, channels) if channels else size
    image = rng.integers(0, 256, shape, np.uint8)
    data = tiny_codec.compress(image, 30)
    decoded = tiny_codec.decompress(data)
    assert decoded.dtype == np.uint8
    assert decoded.shape == (*size, channels or 1)
    if channels in (2, 4):
        np.testing.assert_array_equal(decoded[..., -1], image[..., -1])


def test_rgb_has_no_sections(tiny_codec, photograph):
    data = tiny_codec.compress(photograph[:40, :50])
    assert bitstream.unpack(data).ancillary == ()
    opaque = np.full((40, 50, 1), 255, np.uint8)
    image = np.concatenate([photograph[:40, :50], opaque], axis=2)
    assert tiny_codec.compress(image) == data


def test_grey_is_coded_as_rgb_with_equal_channels(tiny_codec, photograph):
    grey = photograph[:40, :50, 1]
    data = tiny_codec.compress(grey)
    container = bitstream.unpack(data)
    assert container.ancillary == ((sections.GREY, b""),)
    rgb = np.stack([grey] * 3, axis=2)
    same = bitstream.unpack(tiny_codec.compress(rgb))
    assert container.latents == same.latents
    shown = tiny_codec.decompress(tiny_codec.compress(rgb)).astype(int)
    expected = np.rint(shown.mean(axis=2))
    np.testing.assert_array_equal(
        tiny_codec.decompress(data)[:, :, 0], expected
    )
    assert (shown[:, :, 0] != expected).any()  # The mean is not idle.


def test_grey_is_the_rounded_mean():
    values = np.array([0, 1, 2, 127, 128, 253, 254, 255], np.uint8)
    rgb = np.stack(np.meshgrid(values, values, values), axis=-1)
    rgb = rgb.reshape(-1, 8, 3)
    grey = join(rgb, {sections.GREY: b""})
    np.testing.assert_array_equal(grey[..., 0], np.rint(rgb.mean(axis=2)))


def test_visible_colours_are_kept_and_others_are_smooth(rgba):
    before = rgba.copy()
    picture = split(rgba)
    np.testing.assert_array_equal(rgba, before)
    np.testing.assert_array_equal(picture.alpha, rgba[:, :, 3])
    visible = rgba[:, :, 3] > 0
    np.testing.assert_array_equal(picture.rgb[visible], rgba[visible][:, :3])
    steps = np.abs(np.diff(picture.rgb.astype(int), axis=1)).max(axis=2)
    gaps = ~visible[:, 1:] & ~visible[:, :-1]
    noise = np.abs(np.diff(rgba[:, :, :3].astype(int), axis=1)).max(axis=2)
    assert steps[gaps].mean() < 4 < 100 < noise[gaps].mean()


@pytest.mark.parametrize("size", [(1, 1), (1, 37), (37, 1), (2, 2), (1030, 3)])
def test_one_visible_pixel_fills_all(size):
    colours = np.zeros((*size, 3), np.uint8)
    alpha = np.zeros(size, np.uint8)
    colours[-1, -1], alpha[-1, -1] = (10, 20, 30), 1
    filled = fill_invisible(colours, alpha)
    assert (filled == (10, 20, 30)).all()
    assert not colours[:-1].any()


def test_nothing_visible(tiny_codec):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 4), np.uint8)
    noise[:, :, 3] = 0
    data = tiny_codec.compress(noise)
    assert not split(noise).rgb.any()
    assert not tiny_codec.decompress(data)[:, :, 3].any()
    assert visible_psnr(noise, noise[::-1]) == np.inf


def test_fill_is_the_same_in_stripes(monkeypatch, rgba):
    colours, alpha = rgba[:, :, :3], rgba[:, :, 3]
    whole = fill_invisible(colours, alpha)
    monkeypatch.setattr("tfcodec.picture._ROWS", 7)
    np.testing.assert_array_equal(fill_invisible(colours, alpha), whole)


def test_lists_and_batches(tiny_codec, rgba):
    images = [rgba[:20, :30], rgba[:20, :30, :3], rgba[:9, :9, 0]]
    alone = [tiny_codec.compress(image, metadata=METADATA) for image in images]
    assert tiny_codec.compress(images, metadata=METADATA) == alone
    batch = np.stack([rgba[:32, 64:112], rgba[32:64, 64:112]])
    assert tiny_codec.compress(batch) == [
        tiny_codec.compress(image) for image in batch
    ]


def test_metadata_goes_along(tiny_codec, photograph):
    image = photograph[:32, :48]
    plain = tiny_codec.compress(image)
    data = tiny_codec.compress(image, metadata=METADATA)
    assert tfcodec.read_metadata(data) == METADATA
    assert tfcodec.read_metadata(plain) == tfcodec.Metadata()
    np.testing.assert_array_equal(
        tiny_codec.decompress(data), tiny_codec.decompress(plain)
    )
    assert data == tiny_codec.compress(image, 50.0, 1, METADATA)
    refined = tiny_codec.compress(image, 50.0, 2, METADATA)
    assert tfcodec.read_metadata(refined) == METADATA


def test_target_bytes_count_all(tiny_codec, rgba):
    rng = np.random.default_rng(0)
    metadata = tfcodec.Metadata(icc=rng.bytes(2000))
    largest = len(tiny_codec.compress(rgba, 100, metadata=metadata))
    for effort in (1, 2):
        data, quality = compress_to(
            tiny_codec,
            rgba,
            target_bytes=largest - 40,
            effort=effort,
            metadata=metadata,
        )
        assert largest - 300 < len(data) <= largest - 40
        assert tfcodec.read_metadata(data) == metadata
    with pytest.raises(
        tfcodec.TfcodecError,
        match="does not fit in 2100 bytes: .* of them alpha and metadata",
    ):
        compress_to(tiny_codec, rgba, target_bytes=2100, metadata=metadata)


def test_target_psnr_is_that_of_visible_pixels(tiny_codec, rgba):
    grey = rgba[:, :, 0]
    for image in (rgba, grey, rgba[:, :, [0, 3]]):
        low, high = (
            visible_psnr(
                tiny_codec.decompress(tiny_codec.compress(image, q)), image
            )
            for q in (1, 100)
        )
        target = (low + high) / 2
        data, _ = compress_to(tiny_codec, image, target_psnr=target)
        decoded = tiny_codec.decompress(data)
        assert target <= visible_psnr(decoded, image) < target + 0.3
    changed = rgba.copy()
    changed[rgba[:, :, 3] == 0, :3] ^= 0xFF
    assert visible_psnr(changed, rgba) == np.inf
    np.testing.assert_equal(
        visible_psnr(grey[:, :, None] // 2, grey), psnr(grey // 2, grey)
    )


def test_damaged_alpha_samples(tiny_codec, rgba):
    container = bitstream.unpack(tiny_codec.compress(rgba))
    ((kind, png),) = container.ancillary
    position = png.index(b"IDAT")
    (length,) = struct.unpack_from(">I", png, position - 4)
    rng = np.random.default_rng(0)
    raised = 0
    for _ in range(40):
        damaged = bytearray(png)
        place = position + 4 + rng.integers(length)
        damaged[place] ^= 1 << rng.integers(8)
        crc = zlib.crc32(damaged[position : position + 4 + length])
        struct.pack_into(">I", damaged, position + 4 + length, crc)
        other = dataclasses.replace(
            container, ancillary=((kind, bytes(damaged)),)
        )
        try:
            tiny_codec.decompress(bitstream.pack(other))
        except tfcodec.BitstreamError as error:
            assert "alpha section cannot be decoded" in str(error)
            raised += 1
    assert raised > 30


def test_damaged_sections_are_refused_before_decoding(tiny_codec, rgba):
    container = bitstream.unpack(tiny_codec.compress(rgba[:32]))
    other = dataclasses.replace(container, height=48)
    with pytest.raises(
        tfcodec.BitstreamError, match="alpha section has 170x32"
    ):
        tiny_codec.decompress(bitstream.pack(other))
