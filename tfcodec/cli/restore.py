"""`tfcodec restore`: the command; its work is in `restoration.py`."""

import click

from tfcodec.cli.parameters import debug_option
from tfcodec.cli.parameters import force_option
from tfcodec.cli.parameters import inputs_argument
from tfcodec.cli.parameters import max_pixels_option
from tfcodec.cli.parameters import output_option


@click.command("restore")
@inputs_argument
@output_option("beside the input, as NAME.restored.png")
@force_option
@max_pixels_option
@debug_option
def restore(inputs, output, force, max_pixels, debug):
    """Clean JPEG files of what compression has done to them.

    A network that was trained on photographs compressed at qualities 5 to 60
    takes off blocks and rings. Good JPEG files gain nothing.
    """
    from tfcodec.cli import restoration

    return restoration.run(inputs, output, force, debug, max_pixels)
