"""Settings of a training run: frozen dataclasses, read from YAML or Python.

```yaml
model: {name: photo}
data: {source: "folder:photos", batch_size: 8, crop: 256}
optimizer: {learning_rate: 1.5e-3}
steps: 20000
```
"""

import contextlib
import dataclasses
import importlib.util
import pathlib
import typing

from tfcodec.errors import TfcodecError
from tfcodec.training.data.config import DataConfig


@dataclasses.dataclass(frozen=True)
class PerceptualConfig:
    """Settings of `tfcodec.training.perceptual.Perceptual`, described there."""

    network: str = "vgg16"
    weights: str | None = "imagenet"
    layers: tuple = ("block2_conv2", "block3_conv3")
    weight: float = 0.1

    def __post_init__(self):
        if self.network not in ("vgg16", "resnet50"):
            raise ValueError(
                "`model.perceptual.network` must be 'vgg16' or 'resnet50'. "
                f"Received: {self.network!r}"
            )
        if not self.layers:
            raise ValueError("`model.perceptual.layers` must name a layer.")
        if not self.weight > 0:
            raise ValueError(
                "`model.perceptual.weight` must be positive. "
                f"Received: {self.weight}"
            )


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Which model.

    Args:
        name: key of `tfcodec.models.MODELS`.
        arguments: its constructor arguments.
        warm_start: bool. Starts the linear bypass at a PCA (`photo` only);
            latents that `initial` lacks always start so.
        warm_step: float, initial quantization step in pixel values.
        initial: weights file (`.npz` of a preset or checkpoint) to start
            from, or None.
        initial_lmbda: `(lmbda_min, lmbda_max)` that `initial` was trained
            with, if that is another range (`requality`); or None.
        initial_arguments: those of `arguments` that differ in `initial`,
            which has fewer blocks or latents (`grow`).
        train_only: names of the model's layers that are trained; none: all.
        perceptual: `PerceptualConfig` of what is added to the distortion, or
            None.
    """

    name: str = "photo"
    arguments: dict = dataclasses.field(default_factory=dict)
    warm_start: bool = True
    warm_step: float = 16.0
    initial: str | None = None
    initial_lmbda: tuple | None = None
    initial_arguments: dict = dataclasses.field(default_factory=dict)
    train_only: tuple = ()
    perceptual: PerceptualConfig | None = None


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """Which optimizer, and its schedule.

    Args:
        name: "muon" (`ConvMuon`) or "adam".
        learning_rate: float, the peak.
        warmup: int, steps.
        decay_from: float, fraction of the run where the cosine begins.
        end_factor: float, last learning rate over the peak.
        clip_norm: float or None, bound on the gradient's global norm.
        ema_momentum: float, of the averaged weights; 0 for none.
    """

    name: str = "muon"
    learning_rate: float = 1.5e-3
    warmup: int = 200
    decay_from: float = 0.6
    end_factor: float = 0.0
    clip_norm: float | None = 1.0
    ema_momentum: float = 0.998

    def __post_init__(self):
        if self.name not in ("muon", "adam"):
            raise ValueError(
                "`optimizer.name` must be 'muon' or 'adam'. "
                f"Received: {self.name!r}"
            )


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """A whole run.

    Args:
        data: `DataConfig`.
        model: `ModelConfig`.
        optimizer: `OptimizerConfig`.
        steps: int, of the whole run.
        steps_per_call: int. Above 1 (JAX only), so many steps run in one
            dispatch, with the images in the device's memory (`resident`).
        mixed_bfloat16: bool, compute in bfloat16 where that is safe.
        checkpoint_every, log_every: ints, steps.
        validate_every: int, steps; 0 for no validation.
        validation_count: int, images of a validation pass.
        validation_qualities: tuple of floats.
        tensorboard: bool, write TensorBoard files if TensorFlow is there.
        seed: int, of the initial weights and the noise.
    """

    data: DataConfig
    model: ModelConfig = ModelConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    steps: int = 20_000
    steps_per_call: int = 1
    mixed_bfloat16: bool = True
    checkpoint_every: int = 500
    validate_every: int = 2_000
    log_every: int = 50
    validation_count: int = 12
    validation_qualities: tuple = (10.0, 40.0, 70.0, 95.0)
    tensorboard: bool = True
    seed: int = 1

    def __post_init__(self):
        names = ("steps_per_call", "steps", "checkpoint_every", "log_every")
        for name in names:
            if getattr(self, name) < 1:
                raise ValueError(
                    f"`{name}` must be positive. "
                    f"Received: {name}={getattr(self, name)}"
                )
        for name in (*names, "validate_every"):
            if getattr(self, name) % self.steps_per_call:
                raise ValueError(
                    f"`{name}` must be a multiple of `steps_per_call`. "
                    f"Received: {name}={getattr(self, name)}, "
                    f"steps_per_call={self.steps_per_call}"
                )


_PARTS = {
    "data": DataConfig,
    "model": ModelConfig,
    "optimizer": OptimizerConfig,
}


def from_dict(values):
    """`TrainConfig` of nested dicts; unknown or missing keys are errors."""
    values = dict(values)
    model = values.get("model")
    if isinstance(model, dict) and model.get("perceptual") is not None:
        perceptual = _construct(
            PerceptualConfig, model["perceptual"], "model.perceptual."
        )
        values["model"] = {**model, "perceptual": perceptual}
    for name, cls in _PARTS.items():
        if name in values:
            values[name] = _construct(cls, values[name], name + ".")
    return _construct(TrainConfig, values, "")


def load_config(path):
    """`TrainConfig` of a `.yaml` file, or of a `.py` file's `config`.

    Raises:
        TfcodecError: no such file, unreadable, or wrong settings; the message
            names the file.
    """
    path = pathlib.Path(path)
    try:
        if path.suffix == ".py":
            return _load_python(path)
        yaml = _yaml()
        with open(path, encoding="utf-8") as file:
            values = yaml.safe_load(file)
        if not isinstance(values, dict):
            raise ValueError("the file must hold a mapping")
        return from_dict(values)
    except Exception as error:  # whatever a config file can do wrong
        raise TfcodecError(f"Cannot use {path}: {error}") from error


def _yaml():
    try:
        import yaml
    except ImportError as error:
        raise ValueError(
            "it needs PyYAML: pip install 'tfcodec[train]'"
        ) from error
    return yaml


def _load_python(path):
    spec = importlib.util.spec_from_file_location("tfcodec_config", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = getattr(module, "config", None)
    if not isinstance(config, TrainConfig):
        raise ValueError("it must define `config`, a TrainConfig")
    return config


def _construct(cls, values, prefix):
    if not isinstance(values, dict):
        raise ValueError(f"`{prefix[:-1]}` must be a mapping")
    fields = {field.name: field for field in dataclasses.fields(cls)}
    unknown = set(values) - set(fields)
    if unknown:
        raise ValueError(
            f"unknown setting `{prefix}{sorted(unknown)[0]}`; there are: "
            + ", ".join(prefix + name for name in fields)
        )
    if cls is TrainConfig and "data" not in values:
        raise ValueError("`data` is missing: data: {source: folder:PATH}")
    converted = {
        name: _converted(prefix + name, value, fields[name].type)
        for name, value in values.items()
    }
    return cls(**converted)


def _converted(name, value, kind):
    """`value` in the type of its field, if it means one."""
    kinds = typing.get_args(kind) or (kind,)
    if isinstance(value, list):
        value = tuple(value)
    elif float in kinds and type(value) in (str, int):
        with contextlib.suppress(ValueError):
            value = float(value)  # YAML reads 1e-3 as a string
    fits = isinstance(value, kinds)
    if isinstance(value, bool) and bool not in kinds:  # a bool is an int
        fits = False
    if not fits:
        names = " or ".join(getattr(k, "__name__", str(k)) for k in kinds)
        names = names.replace("NoneType", "null")
        raise ValueError(f"`{name}` must be {names}. Received: {value!r}")
    return value
