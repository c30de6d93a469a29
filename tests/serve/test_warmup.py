"""Warm-up requests that a SavedModel brings along."""

import pytest

from tfcodec.errors import TfcodecError


class Recorder:
    """The signatures of a servable, and what is asked of it."""

    def __init__(self, servable):
        self.signatures = servable.signatures
        self.calls = []

    def predict(self, name, inputs):
        self.calls.append((name, inputs["x"].tolist()))


@pytest.fixture
def write(tmp_path):
    """Function that writes a file of requests; returns the model's folder."""
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    def write(*calls):
        path = tmp_path / "assets.extra" / "tf_serving_warmup_requests"
        path.parent.mkdir()
        with tf.io.TFRecordWriter(str(path)) as writer:
            for name, value in calls:
                log = prediction_log_pb2.PredictionLog()
                request = log.predict_log.request
                request.model_spec.signature_name = name
                request.inputs["x"].CopyFrom(tf.make_tensor_proto(value))
                writer.write(log.SerializeToString())
        return tmp_path

    return write


def run(models, folder):
    from tfcodec.serve.warmup import warm_up

    recorder = Recorder(models.find("png"))
    warm_up(recorder, folder)
    return recorder.calls


def test_every_request_is_run(models, write):
    folder = write(("total", [1.0, 2.0]), ("raw", [3.0]))
    assert run(models, folder) == [("total", [1, 2]), ("raw", [3])]


def test_a_model_without(models, tmp_path):
    assert run(models, tmp_path) == []


def test_failures_name_the_file(models, write):
    folder = write(("total", [1.0]), ("total", [1]))
    with pytest.raises(TfcodecError, match=f"{folder}.*fails: x is int32"):
        run(models, folder)
    path = folder / "assets.extra" / "tf_serving_warmup_requests"
    path.write_bytes(b"no records" * 10)
    with pytest.raises(TfcodecError, match=f"{path}: warm-up fails: "):
        run(models, folder)
