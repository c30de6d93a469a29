"""One crop: geometry, scaling, colour, and draws that stay independent."""

import numpy as np
import pytest

from tfcodec.training.data.augment import NUM_DRAWS
from tfcodec.training.data.augment import jitter_colour
from tfcodec.training.data.augment import random_crop
from tfcodec.training.data.config import DataConfig

MIDDLE = np.full(NUM_DRAWS, 0.6)  # no flips, hardly any jitter


def coordinates(height, width):
    """An image whose red is the row, green the column."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.arange(height)[:, None]
    image[..., 1] = np.arange(width)
    return image


def config(**changes):
    return DataConfig("memory", **{"crop": 8, "flip": False, **changes})


@pytest.mark.parametrize(
    ("draw", "first"), [(0.0, (0, 0)), (0.9999, (12, 22)), (0.5, (6, 11))]
)
def test_crop_reaches_both_borders(draw, first):
    draws = MIDDLE.copy()
    draws[1:3] = draw
    crop = random_crop(coordinates(20, 30), config(), draws)
    assert crop.shape == (8, 8, 3)
    assert tuple(crop[0, 0, :2]) == first
    assert tuple(crop[7, 7, :2]) == (first[0] + 7, first[1] + 7)


def test_flips_mirror_the_same_crop():
    image, draws = coordinates(20, 30), np.full(NUM_DRAWS, 0.3)
    plain = random_crop(image, config(), draws)
    flipped = random_crop(image, config(flip=True), draws)
    both = random_crop(image, config(flip=True, flip_vertical=True), draws)
    np.testing.assert_array_equal(flipped, plain[:, ::-1])
    np.testing.assert_array_equal(both, plain[::-1, ::-1])


def test_scale_takes_a_larger_square_and_shrinks_it():
    image, draws = coordinates(40, 40), MIDDLE.copy()
    draws[:3] = 0.999
    crop = random_crop(image, config(scale_min=0.25), draws)
    assert crop.shape == (8, 8, 3)
    # 32 source pixels onto 8: the rows of the crop lie four apart.
    assert np.abs(np.diff(crop[:, 0, 0].astype(int))[1:-1] - 4).max() <= 1
    assert crop[0, 0, 0] >= 8


def test_scale_takes_a_smaller_square_and_enlarges_it():
    image, draws = 6 * coordinates(40, 40), MIDDLE.copy()
    draws[:3] = 0.0
    crop = random_crop(image, config(scale_min=0.5, scale_max=2), draws)
    assert crop.shape == (8, 8, 3)
    # 4 source pixels of 6 levels onto 8: the rows lie three levels apart.
    assert np.abs(np.diff(crop[2:6, 0, 0].astype(int)) - 3).max() <= 1
    assert crop.max() <= 6 * 4


def test_scale_is_limited_by_the_image():
    draws = np.full(NUM_DRAWS, 0.999)
    crop = random_crop(coordinates(9, 40), config(scale_min=0.1), draws)
    assert crop.shape == (8, 8, 3)


def test_scaling_down_does_not_alias():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    draws = np.full(NUM_DRAWS, 0.999)
    crop = random_crop(stripes, config(scale_min=0.25), draws)
    assert np.abs(crop[1:-1, 1:-1].astype(int) - 128).max() < 25


def test_colour_factors():
    image = np.array([[[100, 100, 100], [50, 100, 150]]], np.uint8)
    np.testing.assert_array_equal(jitter_colour(image, 1, 1, 1), image)
    brighter = jitter_colour(image, 1.1, 1, 1)
    np.testing.assert_array_equal(brighter[0, 1], [55, 110, 165])
    grey = jitter_colour(image, 1, 1, 0)
    assert np.ptp(grey[0, 1]) == 0
    flat = jitter_colour(image, 1, 0, 1)
    assert np.ptp(flat) == 0
    assert jitter_colour(image, 5, 1, 1).max() == 255  # clipped, not wrapped


def test_colour_leaves_the_geometry_alone():
    image, draws = coordinates(20, 30) * 2 + 60, np.full(NUM_DRAWS, 0.4)
    plain = random_crop(image, config(flip=True), draws)
    mild = random_crop(image, config(flip=True, colour=1e-6), draws)
    strong = random_crop(image, config(flip=True, colour=0.3), draws)
    np.testing.assert_array_equal(plain, mild)
    assert (plain != strong).any()
