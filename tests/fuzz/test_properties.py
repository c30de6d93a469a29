"""Pictures, qualities and mutations that nobody thought of."""

import pathlib

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies
from hypothesis.extra import numpy as arrays

from tfcodec.bitstream import container as container_format
from tfcodec.bitstream import unpack
from tfcodec.errors import BitstreamError

GOLDEN = sorted((pathlib.Path(__file__).parents[1] / "golden").glob("*-q5.tfc"))
settings = hypothesis.settings(
    max_examples=200,
    deadline=None,
    derandomize=True,  # the same in every run of CI
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
pictures = arrays.arrays(
    np.uint8,
    strategies.tuples(
        strategies.integers(1, 70),
        strategies.integers(1, 70),
        strategies.just(3),
    ),
    # Few different values: Hypothesis draws the others one by one.
    fill=strategies.integers(0, 255),
)
qualities = strategies.integers(100, 10000).map(lambda n: n / 100)


@hypothesis.settings(settings, max_examples=25)  # a new size compiles
@hypothesis.given(image=pictures, quality=qualities)
def test_any_picture_at_any_quality(tiny_codec, image, quality):
    data = tiny_codec.compress(image, quality)
    found = unpack(data)
    assert (found.height, found.width) == image.shape[:2]
    assert found.quality == quality
    pixels = tiny_codec.decompress(data)
    assert pixels.dtype == np.uint8 and pixels.shape == image.shape
    assert tiny_codec.compress(image, quality) == data


@pytest.fixture(scope="module")
def small_file(tiny_codec, photograph):
    return tiny_codec.compress(photograph[50:98, 200:280], 30.0)


@settings
@hypothesis.given(
    changes=strategies.lists(
        strategies.tuples(strategies.integers(0), strategies.integers(0, 255)),
        min_size=1,
        max_size=4,
    ),
    cut=strategies.integers(0, 40),
    tail=strategies.binary(max_size=8),
)
def test_mutations_with_a_right_checksum(
    tiny_codec, small_file, changes, cut, tail
):
    """What a forger can do, whom the checksum does not stop."""
    data = bytearray(small_file)
    for place, value in changes:
        # Not the sides: pictures of any size would be decoded.
        places = [i for i in range(len(data)) if not 11 <= i < 17]
        data[places[place % len(places)]] = value
    data = bytes(data[: len(data) - cut]) + tail
    at = container_format.CRC_AT
    crc = container_format._crc(data).to_bytes(4, "little")
    data = data[:at] + crc + data[container_format.HEADER.size :]
    try:
        pixels = tiny_codec.decompress(data)
    except BitstreamError:
        return
    assert pixels.shape == (48, 80, 3)


@settings
@hypothesis.given(strategies.binary(max_size=200))
def test_random_bytes(tiny_codec, data):
    for candidate in (data, container_format.MAGIC + data):
        with pytest.raises(BitstreamError):
            tiny_codec.decompress(candidate)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_single_byte_change_of_a_golden_file(path):
    data = path.read_bytes()
    unpack(data)
    for place in range(len(data)):
        for value in set(range(256)) - {data[place]}:
            changed = data[:place] + bytes([value]) + data[place + 1 :]
            with pytest.raises(BitstreamError):
                unpack(changed)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_truncation_of_a_golden_file(path):
    data = path.read_bytes()
    for length in range(len(data)):
        with pytest.raises(BitstreamError):
            unpack(data[:length])
