"""`tfcodec info` of LiteRT files."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tfcodec import presets

PHOTO = presets.find("photo")
ROOT = pathlib.Path(__file__).parents[2]
FACTS = {
    "tfcodec": "1.2.3",
    "preset": PHOTO.name,
    "preset_identifier": PHOTO.identifier,
    "model_hash": PHOTO.settings["model_hash"],
    "quantize": "dynamic",
    "size": None,
    "max_pixels": 50_000_000,
    "license": "Apache-2.0",
}


def make_file(facts):
    """A file without ops, with weights and one signature."""
    from tfcodec.export.lite import tflite_file

    model, graph, entry = (
        schema.ModelT(),
        schema.SubGraphT(),
        schema.SignatureDefT(),
    )
    weights = schema.BufferT()
    weights.data = np.arange(200, dtype=np.uint8)
    model.version = 3
    model.buffers = [schema.BufferT(), weights]
    model.subgraphs = [graph]
    entry.signatureKey, entry.inputs, entry.outputs = "decompress", [], []
    for names, tensors in (
        (["compressed"], entry.inputs),
        (["pixels", "status"], entry.outputs),
    ):
        for name in names:
            tensors.append(schema.TensorMapT())
            tensors[-1].name = name
    model.signatureDefs = [entry]
    if facts is not None:
        tflite_file.add_metadata(model, facts)
    return tflite_file.write(model)


@pytest.fixture(scope="module")
def data():
    return make_file(FACTS)


@pytest.fixture
def path(tmp_path, data):
    path = tmp_path / "photo.tflite"
    path.write_bytes(data)
    return path


def test_text(call, path, data):
    result = call("info", path)
    assert result.code == 0 and result.err == ""
    assert result.out == (
        f"{path}\n"
        f"  size            {len(data):,} bytes\n"
        f"  preset          {PHOTO.name}, identifier {PHOTO.identifier}\n"
        f"  model hash      {FACTS['model_hash']}, as installed\n"
        "  weights         dynamic\n"
        "  images          any size up to 50,000,000 pixels\n"
        "  licence         Apache-2.0\n"
        "  tfcodec         1.2.3\n"
        "  signatures      decompress\n"
        "  checksum        ok\n"
    )


def test_json(call, path, data):
    assert json.loads(call("info", path, "--json").out) == {
        **FACTS,
        "file": str(path),
        "bytes": len(data),
        "model_hash_matches": True,
        "signatures": {
            "decompress": {
                "inputs": ["compressed"],
                "outputs": ["pixels", "status"],
            }
        },
        "checksum": "ok",
    }


def test_other_facts(call, path):
    facts = {"preset": "tiny-1", "preset_identifier": 65535}
    path.write_bytes(make_file({**FACTS, **facts, "size": [512, 768]}))
    out = call("info", path).out
    assert "tiny-1 (not part of tfcodec), identifier 65535\n" in out
    assert f"{FACTS['model_hash']}\n" in out
    assert "768 x 512 pixels\n" in out


def test_the_content_counts_not_the_name(call, path):
    path = path.rename(path.with_suffix(".bin"))
    assert PHOTO.name in call("info", path).out


def test_foreign(call, path):
    path.write_bytes(make_file(None))
    call("info", path).check_error(1, "photo.tflite", "not come from tfcodec")
    path.write_bytes(b"nothing of that kind")
    call("info", path).check_error(1, "photo.tflite", "not a LiteRT")
    path.write_bytes(b"")
    call("info", path).check_error(1, "photo.tflite", "not a LiteRT")


def test_altered_weights(call, path, data):
    place = data.index(bytes(range(100)))
    path.write_bytes(data[:place] + b"\xff" + data[place + 1 :])
    call("info", path).check_error(1, "damaged: wrong checksum")


def test_no_byte_is_too_much(call, path, data):
    """Whatever is altered or missing: facts, or an error of one line."""
    failures = 0
    altered = [
        data[:i] + bytes([data[i] ^ 0xFF]) + data[i + 1 :]
        for i in range(0, len(data), 3)
    ]
    for wrong in [*altered, *(data[:i] for i in range(0, len(data), 20))]:
        path.write_bytes(wrong)
        result = call("info", path)
        if result.code:
            result.check_error(1, "photo.tflite: error: this ")
            failures += 1
        else:
            assert result.err == ""
    assert failures > len(altered) / 2


def test_tensorflow_is_not_needed(path):
    code = (
        "import sys\n"
        "from tfcodec.cli.main import main\n"
        f"assert main(['info', {str(path)!r}]) == 0\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
