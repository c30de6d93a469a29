"""What holds for all models: config, outputs, coding steps, training."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcodec.models import MODELS
from tfcodec.models import CodecModel
from tfcodec.ops import ms_ssim

KINDS = tuple(MODELS)
ARTICLES = ("cnn-plain", "cnn-pool", "cnn-pool-dense", "deconvnet")
QUALITY = np.array([30.0, 90.0], np.float32)


@pytest.fixture(scope="module", params=KINDS)
def model(request, make_model):
    return make_model(request.param)


def assert_same(a, b):
    np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_config_round_trip(model, make_model):
    config = model.get_config()
    again = type(model).from_config(config)
    assert again.get_config() == config
    changed = make_model(
        model.name, lmbda_min=0.01, lmbda_max=0.02, rate_balance=0.25, seed=5
    ).get_config()
    assert changed["lmbda_min"] == 0.01 and changed["rate_balance"] == 0.25
    again.build()
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]


def test_outputs(model, images):
    inputs = {"image": images, "quality": QUALITY}
    for training in (False, True):
        out = model(inputs, training=training)
        assert out.x_hat.shape == images.shape
        assert out.y_bits.shape == out.z_bits.shape == (2,)
        for value in out:
            assert keras.backend.standardize_dtype(value.dtype) == "float32"
            assert np.isfinite(value).all()
        assert_same(out.quality, QUALITY)
        assert (np.asarray(out.z_bits) > 0).all()
        is_second = hasattr(model, "scale_network")
        assert (np.asarray(out.y_bits) > 0).all() == is_second
    # Rounding draws nothing; noise does.
    assert_same(model(inputs).y_bits, model(inputs).y_bits)
    noisy = [np.asarray(model(inputs, training=True).z_bits) for _ in range(2)]
    assert (noisy[0] != noisy[1]).all()


def test_quality_is_drawn_in_training_and_50_otherwise(model, images):
    assert_same(model(images).quality, [50, 50])
    drawn = np.concatenate(
        [model(images, training=True).quality for _ in range(8)]
    )
    assert (drawn >= 1).all() and (drawn <= 100).all()
    assert len(np.unique(drawn)) == 16 and np.ptp(drawn) > 30


def test_batch_entries_do_not_mix(model, images):
    out = model({"image": images, "quality": QUALITY})
    for i in range(2):
        one = slice(i, i + 1)
        alone = model({"image": images[one], "quality": QUALITY[one]})
        np.testing.assert_allclose(
            alone.x_hat[0], out.x_hat[i], rtol=1e-3, atol=0.1
        )
        np.testing.assert_allclose(alone.z_bits[0], out.z_bits[i], rtol=1e-4)


@pytest.mark.parametrize("size", [(48, 80), (16, 16), (64, 128)])
def test_coding_steps_agree_with_call(model, images, size):
    """Also for latents whose sides are no multiples of 4."""
    x = np.resize(images, (2, *size, 3)).astype(np.float32)
    out = model({"image": x, "quality": QUALITY}, training=False)
    y = model.analyse(x)
    z_hat = model.hyper(y, QUALITY)
    assert_same(z_hat, np.round(z_hat))
    assert np.any(z_hat)
    residual = None
    if hasattr(model, "scale_network"):
        assert z_hat.shape[1:3] == (-(-size[0] // 64), -(-size[1] // 64))
        indexes = model.scale_network(z_hat, QUALITY, y)
        residual = np.asarray(model.residuals(y, z_hat, indexes, QUALITY))
        assert_same(residual, np.round(residual))
        assert (residual != 0).mean() > 0.05
        assert not residual[np.asarray(indexes) == 0].any()
    else:
        assert model.residuals(y, z_hat, None, QUALITY) is None
    x_hat = model.reconstruct(z_hat, residual, QUALITY)
    np.testing.assert_allclose(x_hat, out.x_hat, rtol=1e-4, atol=0.02)


def test_quality_matters(model, images):
    low, high = (
        model({"image": images, "quality": np.full(2, q, np.float32)})
        for q in (1.0, 100.0)
    )
    bits = [float(np.sum(o.y_bits + o.z_bits)) for o in (low, high)]
    assert bits[1] > 1.2 * bits[0]
    gains = np.log(np.asarray(model.gain(np.array([1.0, 100.0]))))
    expected = 0.5 * np.log(model.lmbda_max / model.lmbda_min)
    assert np.diff(gains, axis=0).mean() == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_loss_decreases(make_model, images, kind):
    """Thirty steps of a plain descent: tracing Keras's own takes longer."""
    # The articles' begin at grey, which is better, and have no bypass.
    size, goal = (1e-2, 0.95) if kind in ARTICLES else (2e-3, 0.8)
    model = make_model(kind, lively=False)
    quality = np.array([20.0, 60.0], np.float32)
    inputs = {"image": images, "quality": quality}
    variables = [v.value for v in model.trainable_variables]

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            out = model(inputs, training=True)
            loss = model.compute_loss(x=inputs, y_pred=out)
        for variable, gradient in zip(
            variables, tape.gradient(loss, variables), strict=True
        ):
            variable.assign_sub(size * tf.sign(gradient))
        return loss

    losses = [float(step()) for _ in range(30)]
    assert np.isfinite(losses).all()
    assert np.mean(losses[-5:]) < goal * np.mean(losses[:5])


