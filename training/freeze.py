"""From a training run to a preset: averaged weights, integer tables.

`python -m tfcodec.training.freeze --run runs/photo --config run.yaml
--name photo-1 --output tfcodec/presets/photo-1`
"""

import argparse
import pathlib
import sys

import keras
import numpy as np

from tfcodec import presets
from tfcodec.codec import Codec
from tfcodec.errors import TfcodecError
from tfcodec.training import checkpoint
from tfcodec.training.config import load_config
from tfcodec.training.data import make_batches
from tfcodec.training.loop import CHECKPOINT
from tfcodec.training.loop import make_model
from tfcodec.training.validate import averaged_weights


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
        help="fit the tables to the symbols of N training images",
    )
    parser.add_argument(
        "--mantissa",
        type=int,
        choices=range(4, 11),
        default=10,
        metavar="BITS",
        help="round kernels to so many bits of a float16's 10: smaller files",
    )
    parser.add_argument(
        "--bits-per-lane",
        type=int,
        metavar="BITS",
        help="of a file's bits, for how many a lane of the coder is used, "
        "6000: fewer make faster and larger files",
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
        with averaged_weights(model):
            if options.mantissa < 10:
                round_kernels(model, options.mantissa)
            coding = (
                Codec(model)
                .save_preset(
                    options.output,
                    options.name,
                    images,
                    overwrite=True,
                    identifier=identifier,
                    training={"steps": step, "planned_steps": config.steps},
                    bits_per_lane=options.bits_per_lane,
                )
                .coding
            )
    except (TfcodecError, ValueError, OSError) as error:
        print(f"freeze: {error}", file=sys.stderr)
        return 1
    print(
        f"{options.output}: step {step}, {coding.tables.num_tables} tables, "
        f"model hash {coding.model_hash.hex()}"
    )
    return 0


def round_kernels(model, bits):
    """Rounds kernels to `bits` binary digits after the leading one.

    The zeros that follow compress: 13 % of `weights.npz` for two bits less.
    Kernels of the integer network become the integers they stand for, so that
    it stays what it is; vectors stay too.
    """
    network = getattr(model, "scale_network", None)
    exact = {id(weight) for weight in network.weights} if network else set()
    for stage in network.stages if network else ():
        stage.snap_kernel()
    for weight in model.weights:
        if len(weight.shape) < 2 or id(weight) in exact:
            continue
        value = keras.ops.convert_to_numpy(weight)
        mantissa, exponent = np.frexp(value)
        mantissa = np.ldexp(np.rint(np.ldexp(mantissa, bits + 1)), -bits - 1)
        weight.assign(np.ldexp(mantissa, exponent).astype(value.dtype))


if __name__ == "__main__":
    sys.exit(main())
