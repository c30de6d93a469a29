"""REST, over a real socket, against the documentation of TensorFlow Serving."""

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image


def b64(data):
    return {"b64": base64.b64encode(data).decode()}


def pixels(value):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(value["b64"]))))


@pytest.fixture
def image(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_rows_of_one_input(client, png, image):
    """One output stands for itself; rows may be plain or named."""
    for row in (b64(png), {"image_bytes": b64(png)}):
        status, value = client.predict({"instances": [row, row]})
        assert status == 200
        assert list(value) == ["predictions"]
        first, second = value["predictions"]
        assert first == second
        assert (pixels(first) == image).all()


def test_columns_of_one_input(client, png, image):
    for inputs in ([b64(png)], {"image_bytes": [b64(png)]}):
        status, value = client.predict({"inputs": inputs})
        assert status == 200
        (data,) = value["outputs"]
        assert (pixels(data) == image).all()


def test_signature_of_several(client, png, image):
    row = {"image_bytes": b64(png), "quality": 50}
    body = {"signature_name": "compress_quality", "instances": [row]}
    status, value = client.predict(body)
    assert (status, len(value["predictions"])) == (200, 1)
    body = {
        "signature_name": "decompress_pixels",
        "instances": value["predictions"],
    }
    status, value = client.predict(body)
    (row,) = value["predictions"]
    assert (row["height"], row["width"]) == image.shape[:2]
    assert (np.array(row["pixels"]) == image).all()
    body["inputs"] = body.pop("instances")
    status, value = client.predict(body)
    assert value["outputs"]["height"] == [6]


def test_values_of_all_kinds(client):
    body = {
        "signature_name": "values",
        "inputs": {
            "x": [[1, math.nan], [math.inf, 0.5]],
            "flag": [True, False],
            "count": [0, 255],
        },
    }
    status, value = client.predict(body)
    assert status == 200
    outputs = value["outputs"]
    # 1 / 5 in float32 has the digits of 0.2, not of its double.
    assert outputs["y"][0][0] == 0.2 and math.isnan(outputs["y"][0][1])
    assert outputs["y"][1] == [math.inf, 0.1]
    assert outputs["flag"] == [True, False]
    assert outputs["count"] == [0, 255]
    assert outputs["name"] == ["0", "255"]


def test_scalar_output_is_a_column_only(client):
    body = {"signature_name": "total", "inputs": [1, 2.5]}
    assert client.predict(body) == (200, {"outputs": 3.5})
    body = {"signature_name": "total", "instances": [1, 2.5]}
    status, value = client.predict(body)
    assert status == 400
    assert "has no shape information" in value["error"]


def test_bytes_without_the_suffix(client):
    status, value = client.predict({"signature_name": "raw", "inputs": [1]})
    assert status == 500
    assert "must end in _bytes" in value["error"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("png/versions/1", 200),
        ("png/versions/3", 200),
        ("png/labels/stable", 200),
        ("png/versions/2", 404),
        ("none", 404),
        ("png/labels/none", 400),
        ("png/versions/99999999999999999999", 400),
        ("png/versions/x", 400),
    ],
)
def test_versions_and_labels(client, png, path, status):
    answer = client.predict({"instances": [b64(png)]}, path)
    assert answer.status == status
    assert ("error" in answer.value) == (status != 200)


def test_messages_of_unknown_models(client):
    body = {"instances": [1]}
    error = "Servable not found for request: "
    assert client.predict(body, "none").value == {
        "error": error + "Latest(none)"
    }
    assert client.predict(body, "png/versions/2").value == {
        "error": error + "Specific(png, 2)"
    }


