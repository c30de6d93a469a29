"""`tfcodec serve` as a process: its ports, its end, its mistakes."""

import http.client
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing

import pytest

from tfcodec.cli.main import main


@pytest.fixture
def mistake(capsys):
    """Function of arguments; the exit code and the one line on stderr."""

    def mistake(*arguments):
        code = main(["serve", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1, (out, err)
        return code, err

    return mistake


def test_bad_folders(mistake, tmp_path):
    code, line = mistake(tmp_path)
    assert code == 1
    assert f"error: {tmp_path}: no <model>/<version>/saved_model.pb" in line
    folder = tmp_path / "broken" / "1"
    folder.mkdir(parents=True)
    code, line = mistake(tmp_path)
    assert code == 1
    assert f"error: {folder}: does not load: " in line


def test_port_in_use(mistake, model_folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = f"error: cannot listen on 127.0.0.1:{port}: "
        ports = ("--rest-port", port, "--grpc-port", 0)
        code, line = mistake(model_folder, *ports)
        assert code == 1 and message in line
        ports = ("--rest-port", 0, "--grpc-port", port)
        code, line = mistake(model_folder, *ports)
        assert code == 1 and message in line


@pytest.mark.parametrize(
    ("option", "value", "part"),
    [
        ("--rest-port", "70000", "0<=x<=65535"),
        ("--label", "png=1", "is not MODEL:LABEL=VERSION"),
        ("--max-request-mb", "0", "0<x<=2047"),
        ("--batch", "0", "x>=1"),
    ],
)
def test_wrong_usage(mistake, tmp_path, option, value, part):
    code, line = mistake(tmp_path, option, value)
    assert code == 2
    assert part in line


def test_label_of_no_version(mistake, model_folder):
    code, line = mistake(model_folder, "--label", "png:stable=2")
    assert code == 1
    assert "error: label stable: there is no version 2 of png" in line


def test_missing_extra(mistake, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "uvicorn" else find(name, *rest),
    )
    code, line = mistake(tmp_path)
    assert code == 2
    assert "needs uvicorn: pip install 'tfcodec[serve]'" in line


@pytest.fixture
def process(model_folder):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    command = [sys.executable, "-m", "tfcodec", "serve", model_folder / "png"]
    command += ["--rest-port", "0", "--grpc-port", "0", "--verbose"]
    process = subprocess.Popen(
        [*command, "--label", "png:stable=1"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_requests_finish(process, number):
    lines = [process.stdout.readline() for _ in range(4)]
    names = "compress, compress_quality, decompress, decompress_pixels, raw"
    assert lines[0] == f"png 1: {names}, serving_default, total, values\n"
    assert lines[1].startswith("png 3: ")
    assert lines[2].startswith("REST http://127.0.0.1:")
    assert lines[2].endswith("/v1/models\n")
    assert lines[3].startswith("gRPC 127.0.0.1:")
    port = int(lines[2].split(":")[2].split("/")[0])
    with closing(connect(port)) as connection, closing(connect(port)) as check:
        # Half a request, the signal, and when that has come the other half.
        body = b'{"signature_name": "total", "inputs": [1, 2]}'
        connection.putrequest("POST", "/v1/models/png/labels/stable:predict")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:5])
        check.request("GET", "/healthz")
        assert check.getresponse().read() == b"ok\n"
        process.send_signal(number)
        while listens(port):
            time.sleep(0.05)
        connection.send(body[5:])
        answer = json.loads(connection.getresponse().read())
        assert answer == {"outputs": 3.0}
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    request, stopped = err.splitlines()
    assert request.startswith("POST /v1/models/png/labels/stable:predict 200 ")
    assert stopped == "tfcodec serve: stopped"


def connect(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
