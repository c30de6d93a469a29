"""Fine-tuning a preset in Keras, and presets of one's own."""

import pathlib
import shutil
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

import tfcodec
from tfcodec.codec import Codec
from tfcodec.errors import TfcodecError
from tfcodec.training.crop_batches import CropBatches

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def codec(tiny_preset):
    """The tiny preset, to be trained on."""
    loaded = tfcodec.load(tiny_preset)
    loaded.compile(optimizer=keras.optimizers.Adam(1e-3))
    return loaded


@pytest.fixture(scope="module")
def train(crops):
    return CropBatches(
        crops, batch_size=2, crop=32, validation_fraction=0, seed=3
    )


@pytest.fixture(scope="module")
def validation(crops):
    return CropBatches(
        crops,
        "validation",
        batch_size=4,
        crop=48,
        validation_fraction=0.9,
        seed=4,
    )


def values(variables):
    return [keras.ops.convert_to_numpy(v).copy() for v in variables]


def are_equal(first, second):
    return all((a == b).all() for a, b in zip(first, second, strict=True))


def test_fit_with_callbacks_then_a_preset(
    codec, tiny_codec, train, validation, crops, tmp_path
):
    best = str(tmp_path / "best.weights.h5")
    history = codec.fit(
        train,
        validation_data=validation,
        epochs=3,
        verbose=0,
        callbacks=[
            keras.callbacks.EarlyStopping(patience=2),
            keras.callbacks.ModelCheckpoint(
                best, save_best_only=True, save_weights_only=True
            ),
            keras.callbacks.TensorBoard(str(tmp_path / "board")),
        ],
    ).history
    assert {"loss", "bpp", "psnr", "val_loss", "val_bpp", "val_psnr"} <= set(
        history
    )
    assert np.isfinite(history["val_loss"]).all()
    assert any((tmp_path / "board").rglob("events*"))
    codec.load_weights(best)
    with pytest.raises(ValueError, match="changed.*`save_preset"):
        codec.compress(crops[0])
    mine = codec.save_preset(tmp_path / "mine", images=crops[:2])
    again = tfcodec.load(tmp_path / "mine")
    assert mine.preset.name == again.preset.name == "mine"
    data = mine.compress(crops[0], 80)
    assert again.compress(crops[0], 80) == data
    np.testing.assert_array_equal(again.decompress(data), mine.decompress(data))
    with pytest.raises(tfcodec.BitstreamError, match="other tables"):
        tiny_codec.decompress(data)


def test_an_adapted_encoder_writes_files_for_the_old_decoder(
    codec, tiny_codec, train, crops, tmp_path
):
    for layer in codec.decoder_layers:
        layer.trainable = False
    parts = (codec.model.analysis, codec.model.hyper_analysis)
    before = [values(part.weights) for part in parts]
    kept = values(codec.model.decoder_weights)
    codec.fit(train, epochs=1, verbose=0)
    assert are_equal(kept, values(codec.model.decoder_weights))
    for old, part in zip(before, parts, strict=True):
        assert not are_equal(old, values(part.weights))
    data = codec.compress(crops[1], 70)
    assert data != tiny_codec.compress(crops[1], 70)
    np.testing.assert_array_equal(
        tiny_codec.decompress(data), codec.decompress(data)
    )
    # A Keras file keeps what is trained, and whose files it writes.
    codec.save(tmp_path / "mine.keras")
    loaded = keras.saving.load_model(tmp_path / "mine.keras")
    assert loaded.compress(crops[1], 70) == data
    change(loaded.model.synthesis)
    with pytest.raises(ValueError, match="decoder have changed"):
        loaded.compress(crops[1], 70)


def change(layer):
    kernel = layer.weights[0]
    kernel.assign(kernel + 0.1)


def test_another_synthesis_is_another_model(codec, tiny_codec, crops):
    """Though the tables are those of before."""
    before = codec.coding
    change(codec.model.synthesis)
    with pytest.raises(ValueError, match="decoder have changed"):
        codec.compress(crops[0])
    codec.freeze()
    assert codec.coding.tables.digest() == before.tables.digest()
    assert codec.coding.network.digest() == before.network.digest()
    with pytest.raises(tfcodec.BitstreamError, match="other tables"):
        tiny_codec.decompress(codec.compress(crops[0]))


def test_only_encoders_have_an_analysis(make_model):
    for kind in ("factorized", "hyperprior", "photo"):
        codec = Codec(make_model(kind))
        names = {layer.name for layer in codec.decoder_layers}
        assert {"synthesis", "bottleneck", "gain"} <= names
        assert not names & {"analysis", "hyper_analysis"}
        of_layers = {
            id(weight)
            for layer in codec.decoder_layers
            for weight in layer.weights
        }
        found = codec.model.decoder_weights
        assert of_layers <= {id(w) for w in found}
        assert {id(w) for w in found if w.trainable} <= of_layers