def test_fit_on_dataset_and_array(make_model, images):
    model = make_model("photo")
    model.compile(optimizer=keras.optimizers.Adam(1e-4), run_eagerly=True)
    for data in (
        tf.data.Dataset.from_tensor_slices(images).batch(2),
        images,
        images.astype(np.float32),
    ):
        history = model.fit(data, shuffle=False, verbose=0).history
        assert set(history) == {"loss", "bpp", "psnr"}
        assert all(np.isfinite(v).all() for v in history.values())
        assert 3 < history["psnr"][0] < 40


def test_loss_is_the_documented_one(model, images):
    inputs = {"image": images, "quality": QUALITY}
    out = model(inputs)
    pixels = images.shape[1] * images.shape[2]
    bpp = np.asarray(out.y_bits + out.z_bits) / pixels
    mse = np.square(np.asarray(out.x_hat) - images).mean(axis=(1, 2, 3))
    ratio = model.lmbda_max / model.lmbda_min
    lmbda = model.lmbda_min * ratio ** ((QUALITY - 1) / 99)
    np.testing.assert_allclose(model.lmbda(QUALITY), lmbda, rtol=1e-5)
    expected = ((bpp + lmbda * mse) * lmbda**-model.rate_balance).mean()
    loss = float(model.compute_loss(x=inputs, y_pred=out))
    assert loss * model.lmbda_max**-model.rate_balance == pytest.approx(
        expected, rel=1e-4
    )


def test_loss_with_ms_ssim(make_model, photograph):
    model = make_model(
        "photo", distortion="ms-ssim", lmbda_min=2.0, lmbda_max=300.0
    )
    image = photograph[None, :176, :192].astype(np.float32)
    inputs = {"image": image, "quality": np.float32([30.0])}
    out = model(inputs)
    bits = float(np.asarray(out.y_bits + out.z_bits)[0])
    similarity = float(ms_ssim(np.asarray(out.x_hat), image)[0])
    lmbda = 2.0 * 150.0 ** (29 / 99)
    expected = bits / (176 * 192) + lmbda * (1 - similarity)
    loss = float(model.compute_loss(x=inputs, y_pred=out))
    assert loss == pytest.approx(expected * (300 / lmbda) ** 0.5, rel=1e-3)


def test_argument_errors(make_model):
    with pytest.raises(ValueError, match="`lmbda_min` must be positive"):
        make_model("factorized", lmbda_min=1.0)
    with pytest.raises(ValueError, match="`distortion` must be"):
        make_model("factorized", distortion="psnr")
    for split in (0, 6):
        with pytest.raises(ValueError, match="`split` must lie between"):
            make_model("photo", split=split)
    assert issubclass(MODELS["photo"], CodecModel)


def test_photo_context_is_causal(make_model, images):
    """A group's residual changes the means of later groups only."""
    model = make_model("photo")
    rng = np.random.default_rng(1)
    z_hat = rng.integers(-3, 4, (1, 1, 2, 4)).astype(np.float32)
    like = np.zeros((1, 3, 5, 6), np.float32)
    step = np.ones(6, np.float32)

    def means(residual):
        return np.asarray(
            model._passes(z_hat, like, step, lambda mu: residual)[1]
        )

    zero = means(like)
    assert (zero != 0).all()
    board = np.indices((3, 5)).sum(axis=0) % 2
    group = np.where(board[..., None] == 0, 0, 1) + 2 * (np.arange(6) >= 2)
    for number in range(4):
        residual = np.where(group == number, 3.0, 0.0)[None]
        changed = means(residual.astype(np.float32)) != zero
        assert not changed[0][group <= number].any()
        for later in range(number + 1, 4):
            # Group 2 and 1 see the first half; 3 sees all before it.
            assert changed[0][group == later].any()


def test_qualities_keep_their_precision_under_mixed_bfloat16(
    make_model, images
):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = make_model("photo")
        quality = np.array([99.7, 12.34], np.float32)
        out = model({"image": images, "quality": quality}, training=True)
    finally:
        keras.config.set_dtype_policy(before)
    assert_same(out.quality, quality)
    exact = make_model("photo")({"image": images, "quality": quality})
    difference = np.asarray(out.x_hat) - np.asarray(exact.x_hat)
    assert np.abs(difference).mean() < 0.05 * np.std(exact.x_hat)
