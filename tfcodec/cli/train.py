"""`tfcodec train`: trains a codec from a file of settings."""

import click


@click.command("train")
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(),
    required=True,
    help="Settings, .yaml or .py: see docs/training.md.",
)
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(),
    required=True,
    help="Folder of checkpoint and logs.",
)
@click.option(
    "--data", metavar="SOURCE", help="Images, in place of the settings'."
)
@click.option(
    "--steps",
    metavar="N",
    type=click.IntRange(min=1),
    help="Length of the whole run.  [default: the settings']",
)
@click.option(
    "--stop-at",
    metavar="N",
    type=click.IntRange(min=1),
    help="Stop early; the schedule stays.",
)
def train(config, output, data, steps, stop_at):
    """Train a codec; the same command again resumes.

    Ctrl-C saves first. `python -m tfcodec.training.freeze` makes a preset of
    a run.
    """
    from tfcodec.training.train import run

    return run(config, output, data, steps, stop_at)
