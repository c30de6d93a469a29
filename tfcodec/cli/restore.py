"""`tfcodec restore`: the command; its work is in `restoration.py`."""

import click

from tfcodec.cli.parameters import debug_option
from tfcodec.cli.parameters import max_pixels_option


@click.command("restore")
@click.argument(
    "inputs", metavar="IN...", nargs=-1, required=True, type=click.Path()
)
@click.option(
    "-o",
    "--output",
    metavar="OUT|DIR",
    type=click.Path(),
    help="File for one input, or folder. Default: beside the input, as "
    "NAME.restored.png.",
)
@click.option("--force", is_flag=True, help="Overwrite outputs.")
@max_pixels_option
@debug_option
def restore(inputs, output, force, max_pixels, debug):
    """Clean JPEG files of what compression has done to them.

    A network that was trained on photographs compressed at qualities 5 to 60
    takes off blocks and rings. Good JPEG files gain nothing.
    """
    from tfcodec.cli import restoration

    return restoration.run(inputs, output, force, debug, max_pixels)
