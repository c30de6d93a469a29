"""Pixels to symbols and back in a graph, against `Codec`."""

import numpy as np
import pytest
import tensorflow as tf

from tfcodec.bitstream import unpack
from tfcodec.codec import Codec
from tfcodec.export.graph.codec_graph import CodecGraph
from tfcodec.export.graph.codec_graph import quality_of
from tfcodec.export.graph.integer_network_graph import IntegerNetworkGraph

SIZES = [(1, 1), (16, 16), (17, 63), (65, 40), (130, 5)]


@pytest.fixture(
    scope="module",
    params=["photo", "hyperprior", "factorized", "cnn-pool-dense"],
)
def codec(request, make_model):
    return Codec(make_model(request.param)).freeze()


@pytest.fixture(scope="module")
def graph(codec):
    return CodecGraph(codec)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("quality", [1.0, 33.37, 100.0])
def test_symbols_and_pixels_are_those_of_the_codec(
    codec, graph, photograph, size, quality
):
    image = photograph[: size[0], : size[1]]
    z, residual, indexes = codec.encoder(image).symbols(quality)
    hundredths = tf.constant(round(quality * 100))

    @tf.function(autograph=False)
    def encode(pixels):
        return graph.symbols(graph.latents(pixels), hundredths)

    symbols = encode(image)
    np.testing.assert_array_equal(symbols.z, z.ravel())
    if residual is not None:
        np.testing.assert_array_equal(symbols.indexes, indexes.ravel())
        # A mean that differs in its last bit may round the other way.
        differs = symbols.residual.numpy() != residual.ravel()
        assert differs.mean() < 0.001
        found = graph.indexes(symbols.z, hundredths, *size)
        np.testing.assert_array_equal(found, symbols.indexes)

    data = codec.compress(image, quality)
    z, residual = codec.decode_symbols(unpack(data))
    pixels = graph.pixels(
        tf.reshape(tf.cast(z, tf.int32), [-1]),
        tf.reshape(tf.cast(residual, tf.int32), [-1]),
        hundredths,
        *size,
    )
    expected = codec.decompress(data).astype(int)
    assert np.abs(pixels.numpy() - expected).max() <= 1
    assert pixels.dtype == tf.uint8


def test_quality_is_the_number_that_the_codec_uses():
    hundredths = np.arange(100, 10001)
    expected = np.array([n / 100 for n in hundredths], np.float32)
    found = [quality_of(tf.constant(n))[0].numpy() for n in hundredths[::7]]
    np.testing.assert_array_equal(found, expected[::7])
    every = tf.cast(tf.constant(hundredths), tf.float32) / 100.0
    np.testing.assert_array_equal(every, expected)


def test_integer_network_is_the_reference_for_any_hyper_latents(make_model):
    network = Codec(make_model("photo")).freeze().coding.network
    graph = IntegerNetworkGraph(network)
    rng = np.random.default_rng(3)
    for height, width in [(1, 1), (4, 4), (5, 9)]:
        shape = (-(-height // 4), -(-width // 4), network.hyper_channels)
        for limit in (2, 128):
            z = rng.integers(-limit, limit + 1, shape)
            for hundredths in (100, 5039, 10000):
                np.testing.assert_array_equal(
                    graph(tf.constant(z, tf.int32), hundredths, height, width),
                    network(z, hundredths, height, width),
                )


def test_stale_tables_are_refused(make_model):
    codec = Codec(make_model("photo")).freeze()
    kernel = codec.model.scale_network.stages[0].kernel
    kernel.assign(kernel + 0.5)
    with pytest.raises(ValueError, match="freeze"):
        CodecGraph(codec)
