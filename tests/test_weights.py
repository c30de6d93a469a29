"""Weights files: exact in float32, checked, written whole or not at all."""

import keras
import numpy as np
import pytest

from tfcodec import TfcodecError
from tfcodec import weights


def make_model(units=4, seed=0, name="model"):
    keras.utils.set_random_seed(seed)
    layers = [
        keras.layers.Dense(units, name=f"{name}_first"),
        keras.layers.Dropout(0.5, seed=3),
        keras.layers.Dense(2, name=f"{name}_second"),
    ]
    model = keras.Sequential(layers)
    model.build((None, 3))
    for weight in model.weights:
        value = np.random.default_rng(seed).normal(size=weight.shape)
        weight.assign(value.astype(np.float32))
    return model


def values(model):
    return [keras.ops.convert_to_numpy(w) for w in model.weights]


def test_names_depend_on_structure_only(tmp_path):
    path = tmp_path / "weights.npz"
    source, target = make_model(name="a"), make_model(seed=1, name="b")
    assert weights.variable_keys(source.weights) == [
        "000.kernel",
        "001.bias",
        "002.kernel",
        "003.bias",
    ]
    weights.save_weights(path, source, "float32")
    weights.load_weights(path, target)
    for a, b in zip(values(source), values(target), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [p.name for p in tmp_path.iterdir()] == ["weights.npz"]


def test_float16_is_what_a_preset_stores(tmp_path):
    path = tmp_path / "weights.npz"
    source, target = make_model(), make_model(seed=1)
    weights.save_weights(path, source)
    found = weights.read_npz(path)
    assert {value.dtype for value in found.values()} == {np.dtype("f2")}
    assert list(weights.read_npz(path, {"001.bias"})) == ["001.bias"]
    weights.load_weights(path, target)
    for a, b in zip(values(source), values(target), strict=True):
        np.testing.assert_array_equal(a.astype(np.float16), b)


def test_float16_in_planes_of_bytes(tmp_path):
    """Smaller than arrays of float16, which are read as well."""
    planes, plain = tmp_path / "planes.npz", tmp_path / "plain.npz"
    source, target = make_model(units=5000), make_model(units=5000, seed=1)
    for weight in source.weights:  # 8 bits after the leading one
        bits = np.asarray(weight).astype("<f2").view("<u2") & 0xFFFC
        weight.assign(bits.view("<f2").astype("f4"))
    weights.save_weights(planes, source)
    np.savez_compressed(plain, **weights.read_npz(planes))
    with np.load(planes) as file:
        assert file["000.kernel.planes"].shape == (2, 3, 5000)
    assert planes.stat().st_size < 0.97 * plain.stat().st_size
    for path in (planes, plain):
        weights.load_weights(path, target)
        for a, b in zip(values(source), values(target), strict=True):
            np.testing.assert_array_equal(a.astype(np.float16), b)


def test_damaged_planes(tmp_path):
    path = tmp_path / "weights.npz"
    weights.save_weights(path, make_model())
    with np.load(path) as file:
        arrays = dict(file)
    for damaged in (np.zeros((4, 3, 4), "u1"), np.zeros((2, 3, 4), "f2")):
        np.savez(path, **{**arrays, "000.kernel.planes": damaged})
        with pytest.raises(TfcodecError, match="bytes of float16"):
            weights.load_weights(path, make_model())


@pytest.mark.parametrize(
    "spoil, match",
    [
        (lambda a: a.pop("001.bias"), "holds 3 variables, the model has 4"),
        (lambda a: a.update(more=np.zeros(1)), "first difference: .'more'"),
        (
            lambda a: a.update({"000.kernel": np.zeros((3, 5))}),
            r"000.kernel has shape \(3, 5\), the model wants \(3, 4\)",
        ),
    ],
)
def test_files_of_another_model_change_nothing(tmp_path, spoil, match):
    model = make_model()
    before = values(model)
    arrays = {
        key: np.full(w.shape, 9.0)
        for key, w in zip(
            weights.variable_keys(model.weights), model.weights, strict=True
        )
    }
    spoil(arrays)
    path = tmp_path / "weights.npz"
    np.savez(path, **arrays)
    with pytest.raises(TfcodecError, match=match) as error:
        weights.load_weights(path, model)
    assert str(path) in str(error.value)
    for a, b in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"PK\x03\x04 nearly a zip", None]
)
def test_damaged_files(tmp_path, content):
    path = tmp_path / "weights.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TfcodecError, match="Cannot read .*weights.npz"):
        weights.load_weights(path, make_model())


def test_a_single_array_is_no_weights_file(tmp_path):
    path = tmp_path / "weights.npz"
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(TfcodecError, match="Cannot read"):
        weights.load_weights(path, make_model())


def test_every_truncation_is_an_error(tmp_path):
    path = tmp_path / "weights.npz"
    model = make_model()
    weights.save_weights(path, model)
    data = path.read_bytes()
    for length in range(0, len(data), 41):
        path.write_bytes(data[:length])
        with pytest.raises(TfcodecError, match="Cannot read"):
            weights.load_weights(path, model)
    path.write_bytes(data)
    weights.load_weights(path, model)


def test_flipped_bytes_are_an_error_or_harmless(tmp_path):
    path = tmp_path / "weights.npz"
    weights.save_weights(path, make_model())
    data = path.read_bytes()
    model = make_model()
    before = values(model)
    weights.load_weights(path, model)
    loaded = values(model)
    for place in range(0, len(data), 13):
        damaged = bytearray(data)
        damaged[place] ^= 0x55
        path.write_bytes(damaged)
        for weight, value in zip(model.weights, before, strict=True):
            weight.assign(value)
        try:
            weights.load_weights(path, model)
        except TfcodecError:
            continue
        for a, b in zip(loaded, values(model), strict=True):
            np.testing.assert_array_equal(a, b)


def test_state_has_seeds_but_no_metrics():
    model = make_model()
    model.compile(loss="mse", metrics=["mae"])
    model.train_on_batch(np.ones((2, 3)), np.ones((2, 2)))
    paths = [v.path for v in weights.state_variables(model)]
    assert sum("seed_generator_state" in path for path in paths) == 1
    assert len(paths) == 5
