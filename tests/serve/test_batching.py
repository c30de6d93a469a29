"""Requests that run as one."""

import concurrent.futures
import types

import numpy as np
import pytest

from tfcodec.serve.batching import Batcher
from tfcodec.serve.status import StatusError


class Doubling:
    """A servable that remembers the sizes of its batches."""

    name, version = "double", 1

    def __init__(self):
        self.sizes = []

    def predict(self, signature_name, inputs):
        x = inputs["x"]
        self.sizes.append(len(x))
        if (x < 0).any():
            raise ValueError("negative")
        return {"y": 2 * x, "sum": x.sum(axis=1)}


def ask(batcher, servable, arrays):
    """The outputs or errors of requests that come at the same time."""

    def one(x):
        try:
            return batcher(servable, "s", {"x": x})
        except Exception as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(len(arrays)) as pool:
        return list(pool.map(one, arrays))


def test_requests_share_a_batch_and_get_their_own_rows():
    servable = Doubling()
    rows = [np.full((i, 2), i) for i in (1, 2, 3, 2)]
    outputs = ask(Batcher(8, 60), servable, rows)
    assert servable.sizes == [8]
    for x, output in zip(rows, outputs, strict=True):
        assert (output["y"] == 2 * x).all()
        assert output["sum"].shape == (len(x),)


def test_a_batch_waits_only_so_long():
    servable = Doubling()
    (output,) = ask(Batcher(8, 0.01), servable, [np.ones((1, 2))])
    assert servable.sizes == [1]
    assert (output["y"] == 2).all()


def test_a_request_that_does_not_fit_begins_the_next():
    servable = Doubling()
    outputs = ask(Batcher(3, 0.2), servable, [np.ones((2, 2))] * 4)
    assert servable.sizes == [2] * 4
    assert all(len(output["y"]) == 2 for output in outputs)


def test_shapes_do_not_mix():
    servable = Doubling()
    outputs = ask(Batcher(4, 0.2), servable, [np.ones((2, n)) for n in (1, 2)])
    assert servable.sizes == [2, 2]
    assert sorted(output["y"].shape[1] for output in outputs) == [1, 2]


def test_one_error_is_that_of_all():
    rows = [np.full((1, 2), i) for i in (-1, 1)]
    first, second = ask(Batcher(2, 60), Doubling(), rows)
    assert str(first) == str(second) == "negative"


def test_what_cannot_be_batched():
    batcher = Batcher(2, 0.01)
    servable = Doubling()
    with pytest.raises(StatusError, match="Task size 3 is larger"):
        batcher(servable, "s", {"x": np.ones((3, 2))})
    with pytest.raises(StatusError, match="equal 0th-dimension"):
        batcher(servable, "s", {"x": np.ones((1, 2)), "z": np.ones(2)})
    with pytest.raises(StatusError, match="equal 0th-dimension"):
        batcher(servable, "s", {"x": np.float32(1)})
    scalar = types.SimpleNamespace(
        name="s", version=1, predict=lambda name, inputs: {"y": np.float32(1)}
    )
    with pytest.raises(StatusError, match="cannot be split") as info:
        batcher(scalar, "s", {"x": np.ones((1, 2))})
    assert info.value.code == "FAILED_PRECONDITION"


def test_behind_a_server(running, models):
    with running(models, predict=Batcher(4, 0.01)) as client:
        body = {"signature_name": "values", "inputs": {}}
        body["inputs"] = {"x": [[5, 10]], "flag": [True], "count": [7]}
        status, value = client.predict(body)
        assert (status, value["outputs"]["y"]) == (200, [[1, 2]])
