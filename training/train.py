"""Command line: `python -m tfcodec.training.train --config run.yaml`."""

import argparse
import dataclasses
import signal
import sys

from tfcodec.errors import TfcodecError
from tfcodec.folder_lock import only_run


def main(arguments=None):
    """Runs a training; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tfcodec.training.train",
        description="Train a codec; the same command again resumes.",
    )
    parser.add_argument(
        "--config", required=True, help="a .yaml or .py file of settings"
    )
    parser.add_argument(
        "--output", required=True, help="folder of checkpoint and logs"
    )
    parser.add_argument("--data", help="image source, in place of the config's")
    parser.add_argument("--steps", type=int, help="length of the whole run")
    parser.add_argument(
        "--stop-at", type=int, help="stop early; the schedule stays"
    )
    return run(**vars(parser.parse_args(arguments)))


def run(config, output, data=None, steps=None, stop_at=None):
    """Trains, or goes on where an earlier run was; returns the exit code.

    Args:
        config: path of a file of settings.
        output: folder of checkpoint and logs.
        data: image source in place of the settings', or None.
        steps: int, length of the whole run in place of theirs, or None.
        stop_at: int, the step to stop after, or None.
    """
    try:
        from tfcodec.training.config import load_config
        from tfcodec.training.loop import train

        config = load_config(config)
        if data:
            changed = dataclasses.replace(config.data, source=data)
            config = dataclasses.replace(config, data=changed)
        if steps:
            config = dataclasses.replace(config, steps=steps)
        # Also a run in the background, or one that is asked to end, saves.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        with only_run(output):
            train(config, output, stop_at=stop_at, report=_print)
    except (TfcodecError, ValueError, FloatingPointError, OSError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    return 0


def _print(line):
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
