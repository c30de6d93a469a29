"""Trains a lossless preset.

`python -m tfcodec.training.lossless --data DIR --output DIR`
"""

import argparse
import json
import pathlib
import sys
import types

import numpy as np

from tfcodec import presets
from tfcodec.errors import TfcodecError
from tfcodec.lossless.contexts import NUM_PASSES
from tfcodec.lossless.contexts import NUM_PLANES
from tfcodec.lossless.contexts import num_inputs
from tfcodec.lossless.model import Model
from tfcodec.lossless.walk import GROUPS
from tfcodec.training.data import DataConfig
from tfcodec.training.data import make_batches

ORDER = [1, 0, 2]  # G, R, B


def main(arguments=None):
    """Trains a lossless preset; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tfcodec.training.lossless",
        description="Train the lossless preset on a folder of pictures.",
    )
    parser.add_argument("--data", required=True, help="image source")
    parser.add_argument("--output", required=True, help="preset folder")
    parser.add_argument("--crop", type=int, default=256, help="of pictures")
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument(
        "--samples", type=int, default=500, help="of a picture, a predictor"
    )
    parser.add_argument(
        "--layer-steps", type=int, default=500, help="of the lossy layer"
    )
    parser.add_argument(
        "--steps", type=int, default=500, help="of each predictor"
    )
    parser.add_argument("--rate", type=float, default=3e-3, help="of learning")
    parser.add_argument(
        "--table-pictures", type=int, default=40, help="for the tables"
    )
    parser.add_argument(
        "--start", help="preset folder to go on from, with its lossy layer"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the weights")
    parser.add_argument(
        "--without-layer",
        action="store_true",
        help="a lossy layer that is grey, to measure what it is good for",
    )
    options = parser.parse_args(arguments)
    try:
        output = pathlib.Path(options.output)
        output.mkdir(parents=True, exist_ok=True)
        model = train(options)
        model.save(output)
        settings = {
            "family": "lossless",
            "name": presets.LOSSLESS_NAME,
            "identifier": presets.LOSSLESS,
            "model_hash": model.model_hash.hex(),
            "training": {
                name: value
                for name, value in vars(options).items()
                if name not in ("data", "output", "start")
            },
        }
        (output / "preset.json").write_text(
            json.dumps(settings, indent=2) + "\n", "utf-8"
        )
    except (TfcodecError, ValueError, OSError) as error:
        print(f"lossless: {error}", file=sys.stderr)
        return 1
    print(f"{output}: model hash {model.model_hash.hex()}")
    return 0


def train(options, report=print):
    """A `Model` for the options of the command line."""
    # Here, since `--help` need not wait for Keras.
    import keras

    from tfcodec.training.lossless import layer as layers
    from tfcodec.training.lossless import predictors
    from tfcodec.training.lossless import samples
    from tfcodec.training.lossless import tables

    keras.utils.set_random_seed(options.seed)
    start = None
    if options.start:
        start = Model.load(pathlib.Path(options.start))
        layer = start.layer
    else:
        batches = _batches(options, 1.5, batch_size=12, crop=96, seed=5)
        autoencoder = layers.train(
            (batch[..., ORDER] for batch in batches),
            options.layer_steps,
            report=report,
        )
        if options.without_layer:
            layers.blank(autoencoder)
        layer = layers.freeze(autoencoder)

    def smooth(planes):
        return layer.synthesise(layer.analyse(planes), *planes.shape[1:])

    found = samples.collect(
        _pictures(options, options.pictures, seed=9), smooth, options.samples
    )
    channels = max(
        num_inputs(plane, number)
        for plane in range(NUM_PLANES)
        for number in range(NUM_PASSES)
    )
    trainer = predictors.Trainer(channels, options.steps, rate=options.rate)
    trained = {}
    for key in samples.KEYS:
        group, plane, number = key
        earlier = start and start.predictors[group][plane][number]
        trained[key], bits = trainer(found[key], earlier)
        report(f"group {group} plane {plane} pass {number}: {bits:.3f} bits")
    found.clear()
    nested = tuple(
        tuple(
            tuple(trained[group, plane, number] for number in range(NUM_PASSES))
            for plane in range(NUM_PLANES)
        )
        for group in range(GROUPS)
    )
    networks = types.SimpleNamespace(layer=layer, predictors=nested)
    pictures = _pictures(options, options.table_pictures, seed=10)
    counts = tables.count(networks, pictures)
    return Model(layer, nested, tables.fit(counts, layer.channels))


def _batches(options, scale_max, **settings):
    """Batches of crops, enlarged by factors from 1 to `scale_max`."""
    config = DataConfig(
        options.data,
        flip_vertical=True,
        scale_max=scale_max,
        workers=1,
        **settings,
    )
    return make_batches(None, config, engine="numpy")


def _pictures(options, count, seed):
    """`count` crops, uint8 `(3, crop, crop)` in the order of coding.

    Every third one is enlarged: pictures from large sensors are softer.
    """
    settings = {"batch_size": 1, "crop": options.crop, "seed": seed}
    native = _batches(options, 1.0, **settings)
    enlarged = _batches(options, 1.5, **settings)
    for i in range(count):
        batch = next(enlarged if i % 3 == 2 else native)
        yield np.ascontiguousarray(batch[0].transpose(2, 0, 1)[ORDER])


if __name__ == "__main__":
    sys.exit(main())
