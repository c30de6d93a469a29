"""The signatures of a SavedModel, against `Codec`."""

import numpy as np
import pytest
import tensorflow as tf

from tfcodec.bitstream import unpack
from tfcodec.codec import Codec
from tfcodec.export.serving import saved_model as module
from tfcodec.export.serving.serving_graph import ServingGraph

SIZES = [(64, 80), (17, 33), (1, 1), (130, 5)]


@pytest.fixture(scope="module")
def pictures(photograph):
    return [photograph[90 : 90 + h, 200 : 200 + w] for h, w in SIZES]


@pytest.fixture(scope="module")
def files(tiny_codec, pictures):
    return [
        tiny_codec.compress(picture, 40 + i)
        for i, picture in enumerate(pictures)
    ]


def test_names(signatures):
    found = {
        name: (
            sorted(function.structured_input_signature[1]),
            sorted(function.structured_outputs),
        )
        for name, function in signatures.items()
    }
    images, files = ["image_bytes"], ["compressed_bytes"]
    assert found == {
        "serving_default": (images, files),
        "compress": (images, files),
        "compress_quality": ([*images, "quality"], files),
        "decompress": (files, images),
        "decompress_jpeg": (files, images),
        "decompress_pixels": (files, ["height", "pixels", "width"]),
        "analysis": (["pixels", "quality"], ["indexes", "residual", "z"]),
        "synthesis": (["quality", "residual", "z"], ["pixels"]),
    }


def test_files_are_those_of_the_codec(serve, tiny_codec, pictures, to_file):
    images = [to_file(picture) for picture in pictures]
    for name in ("serving_default", "compress"):
        found = serve(name, image_bytes=images)["compressed_bytes"]
        assert list(found) == tiny_codec.compress(pictures)
    quality = [1, 33.37, 50.005, 100]
    found = serve("compress_quality", image_bytes=images, quality=quality)
    expected = [
        tiny_codec.compress(picture, float(np.float32(q)))
        for picture, q in zip(pictures, quality, strict=True)
    ]
    assert list(found["compressed_bytes"]) == expected


def test_pictures_are_those_of_the_codec(serve, tiny_codec, files, to_pixels):
    expected = tiny_codec.decompress(files)
    found = serve("decompress", compressed_bytes=files)["image_bytes"]
    jpegs = serve("decompress_jpeg", compressed_bytes=files)["image_bytes"]
    for png, jpeg, pixels in zip(found, jpegs, expected, strict=True):
        np.testing.assert_array_equal(to_pixels(png), pixels)
        assert jpeg.startswith(b"\xff\xd8")
        error = to_pixels(jpeg).astype(int) - pixels
        assert np.abs(error).mean() < 4

    found = serve("decompress_pixels", compressed_bytes=files)
    assert found["pixels"].shape == (4, 130, 80, 3)
    assert found["pixels"].dtype == np.uint8
    for i, pixels in enumerate(expected):
        height, width = pixels.shape[:2]
        assert (found["height"][i], found["width"][i]) == (height, width)
        inside = found["pixels"][i, :height, :width]
        np.testing.assert_array_equal(inside, pixels)
        assert found["pixels"][i].sum() == pixels.sum()


@pytest.mark.parametrize(
    ("name", "inputs", "output", "shape"),
    [
        ("compress", ["image_bytes"], "compressed_bytes", (0,)),
        (
            "compress_quality",
            ["image_bytes", "quality"],
            "compressed_bytes",
            (0,),
        ),
        ("decompress", ["compressed_bytes"], "image_bytes", (0,)),
        ("decompress_pixels", ["compressed_bytes"], "pixels", (0, 0, 0, 3)),
    ],
)
def test_batch_without_images(serve, name, inputs, output, shape):
    found = serve(name, **{key: np.zeros([0], object) for key in inputs})
    assert found[output].shape == shape


