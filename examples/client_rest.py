"""Compresses a picture and decompresses it again, through a server's REST API.

`python examples/client_rest.py photo.png [--url URL] [--model photo]`

Works with `tfcodec serve` and with TensorFlow Serving, and needs nothing but
Python. Writes photo.tfc and photo.decoded.png beside the picture.
"""

import argparse
import base64
import json
import pathlib
import sys
import urllib.error
import urllib.request


def predict(url, signature, row):
    """Sends one row (dict) to a signature; returns the row that comes back.

    Raises:
        RuntimeError: The server says what is wrong.
    """
    body = json.dumps({"signature_name": signature, "instances": [row]})
    request = urllib.request.Request(
        f"{url}:predict", body.encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request) as response:
            return json.load(response)["predictions"][0]
    except urllib.error.HTTPError as error:
        message = json.load(error)["error"]
        raise RuntimeError(f"HTTP {error.code}: {message}") from error


def to_json(data):
    return {"b64": base64.b64encode(data).decode()}


def from_json(value):
    return base64.b64decode(value["b64"])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=pathlib.Path)
    parser.add_argument("--url", default="http://localhost:8501")
    parser.add_argument("--model", default="photo")
    parser.add_argument("--quality", type=float, default=50.0)
    options = parser.parse_args(arguments)
    url = f"{options.url}/v1/models/{options.model}"

    original = options.picture.read_bytes()
    row = {"image_bytes": to_json(original), "quality": options.quality}
    compressed = from_json(predict(url, "compress_quality", row))
    row = {"compressed_bytes": to_json(compressed)}
    decoded = from_json(predict(url, "decompress", row))

    options.picture.with_suffix(".tfc").write_bytes(compressed)
    options.picture.with_suffix(".decoded.png").write_bytes(decoded)
    print(f"{len(original)} -> {len(compressed)} -> {len(decoded)} bytes")


if __name__ == "__main__":
    try:
        main()
    except (OSError, RuntimeError) as error:
        sys.exit(f"error: {error}")
