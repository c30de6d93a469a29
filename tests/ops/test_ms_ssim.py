"""MS-SSIM for training: values, range and gradients."""

import numpy as np
import pytest
import tensorflow as tf

from tfcodec.evaluation.ms_ssim import ms_ssim as exact
from tfcodec.ops import ms_ssim


@pytest.fixture(scope="module")
def pictures(photograph):
    return photograph[:192, :208]


@pytest.mark.parametrize("deviation", [1.0, 5.0, 30.0])
def test_is_that_of_the_evaluation(pictures, deviation):
    noise = np.random.default_rng(0).normal(0, deviation, pictures.shape)
    noisy = np.clip(np.rint(pictures + noise), 0, 255).astype(np.uint8)
    batches = [x[None].astype(np.float32) for x in (pictures, noisy)]
    assert float(ms_ssim(*batches)[0]) == pytest.approx(
        exact(pictures, noisy), abs=2e-5
    )


def test_one_value_per_image(pictures):
    a = np.stack([pictures, pictures]).astype(np.float32)
    b = a.copy()
    b[1] = 255 - b[1]
    same, inverted = np.asarray(ms_ssim(a, b))
    assert same == pytest.approx(1, abs=1e-5)
    assert inverted < 0.2


def test_gradients_are_finite_and_lead_to_the_image(pictures):
    image = tf.constant(pictures[None], tf.float32)
    for start in (image + 20.0, 255.0 - image, tf.zeros_like(image)):
        with tf.GradientTape() as tape:
            tape.watch(start)
            value = ms_ssim(image, start)
        slope = tape.gradient(value, start)
        assert np.isfinite(slope).all()
    noise = tf.random.stateless_normal(image.shape, (1, 2), stddev=20.0)
    with tf.GradientTape() as tape:
        tape.watch(noise)
        value = ms_ssim(image, image + noise)
    slope = tape.gradient(value, noise)
    step = 0.1 * slope * tf.norm(noise) / tf.norm(slope)
    better = ms_ssim(image, image + noise + step)
    assert float(better[0]) > float(value[0]) + 0.005
