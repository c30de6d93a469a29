"""The settings check themselves, and the seeded order is what it says."""

import dataclasses

import numpy as np
import pytest

from tfcodec.training.data import order
from tfcodec.training.data.config import DataConfig


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", ""),
        ("source", None),
        ("batch_size", 0),
        ("batch_size", 2.0),
        ("crop", True),
        ("flip", 1),
        ("scale_min", 0.0),
        ("scale_min", 1.5),
        ("scale_min", "half"),
        ("scale_max", 0.9),
        ("scale_max", 5),
        ("colour", 1.0),
        ("colour", float("nan")),
        ("seed", -1),
        ("seed", 2**32),
        ("validation_fraction", 1.0),
        ("cache_bytes", -1),
        ("shuffle_window", 0),
        ("workers", 0),
    ],
)
def test_bad_setting_is_named(name, value):
    with pytest.raises(ValueError, match=f"`{name}`.*Received: {name}="):
        DataConfig(**{"source": "folder:x", name: value})


def test_config_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DataConfig("x").crop = 3


def test_permutation_depends_on_every_word_of_the_key():
    key = (1, order.EPOCH_ORDER, 5)
    base = order.permutation(50, *key)
    assert sorted(base) == list(range(50))
    np.testing.assert_array_equal(base, order.permutation(50, *key))
    for place in range(3):
        other = list(key)
        other[place] += 1
        assert (order.permutation(50, *other) != base).any()


def test_draws_are_pinned():
    """Literal values: a change here breaks the resumption of old runs."""
    assert list(order.permutation(6, 7, order.EPOCH_ORDER, 2)) == [
        1,
        4,
        2,
        0,
        3,
        5,
    ]
    draws = order.uniforms(3, 7, order.AUGMENTATION, 123456789012)
    np.testing.assert_array_equal(
        draws, [0.4610506466116665, 0.6620544477350204, 0.3251280581101673]
    )
    assert order.hash_fraction("bento_0001.webp") == 0.11765193643326322


def test_uniforms_fill_the_unit_interval():
    values = order.uniforms(10_000, 0, order.AUGMENTATION, 0)
    assert 0 <= values.min() < 0.001 and 0.999 < values.max() < 1
    assert abs(values.mean() - 0.5) < 0.01


def test_validation_share_and_stability():
    names = [f"photo_{index:05d}.webp" for index in range(4000)]
    tenth = {name for name in names if order.in_validation(name, 0.1)}
    fifth = {name for name in names if order.in_validation(name, 0.2)}
    assert 320 < len(tenth) < 480
    assert tenth < fifth  # raising the share moves no image back to training
    assert order.in_validation("ä.png", 0.5) == order.in_validation(
        "ä.png".encode(), 0.5
    )
    assert not any(order.in_validation(name, 0.0) for name in names)
