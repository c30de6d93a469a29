"""Requests per second and latencies of a predict server, over REST.

`python benchmarks/serving.py --models DIR`     starts `tfcodec serve DIR`
`python benchmarks/serving.py --url http://localhost:8501/v1/models/photo`

Concurrent clients send a PNG of 768x512 pixels (the bundled photograph,
resized, unless another is named) to the signatures `compress_quality` and
`decompress`, each the next request when its last was answered. Pillow's AVIF
comes next, behind the same server, with the same JSON and PNG around it.
"""

import argparse
import base64
import concurrent.futures
import contextlib
import http.client
import io
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.parse

import numpy as np
from common import read_picture
from PIL import Image


class Avif:
    """Pillow's AVIF with an exported codec's signatures.

    It stands where a `tfcodec.serve.models.Servable` does.
    """

    name, version = "avif", 1
    _SIGNATURES = {
        "compress_quality": (
            {"image_bytes": 7, "quality": 1},
            "compressed_bytes",
        ),
        "decompress": ({"compressed_bytes": 7}, "image_bytes"),
    }  # 7: DT_STRING, 1: DT_FLOAT

    def __init__(self, speed):
        from tensorflow.core.protobuf import meta_graph_pb2

        self._speed = speed
        self.signatures = {}
        for name, (inputs, output) in self._SIGNATURES.items():
            signature = meta_graph_pb2.SignatureDef()
            for alias, dtype in inputs.items():
                signature.inputs[alias].dtype = dtype
                signature.inputs[alias].tensor_shape.dim.add().size = -1
            signature.outputs[output].dtype = 7
            self.signatures[name] = signature

    def predict(self, signature_name, inputs):
        if signature_name == "decompress":
            parts = [recode(d, "PNG") for d in inputs["compressed_bytes"]]
            return {"image_bytes": np.array(parts, object)}
        rows = zip(inputs["image_bytes"], inputs["quality"], strict=True)
        parts = [
            recode(
                data,
                "AVIF",
                quality=round(float(quality)),
                speed=self._speed,
                subsampling="4:4:4",
            )
            for data, quality in rows
        ]
        return {"compressed_bytes": np.array(parts, object)}


def recode(data, kind, **options):
    file = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(file, kind, **options)
    return file.getvalue()


def serve_avif(speed):
    """Serves AVIF; prints the line that `tfcodec serve` prints."""
    from tfcodec.quiet import quiet_import

    with quiet_import():
        from tfcodec.serve.models import Models
        from tfcodec.serve.server import Server
    server = Server(Models([Avif(speed)]), rest_port=0, grpc_port=0)
    line = f"REST http://127.0.0.1:{server.rest_port}/v1/models"
    server.run(lambda: print(line, flush=True))


@contextlib.contextmanager
def started(command):
    """Starts a server; gives the URL that it prints."""
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, text=True
    )
    try:
        for line in process.stdout:
            if line.startswith("REST "):
                yield line.split()[1]
                return
        sys.exit(f"error: {' '.join(command)} did not start")
    finally:
        process.terminate()
        process.wait()


class Client:
    """One connection to a model."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.netloc)
        self._path = f"{parts.path}:predict"

    def post(self, body):
        self._connection.request("POST", self._path, body)
        response = self._connection.getresponse()
        data = response.read()
        if response.status != 200:
            raise RuntimeError(f"HTTP {response.status}: {data[:300]!r}")
        return data


def make_body(signature, **row):
    for name, value in row.items():
        if isinstance(value, bytes):
            row[name] = {"b64": base64.b64encode(value).decode()}
    return json.dumps({"signature_name": signature, "instances": [row]})


def prediction(data):
    return base64.b64decode(json.loads(data)["predictions"][0]["b64"])


def load(url, body, clients, seconds):
    """Requests per second, and the seconds of each request."""

    def one(client):
        times = []
        while time.perf_counter() < end:
            begun = time.perf_counter()
            client.post(body)
            times.append(time.perf_counter() - begun)
        return times

    connections = [Client(url) for _ in range(clients)]
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda client: client.post(body), connections))
        begun = time.perf_counter()
        end = begun + seconds
        times = sum(pool.map(one, connections), [])
        return len(times) / (time.perf_counter() - begun), times


def measure(name, url, png, options):
    body = make_body(
        "compress_quality", image_bytes=png, quality=options.quality
    )
    compressed = prediction(Client(url).post(body))
    bodies = {
        "compress": body,
        "decompress": make_body("decompress", compressed_bytes=compressed),
    }
    for call, body in bodies.items():
        for clients in map(int, options.clients.split(",")):
            rate, times = load(url, body, clients, options.seconds)
            p99 = np.percentile(times, 99)
            print(
                f"| {name} | {call} | {clients} | {rate:.1f} | "
                f"{1e3 * statistics.median(times):.0f} | {1e3 * p99:.0f} | "
                f"{len(compressed)} |",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="a model of a server that runs")
    parser.add_argument("--models", help="folder to serve")
    parser.add_argument("--model", default="photo", help="name in the folder")
    parser.add_argument("--image")
    parser.add_argument("--quality", type=float, default=50.0)
    parser.add_argument("--clients", default="1,4")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--avif-speed", type=int, default=6)
    parser.add_argument("--serve-avif", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_avif is not None:
        return serve_avif(options.serve_avif)
    picture, file = read_picture(options.image), io.BytesIO()
    picture.save(file, "PNG")
    png, (width, height) = file.getvalue(), picture.size
    print(
        f"{os.cpu_count()} cores, {width}x{height}, PNG of {len(png)} bytes\n"
    )
    print("| model | call | clients | requests/s | p50 ms | p99 ms | bytes |")
    print("|---|---|---:|---:|---:|---:|---:|")
    if options.url:
        measure(options.url.split("/")[-1], options.url, png, options)
    if options.models:
        ports = ["--rest-port", "0", "--grpc-port", "0"]
        command = ["-m", "tfcodec", "serve", options.models, *ports]
        with started(command) as url:
            name = options.model
            measure(name, f"{url}/{name}", png, options)
    speed = options.avif_speed
    with started([__file__, "--serve-avif", str(speed)]) as url:
        measure(f"AVIF, speed {speed}", f"{url}/avif", png, options)


if __name__ == "__main__":
    main()
