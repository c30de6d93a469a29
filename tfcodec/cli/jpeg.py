"""`tfcodec jpeg`: images to standard JPEG files."""

import click

from tfcodec.cli.parameters import QUALITY
from tfcodec.cli.parameters import chosen_rate
from tfcodec.cli.parameters import debug_option
from tfcodec.cli.parameters import force_option
from tfcodec.cli.parameters import inputs_argument
from tfcodec.cli.parameters import max_pixels_option
from tfcodec.cli.parameters import output_option
from tfcodec.cli.parameters import strip_option
from tfcodec.cli.parameters import target_bytes_option
from tfcodec.cli.parameters import target_psnr_option


@click.command("jpeg")
@inputs_argument
@output_option()
@click.option(
    "-q",
    "--quality",
    metavar="1..100",
    type=QUALITY,
    help="About the PSNR that Pillow's JPEG has there.  [default: 75]",
)
@target_psnr_option
@target_bytes_option
@click.option(
    "--subsampling",
    type=click.Choice(("auto", "444", "420")),
    default="auto",
    show_default=True,
    help="Resolution of the colours: whole or half.",
)
@click.option(
    "--baseline",
    is_flag=True,
    help="One sequential scan, for the simplest of decoders.",
)
@force_option
@strip_option
@max_pixels_option
@debug_option
def jpeg(inputs, output, force, debug, **options):
    """Compress images to standard JPEG files.

    A small network chooses the quantization tables for each picture, and each
    coefficient is rounded for the least error plus rate. Any viewer opens
    them.
    """
    from tfcodec.cli import jpeg_files

    rates = ("quality", "target_psnr", "target_bytes")
    rate = chosen_rate(options, rates) or {"quality": 75.0}
    return jpeg_files.run(inputs, output, force, debug, rate=rate, **options)