ROW = {"image_bytes": "x", "quality": 1}
VALUES = {"x": [[1, 2]], "flag": [True], "count": [1]}


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"", "JSON Parse error"),
        (b"{", "JSON Parse error"),
        (b"\xff", "JSON Parse error"),
        (b"[" * 100_000, "JSON Parse error"),
        (b'{"inputs": ' + b"9" * 5000 + b"}", "JSON Parse error"),
        ([], "Is not object"),
        ({}, "Missing 'inputs' or 'instances' key"),
        ({"inputs": 1, "instances": []}, "expecting only one of"),
        ({"instances": {}}, "list/array"),
        ({"instances": []}, "No values in 'instances' array"),
        ({"signature_name": 1, "inputs": 1}, "must be a string"),
        ({"signature_name": "no", "inputs": 1}, '"no" not found in signature'),
        ({"instances": [{"b64": "%"}]}, "Unable to base64 decode"),
        ({"instances": [{"b64": 1}]}, "not formatted correctly for base64"),
        ({"instances": ["\ud800"]}, "not UTF-8"),
        ({"instances": [1]}, "not of expected type: string"),
        ({"instances": [["x"]]}, "image_bytes has shape [1, 1]"),
        ({"instances": ["x", ["x"]]}, "unexpected level: 1"),
        ({"instances": ["x", {"image_bytes": "x"}]}, "got object at item 1"),
        ({"instances": [{"image_bytes": "x"}, "x"]}, "got list at item 1"),
        ({"instances": [{"other": "x"}]}, "must be equal to: image_bytes"),
        ({"inputs": {"other": "x"}}, "Missing named input: image_bytes"),
        ({"inputs": "x"}, "has shape []"),
        ({"instances": [ROW], "signature_name": "decompress"}, "equal to:"),
        (
            {"instances": ["x"], "signature_name": "compress_quality"},
            "plain list",
        ),
        (
            {"inputs": ["x"], "signature_name": "compress_quality"},
            "plain value/list",
        ),
    ],
)
def test_bad_bodies(client, body, part):
    status, value = client.predict(body)
    assert status == 400
    assert list(value) == ["error"]
    assert part in value["error"]


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("x", [[1, "2"]], "not of expected type: float"),
        ("x", [[1, True]], "not of expected type: float"),
        ("x", [[1, 1e39]], "without loss of precision"),
        ("x", [[1, 2**24]], "without loss of precision"),
        ("x", [[1, 2], 3], "found at incorrect level"),
        ("x", [[1, 2], [3]], "unexpected size: 1 at level: 1"),
        ("x", [[1, 2, 3]], "x has shape [1, 3]"),
        ("x", [[1, {"b64": "AA=="}]], "not of expected type: float"),
        ("flag", [1], "not of expected type: bool"),
        ("count", [256], "not of expected type: uint8"),
        ("count", [1.0], "not of expected type: uint8"),
    ],
)
def test_bad_values(client, name, value, part):
    inputs = {**VALUES, name: value}
    answer = client.predict({"signature_name": "values", "inputs": inputs})
    assert answer.status == 400
    assert part in answer.value["error"]


def test_the_model_refuses(client, png):
    """Its own error is the client's: 400 for InvalidArgument."""
    status, value = client.predict({"instances": [b64(b"no picture")]})
    assert status == 400
    assert "PNG" in value["error"] or "image" in value["error"]
    row = {"image_bytes": b64(png), "quality": 0}
    body = {"signature_name": "compress_quality", "instances": [row]}
    status, value = client.predict(body)
    assert status == 400
    # As TensorFlow Serving says it, without what Python adds.
    assert value["error"].startswith("assertion failed: [quality is 1 to 100]")
    assert "[Op:" not in value["error"]
    assert client.predict({"instances": [b64(png)]}).status == 200


@pytest.mark.parametrize("too_much", [1, 8 << 20])
def test_too_large(client, too_much):
    body = b" " * ((1 << 20) + too_much)
    status, value = client.predict(body)
    assert status == 413
    assert value == {"error": "Request body exceeds 1048576 bytes"}
    assert client.predict(b" " * (1 << 20)).status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/models/png:predict", 400),
        ("POST", "/v1/models/png", 400),
        ("POST", "/v1/models/png:guess", 400),
        ("PUT", "/v1/models/png", 400),
        ("GET", "/v1/models", 400),
        ("POST", "/v1/models/png:classify", 501),
        ("POST", "/healthz", 405),
    ],
)
def test_wrong_paths(client, method, path, status):
    answer = client.ask(method, path)
    assert answer.status == status
    assert list(answer.value) == ["error"]


def test_status(client):
    def version(number):
        return {
            "version": number,
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }

    path = "/v1/models/png"
    assert client.ask("GET", path) == (
        200,
        {"model_version_status": [version("3"), version("1")]},
    )
    for end in ("/versions/1", "/labels/stable"):
        assert client.ask("GET", path + end) == (
            200,
            {"model_version_status": [version("1")]},
        )
    assert client.ask("GET", "/v1/models/none") == (
        404,
        {"error": "Could not find any versions of model none"},
    )
    assert client.ask("GET", path + "/versions/2") == (
        404,
        {"error": "Could not find version 2 of model png"},
    )


def test_metadata(client):
    status, value = client.ask("GET", "/v1/models/png/metadata")
    assert status == 200
    assert value["model_spec"] == {
        "name": "png",
        "signature_name": "",
        "version": "3",
    }
    signatures = value["metadata"]["signature_def"]["signature_def"]
    quality = signatures["compress_quality"]["inputs"]["quality"]
    assert quality["dtype"] == "DT_FLOAT"
    assert quality["tensor_shape"] == {
        "dim": [{"size": "-1", "name": ""}],
        "unknown_rank": False,
    }
    assert client.ask("GET", "/v1/models/none/metadata").status == 404


def test_health_and_log(client):
    assert client.ask("GET", "/healthz") == (200, b"ok\n")
    client.lines.clear()
    client.ask("GET", "/v1/models/png")
    (line,) = client.lines
    assert line.startswith("GET /v1/models/png 200 ")
