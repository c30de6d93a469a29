"""`tfcodec jpeg`: images to standard JPEG files."""

import click

from tfcodec.cli.parameters import POSITIVE
from tfcodec.cli.parameters import QUALITY
from tfcodec.cli.parameters import chosen_rate
from tfcodec.cli.parameters import debug_option
from tfcodec.cli.parameters import max_pixels_option


@click.command("jpeg")
@click.argument(
    "inputs", metavar="IN...", nargs=-1, required=True, type=click.Path()
)
@click.option(
    "-o",
    "--output",
    metavar="OUT|DIR",
    type=click.Path(),
    help="File for one input, or folder. Default: beside the input.",
)
@click.option(
    "-q",
    "--quality",
    metavar="1..100",
    type=QUALITY,
    help="About the PSNR that Pillow's JPEG has there.  [default: 75]",
)
@click.option(
    "--target-psnr",
    metavar="P",
    type=POSITIVE,
    help="Smallest file with a PSNR of at least P dB.",
)
@click.option(
    "--target-bytes",
    metavar="N",
    type=click.IntRange(min=1),
    help="Best quality within N bytes.",
)
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
@click.option("--force", is_flag=True, help="Overwrite outputs.")
@click.option(
    "--strip",
    is_flag=True,
    help="Drop EXIF, XMP and colour profile; colours become sRGB.",
)
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
