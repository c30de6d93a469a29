"""The differentiable cost is the real one, in the limit, and its gradient."""

import keras
import numpy as np
import pytest

from tfcodec.coding import code_length
from tfcodec.refine.relaxation import Relaxation
from tfcodec.refine.relaxation import soft_round

QUALITY = np.array([60.0], np.float32)


@pytest.mark.parametrize("sharpness", [0.01, 2.0, 50.0])
def test_soft_round(sharpness):
    x = np.array([-1.0, -0.75, -0.1, 0.0, 0.3, 0.5, 0.9, 7.0], np.float32)
    below, fraction = soft_round(x, np.float32(sharpness))
    np.testing.assert_array_equal(below, np.floor(x))
    assert (np.asarray(fraction) >= 0).all()
    assert (np.asarray(fraction) <= 1).all()
    out = np.asarray(below) + np.asarray(fraction)
    assert out[5] == pytest.approx(0.5)
    limit = {0.01: x, 50.0: np.where(x == 0.5, 0.5, np.rint(x))}
    if sharpness in limit:
        np.testing.assert_allclose(out, limit[sharpness], atol=1e-4)


@pytest.fixture(scope="module")
def case(tiny_codec, photograph):
    """An encoder, its symbols, and arguments of the relaxation for these."""
    encoder = tiny_codec.encoder(photograph[100:164, 200:264])
    z, residual, indexes = encoder.symbols(60)
    model = tiny_codec.model
    gain = keras.ops.convert_to_numpy(model.gain(QUALITY))
    y = keras.ops.convert_to_numpy(encoder._y) * gain
    arguments = [
        y,
        z[None].astype(np.float32),
        encoder.batch,
        np.ones((1, 64, 64, 1), np.float32),
        QUALITY,
        np.float32(model.lmbda(60.0)),
        np.float32(60.0),
    ]
    return encoder, arguments


def test_sharp_cost_is_the_real_one(tiny_codec, case):
    encoder, arguments = case
    relaxation = Relaxation(tiny_codec.model, tiny_codec.coding.tables)
    bits = sum(
        code_length(values, rows, tiny_codec.coding.tables)
        for values, rows in encoder.segments(60)
    )
    assert bits > 500
    without_error = [*arguments]
    without_error[5] = np.float32(0)
    assert float(relaxation(*without_error)) == pytest.approx(bits, rel=0.02)
    decoded = tiny_codec.decompress(encoder.encode(60))
    error = np.square(decoded.astype(float) - encoder.image).sum() / 3
    expected = bits + float(arguments[5]) * error
    assert float(relaxation(*arguments)) == pytest.approx(expected, rel=0.03)


def test_pixels_outside_do_not_count(tiny_codec, case):
    relaxation = Relaxation(tiny_codec.model, tiny_codec.coding.tables)
    arguments = [*case[1]]
    whole = float(relaxation(*arguments))
    arguments[3] = arguments[3].copy()
    arguments[3][:, 32:] = 0
    half = float(relaxation(*arguments))
    arguments[2] = arguments[2].copy()
    arguments[2][:, 32:] = 0
    assert half < whole
    assert float(relaxation(*arguments)) == pytest.approx(half)


def test_gradient_is_the_slope(latents):
    """Of y at a fixed z, against finite differences."""
    from tfcodec.backend import compiled_gradient

    codec, y, *others, shapes = latents
    relaxation = Relaxation(codec.model, codec.coding.tables)
    rest = (*others, QUALITY, np.float32(0.05), np.float32(1.5))
    shapes = (*shapes, (1,), (), ())
    compiled = compiled_gradient(relaxation, codec.model, shapes, 1)
    slope = keras.ops.convert_to_numpy(compiled(y, *rest)[0])
    direction = slope / np.linalg.norm(slope)
    ahead, behind = (
        float(relaxation(y + sign * 0.02 * direction, *rest))
        for sign in (1, -1)
    )
    assert (ahead - behind) / 0.04 == pytest.approx(
        np.linalg.norm(slope), rel=0.1
    )