def test_analysis_and_synthesis(serve, tiny_codec, photograph):
    pixels = np.stack([photograph[:40, :70], photograph[50:90, :70]])
    quality = [20.0, 80.0]
    found = serve("analysis", pixels=pixels, quality=quality)
    for i, q in enumerate(quality):
        z, residual, indexes = tiny_codec.encoder(pixels[i]).symbols(q)
        np.testing.assert_array_equal(found["z"][i], z)
        np.testing.assert_array_equal(found["residual"][i], residual)
        np.testing.assert_array_equal(found["indexes"][i], indexes)
    coded = {name: found[name] for name in ("z", "residual")}
    back = serve("synthesis", quality=quality, **coded)["pixels"]
    assert back.shape == (2, 48, 80, 3)
    expected = [
        tiny_codec.decompress(tiny_codec.compress(image, q))
        for image, q in zip(pixels, quality, strict=True)
    ]
    np.testing.assert_array_equal(back[:, :40, :70], expected)

    with pytest.raises(tf.errors.InvalidArgumentError, match="`z` must have"):
        serve("synthesis", quality=quality, **coded | {"z": found["z"][:, 1:]})
    pixels = np.zeros((1, 400, 60, 3), np.uint8)
    with pytest.raises(tf.errors.InvalidArgumentError, match="60x400 pixels"):
        serve("analysis", pixels=pixels, quality=[50])


@pytest.mark.parametrize(
    ("quality", "message"),
    [
        ([50, np.nan], "Image 1: The quality must be in 1..100. Got: nan"),
        ([0.999, 50], "Image 0: The quality must be in 1..100. Got: 0.999"),
        ([50, 100.01], "Image 1: The quality must be in 1..100. Got: 100.01"),
        ([50], "one number for each image"),
        ([50, 50, 50], "one number for each image"),
    ],
)
def test_wrong_quality(serve, to_file, pictures, quality, message):
    images = [to_file(picture) for picture in pictures[:2]]
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        serve("compress_quality", image_bytes=images, quality=quality)


def test_wrong_images(serve, to_file, pictures):
    good = to_file(pictures[0])
    large = to_file(np.zeros((100, 201, 3), np.uint8))
    for bad, message in [
        (b"", "Image 1: There are no bytes"),
        (b"text", "Image 1: The bytes are not a PNG or JPEG image"),
        (large, "Image 1: The image has 201x100 pixels; 1 to 20,000 are taken"),
        (good[:-400], "Invalid PNG"),
    ]:
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            serve("compress", image_bytes=[good, bad])


@pytest.mark.parametrize(
    "name", ["decompress", "decompress_jpeg", "decompress_pixels"]
)
def test_wrong_files(serve, tiny_codec, files, make_model, photograph, name):
    stranger = Codec(make_model("photo")).freeze()
    flipped = bytearray(files[0])
    flipped[40] ^= 1
    for bad, message in [
        (b"", "Image 1: The file is empty"),
        (b"\x89PNG\r\n\x1a\n", "it looks like PNG"),
        (files[0][:-1], "Image 1: The file is truncated"),
        (bytes(flipped), "Image 1: The file was altered"),
        (stranger.compress(photograph[:8, :8]), "made with other tables"),
        (
            tiny_codec.compress(photograph[:101, :200]),
            "declares 200x101 pixels, more than the limit of 20,000",
        ),
    ]:
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            serve(name, compressed_bytes=[files[1], bad])


@pytest.mark.parametrize(
    "kind", ["hyperprior", "factorized", "cnn-pool-dense", "deconvnet"]
)
def test_other_models(make_model, to_file, to_pixels, photograph, kind):
    codec = Codec(make_model(kind)).freeze()
    functions = module.signatures(ServingGraph(codec, max_pixels=10_000))
    pictures = [photograph[:40, :50], photograph[:16, :16]]
    images = tf.constant([to_file(picture) for picture in pictures])
    found = functions["compress"](images)["compressed_bytes"].numpy()
    assert list(found) == codec.compress(pictures)
    back = functions["decompress"](tf.constant(found))["image_bytes"].numpy()
    for data, file in zip(back, found, strict=True):
        error = to_pixels(data).astype(int) - codec.decompress(file)
        assert np.abs(error).max() <= 1
    coded = functions["analysis"](pictures[0][None], [50.0])
    coded.pop("indexes", None)
    pixels = functions["synthesis"](quality=[50.0], **coded)["pixels"]
    assert pixels.shape == (1, 48, 64, 3)
    assert unpack(found[0]).quality == 50
