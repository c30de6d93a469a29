"""LiteRT files of other models and for one size, and their metadata and ops."""

import numpy as np
import pytest

from tfcodec.codec import Codec
from tfcodec.export.graph.container_status import ContainerStatus
from tfcodec.export.lite import tflite_file
from tfcodec.export.lite.tflite import export_tflite
from tfcodec.export.lite.tflite_steps import ImageStatus

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "kind",
    ["hyperprior", "factorized", "cnn-pool-dense", "deconvnet"],
)
def test_other_models_go_both_ways(
    make_model, to_tflite, open_tflite, photograph, kind
):
    codec = Codec(make_model(kind)).freeze()
    data = to_tflite(codec, None, 20_000, ["none"])["none"]
    model = tflite_file.read(data)
    names = {
        tflite_file.op_name(model, operator)
        for graph in model.subgraphs
        for operator in graph.operators
    }
    assert "TRANSPOSE_CONV" not in names
    assert "DEPTH_TO_SPACE" in names
    lite = open_tflite(data)
    for size in ((1, 1), (33, 40)):
        image = photograph[: size[0], : size[1]]
        file = lite("compress", pixels=image, quality=np.int32(4000))
        assert file["status"] == 0
        own = codec.compress(image, 40.0)
        for data in (own, file["compressed"].tobytes()):
            compressed = np.frombuffer(data, np.uint8)
            found = lite("decompress", compressed=compressed)
            expected = codec.decompress(data).astype(int)
            assert np.abs(found["pixels"] - expected).max() <= 1


def test_one_size_has_static_shapes(
    make_model, to_tflite, open_tflite, photograph
):
    codec = Codec(make_model("photo")).freeze()
    data = to_tflite(codec, (48, 64), 20_000, ["none"])["none"]
    assert tflite_file.read_metadata(data)["size"] == [48, 64]
    names = {x.signatureKey for x in tflite_file.read(data).signatureDefs}
    assert len(names) == 6  # Tiles would have to be multiples of 64.
    lite = open_tflite(data)
    image = photograph[:48, :64]
    parts = lite("analysis", pixels=image, quality=np.int32(5000))
    assert parts.pop("status") == 0
    blocks = lite("synthesis", quality=np.int32(5000), **parts)["pixels"]
    file = lite("compress", pixels=image, quality=np.int32(5000))
    found = lite("decompress", compressed=file["compressed"])
    assert found["status"] == 0
    np.testing.assert_array_equal(found["pixels"], blocks)
    expected = codec.decompress(file["compressed"].tobytes()).astype(int)
    assert np.abs(found["pixels"] - expected).max() <= 1

    for name, arguments in (
        ("analysis", {"pixels": image}),
        ("synthesis", parts),
    ):
        found = lite(name, quality=np.int32(0), **arguments)
        assert found.pop("status") == ContainerStatus.QUALITY
        assert all(not x.any() for x in found.values())
    other = np.frombuffer(codec.compress(photograph[:32, :64]), np.uint8)
    found = lite("decompress", compressed=other)
    assert found["status"] == ImageStatus.GRID
    assert not found["pixels"].any()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"quantize": "int4"}, "quantize"),
        ({"size": (100, 64)}, "multiples of 16"),
        ({"max_pixels": 0}, "max_pixels"),
    ],
)
def test_wrong_arguments_are_named(make_model, tmp_path, options, message):
    codec = Codec(make_model("photo")).freeze()
    with pytest.raises(ValueError, match=message):
        export_tflite(codec, tmp_path / "a.tflite", **options)
    assert not list(tmp_path.iterdir())


def test_ops_that_are_not_builtin_are_refused():
    import tensorflow as tf

    function = tf.function(tf.linalg.inv, [tf.TensorSpec([2, 2], tf.float32)])
    concrete = function.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.TFLITE_BUILTINS,
        tf.lite.OpsSet.SELECT_TF_OPS,
    ]
    model = tflite_file.read(converter.convert())
    with pytest.raises(ValueError, match="FlexMatrixInverse"):
        tflite_file.check_ops(model)
