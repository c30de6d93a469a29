"""From a checkpoint to a preset that loads by its path."""

import json
import shutil

import keras
import numpy as np
import pytest

import tfcodec
from tfcodec import presets
from tfcodec.coding import code_length
from tfcodec.entropy.build_tables import build_network
from tfcodec.training import freeze
from tfcodec.training.validate import averaged_weights
from tfcodec.training.validate import running_averages


@pytest.fixture(scope="module")
def config_file(run, settings, pack, tmp_path_factory):
    import yaml

    data = {**settings["data"], "source": f"memory:{pack}"}
    path = tmp_path_factory.mktemp("config") / "run.yaml"
    path.write_text(yaml.safe_dump({**settings, "data": data}))
    return path


def test_freeze_then_load_and_compress(
    run, config_file, tmp_path, capsys, crops, float32_after
):
    output = tmp_path / "mine-3"
    arguments = ["--run", str(run.folder), "--config", str(config_file)]
    arguments += ["--name", "mine-3", "--output", str(output)]
    assert freeze.main(arguments) == 0
    printed = capsys.readouterr().out
    settings = json.loads((output / "preset.json").read_text())
    assert settings["name"] == "mine-3" and settings["family"] == "mine"
    assert settings["identifier"] == presets.UNREGISTERED
    assert settings["training"]["steps"] == 20
    assert f"step 20, {4 + 64} tables" in printed
    assert settings["model_hash"] in printed
    codec = tfcodec.load(output)
    assert codec.coding.model_hash.hex() == settings["model_hash"]
    for quality in (5, 95):
        data = codec.compress(crops[0], quality)
        assert codec.decompress(data).shape == crops[0].shape
    # The weights are the running averages, not the last step's.
    model = run.model
    last = [keras.ops.convert_to_numpy(w) for w in model.weights]
    with averaged_weights(model):
        average = [keras.ops.convert_to_numpy(w) for w in model.weights]
    assert any((a != b).any() for a, b in zip(last, average, strict=True))
    for stored, value in zip(codec.model.weights, average, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(stored), value.astype(np.float16)
        )


def test_calibrated_tables_follow_what_is_coded(
    run, config_file, tmp_path, crops, float32_after
):
    output = tmp_path / "mine-4"
    arguments = ["--run", str(run.folder), "--config", str(config_file)]
    arguments += ["--name", "mine-4", "--output", str(output)]
    assert freeze.main(arguments) == 0
    plain = tfcodec.load(output)
    assert freeze.main([*arguments, "--calibrate", "6"]) == 0
    calibrated = tfcodec.load(output)
    assert calibrated.coding.model_hash != plain.coding.model_hash
    bits = [
        sum(
            code_length(values, rows, codec.coding.tables)
            for crop in crops
            for quality in (2, 40, 98)
            for values, rows in codec.encoder(crop).segments(quality)
        )
        for codec in (plain, calibrated)
    ]
    assert bits[1] < bits[0]
    data = calibrated.compress(crops[0], 90)
    np.testing.assert_array_equal(
        calibrated.decompress(data),
        plain.decompress(plain.compress(crops[0], 90)),
    )


def test_rounded_kernels(run, config_file, tmp_path, crops, float32_after):
    arguments = ["--run", str(run.folder), "--config", str(config_file)]
    codecs = []
    for name, options in (
        ("mine-5", []),
        ("mine-6", ["--mantissa", "5", "--bits-per-lane", "300"]),
    ):
        output = ["--name", name, "--output", str(tmp_path / name)]
        assert freeze.main([*arguments, *output, *options]) == 0
        codecs.append(tfcodec.load(tmp_path / name))
    assert [codec.bits_per_lane for codec in codecs] == [6000, 300]
    plain, rounded = (codec.model for codec in codecs)
    exact = {w.path for w in rounded.scale_network.weights}
    # The integers are those of the run in float32, and take 8 bits each.
    with averaged_weights(run.model):
        network = build_network(run.model.scale_network)
    layers = codecs[1].coding.network.layers
    for stage, layer, frozen in zip(
        rounded.scale_network.stages, network.layers, layers, strict=True
    ):
        np.testing.assert_array_equal(frozen.kernel, layer.kernel)
        kernel = keras.ops.convert_to_numpy(stage.kernel)
        np.testing.assert_array_equal(kernel * 128, layer.kernel)
    changed = 0
    for old, new in zip(plain.weights, rounded.weights, strict=True):
        old, value = (keras.ops.convert_to_numpy(w) for w in (old, new))
        if new.path in exact and value.ndim == 2:
            continue
        if new.path in exact or value.ndim < 2:
            np.testing.assert_array_equal(value, old)
            continue
        # 5 bits after the leading one; at most half of the last is lost.
        normal = value[np.abs(value) >= 2**-14].astype(np.float16)
        assert not (normal.view(np.uint16) & 31).any()
        np.testing.assert_allclose(value, old, rtol=2**-5.9, atol=2**-24)
        changed += (value != old).sum()
    assert changed > 1000
    sizes = [
        (tmp_path / name / "weights.npz").stat().st_size
        for name in ("mine-5", "mine-6")
    ]
    assert sizes[1] < 0.9 * sizes[0]
    data = codecs[1].compress(crops[0], 60)
    assert codecs[1].decompress(data).shape == crops[0].shape


def test_averages_are_put_back(run):
    before = [keras.ops.convert_to_numpy(w) for w in run.model.weights]
    with pytest.raises(RuntimeError, match="inside"):
        with averaged_weights(run.model):
            raise RuntimeError("inside")
    for weight, value in zip(run.model.weights, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(weight), value)
    for variable, average in running_averages(run.model):
        assert variable.shape == average.shape


def test_errors_are_one_line(run, config_file, tmp_path, capsys):
    shutil.copy(config_file, tmp_path / "run.yaml")
    for arguments in (
        ["--run", str(tmp_path / "nowhere"), "--config", str(config_file)],
        ["--run", str(run.folder), "--config", str(tmp_path / "none.yaml")],
    ):
        arguments += ["--name", "x-1", "--output", str(tmp_path / "out")]
        assert freeze.main(arguments) == 1
        error = capsys.readouterr().err
        assert error.startswith("freeze: ") and error.count("\n") == 1
    assert not (tmp_path / "out" / "preset.json").exists()
