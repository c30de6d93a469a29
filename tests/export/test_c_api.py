"""The preset `photo` through the C API, in a process without Python's TF."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).parents[2]
# Compresses a picture twice in one batch, decompresses, and shows an error.
PROGRAM = """
import json
import pathlib
import sys

sys.path.insert(0, sys.argv[1])
import c_api

folder = pathlib.Path(sys.argv[3])
model = c_api.SavedModel(sys.argv[2])
image = (folder / "whale.png").read_bytes()
files = model.run("compress", image_bytes=[image, image])["compressed_bytes"]
quality = c_api.np.array([30], "float32")
small = model.run("compress_quality", image_bytes=[image], quality=quality)
small = small["compressed_bytes"][0]
back = model.run("decompress", compressed_bytes=files)["image_bytes"]
found = model.run("decompress_pixels", compressed_bytes=[small])
try:
    model.run("decompress", compressed_bytes=[files[0][:-1]])
except RuntimeError as error:
    message = str(error)
model.close()
assert "tensorflow" not in sys.modules and "keras" not in sys.modules
(folder / "out.tfc").write_bytes(files[0])
(folder / "small.tfc").write_bytes(small)
(folder / "out.png").write_bytes(back[1])
c_api.np.save(folder / "small.npy", found["pixels"])
print(json.dumps({
    "same": files[0] == files[1] and back[0] == back[1],
    "size": [int(found["height"][0]), int(found["width"][0])],
    "signatures": sorted(model.signatures),
    "message": message,
}))
"""


@pytest.fixture(scope="module")
def codec():
    import tfcodec

    return tfcodec.load("photo")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="names of the libraries")
def test_photo_without_python(codec, photograph, tmp_path, record_property):
    from tfcodec.export.serving.saved_model import export_saved_model

    saved_model = export_saved_model(codec, tmp_path / "models")
    version = codec.preset.name.removeprefix("photo-")
    assert saved_model == tmp_path / "models" / "photo" / version
    assert (saved_model / "assets.extra" / "MODEL_CARD.md").is_file()
    Image.fromarray(photograph).save(tmp_path / "whale.png")
    done = subprocess.run(
        [
            *(sys.executable, "-c", PROGRAM),
            *(ROOT / "examples", saved_model, tmp_path),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["same"] and said["size"] == list(photograph.shape[:2])
    assert "decompress_pixels" in said["signatures"]
    assert "code 3: " in said["message"]
    assert "Image 0: The file is truncated" in said["message"]

    for name, quality in (("out.tfc", 50.0), ("small.tfc", 30.0)):
        data = (tmp_path / name).read_bytes()
        expected = codec.compress(photograph, quality)
        record_property(f"{name} has equal bytes", data == expected)
        if data != expected:  # A last bit may move a symbol, not the picture.
            error = codec.decompress(data).astype(int)
            error -= codec.decompress(expected)
            assert np.abs(error).mean() < 0.01
    picture = np.array(Image.open(tmp_path / "out.png")).astype(int)
    data = (tmp_path / "out.tfc").read_bytes()
    assert np.abs(picture - codec.decompress(data)).max() <= 1
    pixels = np.load(tmp_path / "small.npy")[0].astype(int)
    data = (tmp_path / "small.tfc").read_bytes()
    assert np.abs(pixels - codec.decompress(data)).max() <= 1
