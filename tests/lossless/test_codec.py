"""Pictures come back as they were, or within the error that was asked for."""

import dataclasses
import io

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies
from hypothesis.extra import numpy as arrays
from PIL import Image

from tfcodec import lossless
from tfcodec.bitstream import Metadata
from tfcodec.bitstream import pack
from tfcodec.bitstream import read_metadata
from tfcodec.bitstream import unpack
from tfcodec.coding import code_length
from tfcodec.errors import BitstreamError
from tfcodec.litert import codec as litert_codec
from tfcodec.lossless.codec import symbols
from tfcodec.picture import write_png

settings = hypothesis.settings(
    max_examples=40, deadline=None, derandomize=True, database=None
)
pictures = arrays.arrays(
    np.uint8,
    strategies.tuples(
        strategies.integers(1, 40),
        strategies.integers(1, 40),
        strategies.integers(1, 4),
    ),
    fill=strategies.integers(0, 255),
)


@pytest.fixture(scope="module")
def image(photograph):
    return photograph[100:175, 200:301]


@pytest.fixture(scope="module")
def data(image):
    return lossless.compress(image)


@pytest.mark.parametrize(
    "height, width",
    [(1, 1), (1, 2), (2, 1), (3, 3), (31, 33), (64, 32), (1, 5000), (5000, 1)],
)
@pytest.mark.parametrize("max_error", [0, 3])
def test_any_size(photograph, height, width, max_error):
    image = np.resize(photograph, (height, width, 3))
    decoded = lossless.decompress(lossless.compress(image, max_error))
    assert decoded.dtype == np.uint8 and decoded.shape == image.shape
    assert np.abs(decoded.astype(int) - image).max() <= max_error


def test_smaller_than_png(photograph):
    image = photograph[:256, :384]
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    data = lossless.compress(image)
    assert len(data) < 0.9 * len(file.getvalue())
    np.testing.assert_array_equal(lossless.decompress(data), image)


@settings
@hypothesis.given(image=pictures, max_error=strategies.integers(0, 8))
def test_any_picture_within_any_error(image, max_error):
    decoded = lossless.decompress(lossless.compress(image, max_error))
    channels = image.shape[2]
    if channels in (2, 4) and image[:, :, -1].min() == 255:
        image = image[:, :, :-1]
    assert decoded.shape == image.shape
    off = np.abs(decoded.astype(int) - image)
    assert off.max() <= max_error
    if channels in (2, 4) and image.shape[2] == channels:
        assert not off[:, :, -1].any()


