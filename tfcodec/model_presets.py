"""Models to preset folders, and back."""

import dataclasses
import os
import pathlib
from typing import Any

import keras
import numpy as np

from tfcodec import presets
from tfcodec import weights
from tfcodec.coding import BITS_PER_LANE
from tfcodec.entropy.build_tables import build_network
from tfcodec.entropy.build_tables import build_tables
from tfcodec.entropy.symbol_counts import SymbolCounts
from tfcodec.errors import TfcodecError
from tfcodec.models import MODELS


def read(preset: presets.Preset) -> tuple[Any, presets.Coding]:
    """The built model and the integers of a preset.

    Raises:
        TfcodecError: a file is damaged, or one belongs to another preset.
    """
    kind = preset.settings["model"]
    if kind not in MODELS:
        raise TfcodecError(
            f"The preset {preset.directory} is of a model {kind!r}, which this "
            "version of tfcodec does not have."
        )
    model = MODELS[kind](name=kind, **preset.settings["arguments"])
    model.build()
    weights.load_weights(preset.directory / "weights.npz", model)
    coding = presets.Coding.load(preset.directory / "tables.npz")
    if coding.decoder not in (None, weights.digest(model.decoder_weights)):
        raise TfcodecError(
            f"weights.npz and tables.npz in {preset.directory} are not of the "
            "same preset."
        )
    return model, coding


def write(
    directory: str | os.PathLike[str],
    model: Any,
    coding: presets.Coding,
    name: str | None,
    identifier: int,
    training: dict[str, Any] | None,
) -> presets.Preset:
    """Writes a preset folder; see `Codec.save_preset` for the arguments."""
    directory = pathlib.Path(directory)
    name = name or directory.resolve().name
    settings = {
        "name": name,
        "identifier": identifier,
        "family": name.rsplit("-", 1)[0],
        "model": _kind(model),
        "arguments": _arguments(model),
        "training": training or {},
    }
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "graph.npz").unlink(missing_ok=True)  # of what was there
    weights.save_weights(directory / "weights.npz", model)
    presets.write(directory, settings, coding)
    return presets.find(directory)


def as_stored(model: Any) -> Any:
    """A copy in float32, whatever the policy, with the weights of a preset."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        kind = _kind(model)
        copy = MODELS[kind](name=kind, **_arguments(model))
        copy.build()
    finally:
        keras.config.set_dtype_policy(policy)
    stored = weights.to_arrays(model.weights, "float16")
    weights.from_arrays(copy.weights, stored, model.name)
    return copy


def make_coding(
    model: Any,
    counts: SymbolCounts | None = None,
    bits_per_lane: int = BITS_PER_LANE,
) -> presets.Coding:
    """`Coding` of a built model's present weights.

    Args:
        model: built `CodecModel`.
        counts: what the tables are to follow, or None.
        bits_per_lane: see `CdfTables`.

    Raises:
        ValueError: a weight is not finite, the integer network is not exact,
            or `bits_per_lane` is too small.
    """
    for variable in model.weights:
        if not np.isfinite(keras.ops.convert_to_numpy(variable)).all():
            raise ValueError(f"{variable.path} is not finite.")
    network = getattr(model, "scale_network", None)
    tables = build_tables(
        model.bottleneck, getattr(model, "conditional", None), counts
    )
    return presets.Coding(
        dataclasses.replace(tables, bits_per_lane=bits_per_lane),
        None if network is None else build_network(network),
        weights.digest(model.decoder_weights),
    )


def _kind(model: Any) -> str:
    return next(kind for kind, c in MODELS.items() if c is type(model))


def _arguments(model: Any) -> dict[str, Any]:
    skipped = ("name", "seed")
    config = model.get_config()
    return {key: config[key] for key in config if key not in skipped}
