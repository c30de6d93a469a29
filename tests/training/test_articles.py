"""A system of an introductory article from its settings to files."""

import numpy as np
import pytest
import yaml
from PIL import Image

from tfcodec.cli.main import main
from tfcodec.training import freeze
from tfcodec.training.train import run

MODELS = {
    "deconvnet": {"channels": [4, 4], "synthesis_channels": [4, 3]},
    "cnn-pool-dense": {
        "latent_channels": 16,
        "channels": [4, 4, 4],
        "synthesis_channels": [4, 4],
    },
}


@pytest.mark.parametrize("kind", MODELS)
def test_train_freeze_compress(
    kind, tmp_path, photograph, capsys, float32_after
):
    np.save(tmp_path / "pack.npy", photograph[None, :96, :96])
    settings = {
        "model": {"name": kind, "arguments": MODELS[kind]},
        "data": {
            "source": f"memory:{tmp_path / 'pack.npy'}",
            "batch_size": 2,
            "crop": 32,
            "validation_fraction": 0.0,
        },
        "steps": 3,
        "log_every": 1,
        "validate_every": 0,
        "tensorboard": False,
    }
    config = tmp_path / "run.yaml"
    config.write_text(yaml.safe_dump(settings))
    assert run(str(config), str(tmp_path / "run"), None, None, 2) == 0
    assert run(str(config), str(tmp_path / "run"), None, None, None) == 0
    assert "resumed at step 2" in capsys.readouterr().out
    arguments = ["--run", tmp_path / "run", "--config", config]
    arguments += ["--name", "mine-1", "--output", tmp_path / "mine"]
    assert freeze.main([str(a) for a in arguments]) == 0
    picture, file, back = (tmp_path / n for n in ("a.png", "a.tfc", "b.png"))
    Image.fromarray(photograph[:40, :50]).save(picture)
    preset = ["--preset", str(tmp_path / "mine")]
    assert main(["compress", str(picture), *preset]) == 0
    assert main(["decompress", str(file), "-o", str(back), *preset]) == 0
    with Image.open(back) as image:
        assert image.size == (50, 40)
