"""What an export writes, and what it refuses to write."""

import json
import shutil

import pytest
import tensorflow as tf

from tfcodec.codec import Codec
from tfcodec.errors import TfcodecError
from tfcodec.export.serving import saved_model as module
from tfcodec.export.serving import server_files
from tfcodec.export.serving.op_check import check_ops
from tfcodec.export.serving.op_check import stock_ops
from tfcodec.export.serving.op_check import used_ops
from tfcodec.export.serving.saved_model import export_saved_model


def requests_of(saved_model):
    return saved_model / "assets.extra" / "tf_serving_warmup_requests"


def test_layout(saved_model, tiny_codec):
    folder = saved_model.parents[1]
    assert saved_model == folder / "tiny" / "1"
    assert {path.name for path in folder.iterdir()} == {
        "tiny",
        "models.config",
        "batching_parameters.txt",
    }
    assert requests_of(saved_model).stat().st_size > 1000
    facts = json.loads((saved_model / "assets.extra/tfcodec.json").read_text())
    assert facts["name"] == "tiny" and facts["version"] == 1
    assert facts["model_hash"] == tiny_codec.coding.model_hash.hex()
    assert facts["max_pixels"] == 20_000
    assert "decompress_pixels" in facts["signatures"]


def test_configuration_names_all_models(tmp_path):
    for path in ("photo/1", "photo/2", "other/10", ".hidden/1", "empty/1"):
        (tmp_path / path).mkdir(parents=True)
        if "empty" not in path:
            (tmp_path / path / "saved_model.pb").touch()
    server_files.write(tmp_path)
    text = (tmp_path / "models.config").read_text()
    assert text.count("config {") == 2
    assert text.index('"/models/other"') < text.index('"/models/photo"')
    batching = tmp_path / "batching_parameters.txt"
    batching.write_text("mine")
    server_files.write(tmp_path)
    assert batching.read_text() == "mine"


def test_configuration_is_one_of_the_server(tmp_path):
    pytest.importorskip("tensorflow_serving")
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    (tmp_path / "photo" / "2").mkdir(parents=True)
    (tmp_path / "photo" / "2" / "saved_model.pb").touch()
    server_files.write(tmp_path)
    config = text_format.Parse(
        (tmp_path / "models.config").read_text(),
        model_server_config_pb2.ModelServerConfig(),
    )
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path) == ("photo", "/models/photo")
    assert model.model_version_policy.WhichOneof("policy_choice") == "all"


def test_warm_up_requests_are_requests(saved_model, serve):
    pytest.importorskip("tensorflow_serving")
    from tensorflow_serving.apis import prediction_log_pb2

    names = []
    for record in tf.data.TFRecordDataset(str(requests_of(saved_model))):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        assert log.WhichOneof("log_type") == "predict_log"
        request = log.predict_log.request
        assert request.model_spec.name == "tiny"
        names.append(request.model_spec.signature_name)
        inputs = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
        assert all(len(v) == 1 for v in serve(names[-1], **inputs).values())
    assert {"serving_default", "compress", "decompress"} <= set(names)


def test_a_version_is_never_replaced(saved_model, tiny_codec):
    before = (saved_model / "saved_model.pb").stat().st_mtime_ns
    with pytest.raises(TfcodecError, match="1 is there already: give another"):
        export_saved_model(tiny_codec, saved_model.parents[1])
    assert (saved_model / "saved_model.pb").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "a/b"},
        {"name": ".."},
        {"name": ""},
        {"version": 0},
        {"version": "1"},
        {"max_pixels": 0},
    ],
)
def test_wrong_arguments(tiny_codec, tmp_path, arguments):
    (argument,) = arguments
    with pytest.raises(ValueError, match=f"`{argument}` must"):
        export_saved_model(tiny_codec, tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


def test_nothing_is_left_of_a_failure(make_model, tmp_path, monkeypatch):
    codec = Codec(make_model("factorized")).freeze()

    def fail(folder):
        assert (folder / "saved_model.pb").is_file()
        assert folder.name.startswith(".")
        raise ValueError("an op")

    def one(graph):
        return {"serving_default": graph.tensors.pixels}

    monkeypatch.setattr(module, "signatures", one)
    monkeypatch.setattr(module, "check_ops", fail)
    with pytest.raises(ValueError, match="an op"):
        export_saved_model(codec, tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="call `freeze"):
        export_saved_model(Codec(make_model("factorized")), tmp_path)


def test_all_ops_are_stock(saved_model):
    ops = used_ops(saved_model)
    assert {"Conv2D", "DecodePng", "DecodeJpeg", "EncodePng"} <= ops
    check_ops(saved_model)
    assert len(stock_ops()) > 1000
    assert not {"PyFunc", "EagerPyFunc", "XlaDot"} & stock_ops()


@pytest.mark.parametrize(
    ("function", "op"),
    [(tf.py_function, "EagerPyFunc"), (tf.numpy_function, "PyFunc")],
)
def test_python_in_the_graph_is_refused(tmp_path, function, op):
    @tf.function(autograph=False)
    def inner(x):
        return function(lambda x: x + 1, [x], tf.float32)

    signature = tf.function(
        lambda x: {"y": tf.cond(x > 0, lambda: inner(x), lambda: x)},
        [tf.TensorSpec([], tf.float32, "x")],
        autograph=False,
    )
    tf.saved_model.save(tf.Module(), str(tmp_path / "1"), signature)
    with pytest.raises(ValueError, match=f"stock TensorFlow .* run: {op}"):
        check_ops(tmp_path / "1")


def test_ops_of_other_packages_are_refused(saved_model):
    with pytest.raises(ValueError, match="run: DecodePng, EncodePng"):
        check_ops(saved_model, stock_ops() - {"DecodePng", "EncodePng"})


def test_model_card_comes_along(tiny_codec, tiny_preset, tmp_path, monkeypatch):
    shutil.copytree(tiny_preset, tmp_path / "tiny-7")
    (tmp_path / "tiny-7" / "MODEL_CARD.md").write_text("# A card")
    (tmp_path / "part").mkdir()

    class Preset:
        name, directory = "tiny-7", tmp_path / "tiny-7"

    monkeypatch.setattr(tiny_codec, "preset", Preset)
    module._write_extra(tiny_codec, tmp_path / "part", "x", 7, 10, ["compress"])
    extra = tmp_path / "part" / "assets.extra"
    assert (extra / "MODEL_CARD.md").read_text() == "# A card"
    assert (
        json.loads((extra / "tfcodec.json").read_text())["preset"] == "tiny-7"
    )
