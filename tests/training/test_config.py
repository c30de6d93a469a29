"""Settings files: converted, checked, and named in every error."""

import pathlib

import pytest

from tfcodec import TfcodecError
from tfcodec.training.config import TrainConfig
from tfcodec.training.config import from_dict
from tfcodec.training.config import load_config

ROOT = pathlib.Path(__file__).parents[2]
GOOD = """
model: {name: photo, arguments: {latent_channels: 8, split: 4}}
data: {source: "folder:photos", batch_size: 2, crop: 64}
optimizer: {name: adam, learning_rate: 1e-3, clip_norm: 2.0, warmup: 7}
steps: 30
validation_qualities: [10, 50.5]
"""


def write(tmp_path, text, name="run.yaml"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_yaml(tmp_path):
    config = load_config(write(tmp_path, GOOD))
    assert config.optimizer.learning_rate == 0.001  # YAML: the string "1e-3"
    assert config.optimizer.clip_norm == 2.0
    assert config.optimizer.warmup == 7
    assert config.data.crop == 64 and config.steps == 30
    assert config.model.arguments == {"latent_channels": 8, "split": 4}
    assert config.validation_qualities == (10, 50.5)
    assert config.seed == TrainConfig(config.data).seed  # the default
    assert config == load_config(write(tmp_path, GOOD, "again.yaml"))


def test_python(tmp_path):
    text = (
        "from tfcodec.training.config import from_dict\n"
        "config = from_dict({'data': {'source': 'memory:x.npz'}, 'steps': 9})"
    )
    assert load_config(write(tmp_path, text, "run.py")).steps == 9
    with pytest.raises(TfcodecError, match="wrong.py: it must define `config`"):
        load_config(write(tmp_path, "steps = 3", "wrong.py"))
    with pytest.raises(TfcodecError, match="broken.py"):
        load_config(write(tmp_path, "def (", "broken.py"))


def test_the_shipped_settings_load():
    paths = sorted((ROOT / "training" / "configs").glob("*.yaml"))
    assert paths
    for path in paths:
        assert isinstance(load_config(path), TrainConfig)


@pytest.mark.parametrize(
    "change, match",
    [
        ("stepz: 3", "unknown setting `stepz`; there are: .*steps"),
        ("optimizer: {rate: 3}", "`optimizer.rate`; .*optimizer.learning_rate"),
        ("data: {source: x, crops: 3}", "unknown setting `data.crops`"),
        ("optimizer: 3", "`optimizer` must be a mapping"),
        (
            "optimizer: {learning_rate: fast}",
            "learning_rate` must be float.*fast",
        ),
        ("optimizer: {name: sgd}", "'muon' or 'adam'. Received: 'sgd'"),
        (
            "data: {source: x, batch_size: 2.5}",
            "batch_size` must be int. Received: 2.5",
        ),
        ("data: {batch_size: 2}", "source"),
        ("steps: many", "`steps` must be int. Received: 'many'"),
        ("steps: 0", "`steps` must be positive. Received: steps=0"),
        ("steps: 2.5", "steps"),
        ("log_every: -1", "`log_every` must be positive"),
        ("steps_per_call: 7", "`steps` must be a multiple of"),
        ("mixed_bfloat16: sometimes", "mixed_bfloat16"),
        ("optimizer: {warmup: soon}", "warmup"),
        (
            "optimizer: {clip_norm: tight}",
            "`optimizer.clip_norm` must be float",
        ),
        ("model: {arguments: 3}", "arguments"),
        ("data: [", "run.yaml"),
    ],
)
def test_errors_name_the_file_and_the_setting(tmp_path, change, match):
    key = change.split(":")[0]
    kept = [line for line in GOOD.splitlines() if line.split(":")[0] != key]
    path = write(tmp_path, "\n".join([*kept, change]))
    with pytest.raises(TfcodecError, match=match) as error:
        load_config(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("text", ["", "- 1\n- 2", "just words"])
def test_not_a_mapping(tmp_path, text):
    with pytest.raises(TfcodecError, match="run.yaml: .*mapping"):
        load_config(write(tmp_path, text))


def test_missing_file_and_missing_data(tmp_path):
    with pytest.raises(TfcodecError, match="nowhere.yaml"):
        load_config(tmp_path / "nowhere.yaml")
    with pytest.raises(TfcodecError, match="`data` is missing.*source"):
        load_config(write(tmp_path, "steps: 3"))


def test_from_dict_leaves_its_argument_alone():
    values = {"data": {"source": "x"}, "optimizer": {"learning_rate": "1e-2"}}
    assert from_dict(values).optimizer.learning_rate == 0.01
    assert values["optimizer"] == {"learning_rate": "1e-2"}