def test_noise_and_flat_pictures():
    noise = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    for image in (noise, noise // 255 * 255, noise * 0, noise * 0 + 255):
        data = lossless.compress(image)
        np.testing.assert_array_equal(lossless.decompress(data), image)
    assert len(data) < 500
    assert len(lossless.compress(noise)) < 2 * noise.size


@pytest.mark.parametrize("max_error", [0, 2])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_never_larger_than_png(channels, max_error):
    draw = np.random.default_rng(0)
    image = draw.integers(0, 256, (50, 70, channels), np.uint8)
    data = lossless.compress(image, max_error)
    np.testing.assert_array_equal(lossless.decompress(data), image)
    png = sum(len(write_png(plane)) for plane in image.transpose(2, 0, 1))
    assert len(data) < png + 60
    assert unpack(data).latents[0] == 0x80 | (1 if channels == 1 else 3)


@pytest.mark.parametrize(
    "change, problem",
    [
        (lambda png: png[:-12], "does not end with its IEND"),
        (lambda png: png[1:], "is not a PNG file"),
        (lambda png: write_png(np.zeros((5, 7), np.uint8)), "must be 8-bit"),
        (
            lambda png: write_png(np.zeros((7, 5, 3), np.uint8)),
            "has 5x7 pixels, the picture 7x5",
        ),
        (
            lambda png: write_png(np.zeros((5, 7, 3), np.uint8)),
            "checksum of its pixels",
        ),
    ],
)
def test_damaged_stored_pictures(change, problem):
    draw = np.random.default_rng(0)
    data = lossless.compress(draw.integers(0, 256, (5, 7, 3), np.uint8))
    container = unpack(data)
    latents = container.latents
    assert latents[0] == 0x83
    changed = dataclasses.replace(
        container, latents=latents[:5] + change(latents[5:])
    )
    with pytest.raises(BitstreamError, match=problem):
        lossless.decompress(pack(changed))


def test_near_lossless_files_are_smaller(image):
    sizes = []
    for max_error in range(9):
        data = lossless.compress(image, max_error)
        off = np.abs(lossless.decompress(data).astype(int) - image)
        assert off.max() == max_error  # Less would be wasteful.
        sizes.append(len(data))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[8] < sizes[0] / 2


def test_grey_has_one_plane(image):
    grey = image[:, :, 1]
    data = lossless.compress(grey)
    np.testing.assert_array_equal(lossless.decompress(data)[:, :, 0], grey)
    coloured = lossless.compress(np.stack([grey] * 3, 2))
    assert len(coloured) <= len(data) <= len(coloured) + 2
    assert lossless.decompress(coloured).shape == image.shape


def test_invisible_colours_are_kept(image):
    alpha = np.where(image[:, :, :1] > 100, 0, 77).astype(np.uint8)
    picture = np.concatenate([image, alpha], 2)
    assert (alpha == 0).any()
    decoded = lossless.decompress(lossless.compress(picture))
    np.testing.assert_array_equal(decoded, picture)


def test_metadata(image):
    metadata = Metadata(exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0", xmp=b"<x/>")
    data = lossless.compress(image, metadata=metadata)
    assert read_metadata(data) == metadata
    np.testing.assert_array_equal(lossless.decompress(data), image)


def test_size_is_what_the_tables_say(image, data):
    model = lossless.load().model
    planes = np.ascontiguousarray(image.transpose(2, 0, 1)[[1, 0, 2]])
    segments, decoded = symbols(model, planes, 3, 0)
    np.testing.assert_array_equal(decoded, planes)
    bits = sum(code_length(*segment, model.tables) for segment in segments)
    assert bits / 8 < len(data) < 1.01 * bits / 8 + 48


def test_progress(image):
    found = []
    codec = lossless.load()
    data = codec.compress(image, report=lambda *step: found.append(step))
    assert found[-1] == (image.size, image.size)
    again = []
    codec.decompress(data, report=lambda *step: again.append(step))
    assert again == found


def test_every_changed_byte_is_noticed(data):
    for position in range(0, len(data), 97):
        changed = bytearray(data)
        changed[position] ^= 1 << position % 8
        with pytest.raises(BitstreamError):
            lossless.decompress(bytes(changed))


@settings
@hypothesis.given(
    position=strategies.integers(0), change=strategies.integers(1, 255)
)
def test_a_right_checksum_of_the_file_is_not_enough(data, position, change):
    container = unpack(data)
    latents = bytearray(container.latents)
    latents[position % len(latents)] ^= change
    container = dataclasses.replace(container, latents=bytes(latents))
    with pytest.raises(BitstreamError):
        lossless.decompress(pack(container))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"latents": b""}, "1 or 3 planes.*nothing"),
        ({"latents": b"\x02\0\0\0\0"}, "1 or 3 planes.*0200000000"),
        ({"latents": b"\x03\0\0\0\0"}, "payload is empty"),
        ({"quality": 50.0}, "declares quality 50"),
        ({"quality": 99.5}, "declares quality 99.5"),
        ({"model_hash": b"\0\0\0\0"}, "other tables"),
        ({"preset_id": 7}, "not a lossless file: its preset number is 7"),
        ({"width": 1 << 20, "height": 1 << 20}, "more than the limit"),
    ],
)
def test_wrong_files(data, changes, words):
    container = dataclasses.replace(unpack(data), **changes)
    with pytest.raises(BitstreamError, match=words):
        lossless.decompress(pack(container))


def test_other_pixels_are_noticed(data):
    container = unpack(data)
    latents = bytearray(container.latents)
    latents[1] ^= 1
    container = dataclasses.replace(container, latents=bytes(latents))
    with pytest.raises(BitstreamError, match="checksum of its pixels"):
        lossless.decompress(pack(container))


@pytest.mark.parametrize("max_error", [-1, 9, 0.5, None])
def test_wrong_errors(image, max_error):
    with pytest.raises(ValueError, match="`max_error` must be"):
        lossless.compress(image, max_error)


def test_wrong_arguments(image):
    codec = lossless.load()
    for arguments in ({"quality": 50.0}, {"effort": 2}):
        with pytest.raises(ValueError, match="`quality` must be 100 less"):
            codec.compress(image, **arguments)
    with pytest.raises(ValueError, match="`image` must be"):
        lossless.compress(image.astype(np.float32))


def test_other_codecs_say_what_reads_it(data):
    with pytest.raises(BitstreamError, match="tfcodec.lossless.decompress"):
        litert_codec.load("photo").decompress(data)
