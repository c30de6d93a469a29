"""From a training run to a preset: averaged weights, integer tables.

`python -m tfcodec.training.freeze --run runs/photo --config run.yaml
--name photo-1 --output tfcodec/presets/photo-1`
"""

import argparse
import pathlib
import sys

import keras

from tfcodec import presets
from tfcodec import weights
from tfcodec.codec import make_coding
from tfcodec.errors import TfcodecError
from tfcodec.models import MODELS
from tfcodec.training import checkpoint
from tfcodec.training.calibrate import count_residuals
from tfcodec.training.config import load_config
from tfcodec.training.data import make_batches
from tfcodec.training.loop import CHECKPOINT
from tfcodec.training.loop import make_model
from tfcodec.training.validate import averaged_weights


def write_preset(model, output, name, identifier, provenance, images=()):
    """Writes a preset folder of a trained and compiled model.

    Args:
        model: `CodecModel`, compiled; its averaged weights are used if its
            optimizer keeps any.
        output: folder.
        name: preset name, `family-version`.
        identifier: int, preset identifier in files.
        provenance: JSON-able dict, kept in `preset.json`.
        images: uint8 arrays `(height, width, 3)` whose residuals the tables
            are to follow; without any they follow the model's densities.

    Returns:
        The `Coding` of the preset.
    """
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    with averaged_weights(model):
        weights.save_weights(output / "weights.npz", model)
    # The tables belong to the weights as stored, in float16.
    kind = model.name
    arguments = {
        key: value
        for key, value in model.get_config().items()
        if key not in ("name", "seed")
    }
    keras.config.set_dtype_policy("float32")  # what the preset will run in
    plain = MODELS[kind](name=kind, **arguments)
    plain.build()
    weights.load_weights(output / "weights.npz", plain)
    counts = None
    if len(images) and hasattr(plain, "scale_network"):
        counts = count_residuals(plain, images)
    coding = make_coding(plain, counts)
    settings = {
        "name": name,
        "identifier": identifier,
        "family": name.rsplit("-", 1)[0],
        "model": kind,
        "arguments": arguments,
        "training": provenance,
    }
    presets.write(output, settings, coding)
    return coding


def main(arguments=None):
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tfcodec.training.freeze")
    parser.add_argument("--run", required=True, help="folder of the run")
    parser.add_argument("--config", required=True, help="its settings")
    parser.add_argument("--name", required=True, help="family-version")
    parser.add_argument("--output", required=True, help="preset folder")
    parser.add_argument("--data", help="image source for --calibrate")
    parser.add_argument(
        "--calibrate",
        type=int,
        default=0,
        metavar="N",
        help="fit the tables to the residuals of N training images",
    )
    options = parser.parse_args(arguments)
    try:
        config = load_config(options.config)
        numbers = {name: i for i, name in presets.IDENTIFIERS.items()}
        identifier = numbers.get(options.name, presets.UNREGISTERED)
        model = make_model(config)
        path = pathlib.Path(options.run) / CHECKPOINT
        step = checkpoint.load_checkpoint(path, model)
        images = []
        if options.calibrate:
            source = options.data or config.data.source
            batches = make_batches(source, config.data)
            while len(images) < options.calibrate:
                images.extend(next(batches))
            images = images[: options.calibrate]
        coding = write_preset(
            model,
            options.output,
            options.name,
            identifier,
            {"steps": step, "planned_steps": config.steps},
            images,
        )
    except (TfcodecError, ValueError, OSError) as error:
        print(f"freeze: {error}", file=sys.stderr)
        return 1
    print(
        f"{options.output}: step {step}, {coding.tables.num_tables} tables, "
        f"model hash {coding.model_hash.hex()}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