def test_evaluation_covers_the_rates(codec, validation):
    first, again = (
        codec.evaluate(validation, verbose=0, return_dict=True)
        for _ in range(2)
    )
    assert first == again
    found = []
    for low, high in ((1, 40), (60, 100)):
        image = validation[0]
        quality = np.linspace(low, high, len(image)).astype(np.float32)
        inputs = {"image": image, "quality": quality}
        found.append(
            codec.evaluate(inputs, batch_size=4, verbose=0, return_dict=True)
        )
    assert found[0]["bpp"] < first["bpp"] < found[1]["bpp"]


def test_mixed_precision(tiny_preset, train, crops, tmp_path, float32_after):
    keras.config.set_dtype_policy("mixed_bfloat16")
    codec = tfcodec.load(tiny_preset)
    codec.compile(optimizer=keras.optimizers.Adam(1e-3))
    codec.fit(train, epochs=1, verbose=0)
    mine = codec.save_preset(tmp_path / "mine")
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    keras.config.set_dtype_policy("float32")
    data = mine.compress(crops[0], 60)
    assert tfcodec.load(tmp_path / "mine").compress(crops[0], 60) == data


def test_presets_are_not_overwritten_unasked(codec, tiny_preset, tmp_path):
    folder = tmp_path / "mine-2"
    codec.save_preset(folder)
    (folder / "graph.npz").write_bytes(b"of another preset")
    kept = (folder / "preset.json").read_bytes()
    with pytest.raises(TfcodecError, match="mine-2 has a preset in it"):
        codec.save_preset(folder, "theirs")
    assert (folder / "preset.json").read_bytes() == kept
    assert codec.save_preset(folder, "my-3", overwrite=True).preset == (
        tfcodec.presets.find(folder)
    )
    assert tfcodec.presets.find(folder).family == "my"
    assert not (folder / "graph.npz").exists()


def test_weights_of_another_preset_are_refused(codec, tmp_path):
    codec.save_preset(tmp_path / "first")
    change(codec.model.synthesis)
    codec.save_preset(tmp_path / "second")
    shutil.copy(tmp_path / "first/weights.npz", tmp_path / "second")
    with pytest.raises(TfcodecError, match="second are not of the same"):
        tfcodec.load(tmp_path / "second")


def test_batches_of_an_epoch(crops, train):
    assert len(train) == 5  # nine crops, two in a batch
    batches = CropBatches(
        crops, batch_size=2, crop=32, validation_fraction=0, seed=3
    )
    first = [batches[i] for i in range(5)]
    assert first[0].shape == (2, 32, 32, 3) and first[0].dtype == np.uint8
    batches.on_epoch_end()
    second = [batches[i] for i in range(5)]
    assert not are_equal(first, second)
    later = CropBatches(
        crops,
        first_epoch=1,
        batch_size=2,
        crop=32,
        validation_fraction=0,
        seed=3,
    )
    assert are_equal(second, [later[i] for i in range(5)])
    with pytest.raises(IndexError):
        batches[5]


def test_validation_batches_stay(tmp_path, crops):
    from PIL import Image

    for number, crop in enumerate(crops):
        Image.fromarray(crop).save(tmp_path / f"{number}.png")
    settings = {"batch_size": 2, "crop": 32, "validation_fraction": 0.5}
    batches = CropBatches(tmp_path, "validation", **settings)
    first = [batches[i] for i in range(len(batches))]
    batches.on_epoch_end()
    assert are_equal(first, [batches[i] for i in range(len(batches))])
    rest = CropBatches(str(tmp_path), "train", **settings)
    both = len(batches) + len(rest)
    assert both in (5, 6)  # nine images, two in a batch


def test_bad_sources_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        CropBatches(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="smaller than the crop"):
        CropBatches(
            [np.zeros((8, 8, 3), np.uint8)], crop=16, validation_fraction=0
        )


@pytest.mark.slow  # XLA compiles the training step
def test_on_jax(jax_environment, tiny_preset, crops, tmp_path):
    pytest.importorskip("jax")
    np.save(tmp_path / "crops.npy", np.stack(crops))
    code = f"""
        import keras, numpy as np, tfcodec
        from tfcodec.training.crop_batches import CropBatches
        assert keras.config.backend() == "jax"
        crops = list(np.load({str(tmp_path / "crops.npy")!r}))
        batches = CropBatches(
            crops, batch_size=4, crop=32, validation_fraction=0
        )
        codec = tfcodec.load({str(tiny_preset)!r})
        codec.compile(optimizer=keras.optimizers.Adam(1e-3))
        log = codec.fit(batches, validation_data=batches, verbose=0).history
        assert np.isfinite(log["val_loss"][0]) and log["val_bpp"][0] > 0
        codec.save_preset({str(tmp_path / "mine")!r})
        print("done")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        env=jax_environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "done\n", done.stderr
    mine = tfcodec.load(tmp_path / "mine")
    assert mine.decompress(mine.compress(crops[0])).shape == crops[0].shape
