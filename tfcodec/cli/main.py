"""The command `tfcodec`: arguments and exit codes; the work is elsewhere.

Exit codes: 0 every file succeeded, 1 some file failed, 2 wrong usage, 130
interrupted. Click's own messages take several lines; here each is one.
"""

import sys

import click

import tfcodec
from tfcodec.cli.eval import evaluate
from tfcodec.cli.export import export
from tfcodec.cli.jpeg import jpeg
from tfcodec.cli.parameters import POSITIVE
from tfcodec.cli.parameters import QUALITY
from tfcodec.cli.parameters import RUNTIMES
from tfcodec.cli.parameters import chosen_rate
from tfcodec.cli.parameters import debug_option
from tfcodec.cli.parameters import force_option
from tfcodec.cli.parameters import inputs_argument
from tfcodec.cli.parameters import lossless_options
from tfcodec.cli.parameters import max_pixels_option
from tfcodec.cli.parameters import output_option
from tfcodec.cli.parameters import preset_option
from tfcodec.cli.parameters import strip_option
from tfcodec.cli.parameters import target_bytes_option
from tfcodec.cli.parameters import target_psnr_option
from tfcodec.cli.parameters import tree_options
from tfcodec.cli.restore import restore
from tfcodec.cli.roi import roi_options
from tfcodec.cli.serve import serve
from tfcodec.cli.train import train


class _Group(click.Group):
    """A group that ends on Ctrl-C with one line, without a traceback."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("tfcodec: interrupted", err=True)
            return 130


_runtime = click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    help="What runs the networks.  [default: litert where it can]",
)


@click.group(
    cls=_Group, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(
    tfcodec.__version__, prog_name="tfcodec", message="%(prog)s %(version)s"
)
def cli():
    """A learned image codec: photographs to .tfc files and back."""


@cli.command()
@inputs_argument
@output_option()
@click.option(
    "-q",
    "--quality",
    metavar="1..100",
    type=QUALITY,
    help="Quality, in steps of 0.01.  [default: 50]",
)
@click.option(
    "--target-bpp",
    metavar="B",
    type=POSITIVE,
    help="Best quality within B bits per pixel.",
)
@target_psnr_option
@target_bytes_option
@click.option(
    "--effort",
    metavar="1..5",
    type=click.IntRange(1, 5),
    default=1,
    show_default=True,
    help="Smaller files for more time: 5 takes half a minute per megapixel.",
)
@roi_options
@click.option("--lossless", is_flag=True, help="Keep every pixel exactly.")
@click.option(
    "--max-error",
    metavar="0..8",
    type=click.IntRange(0, 8),
    help="With --lossless: by how much a sample may differ.  [default: 0]",
)
@preset_option
@_runtime
@force_option
@click.option(
    "--verify",
    is_flag=True,
    help="Read back, decode and compare each file before it gets its name.",
)
@strip_option
@max_pixels_option
@tree_options
@debug_option
def compress(inputs, output, tree, force, debug, **options):
    """Compress images, or all images in folders, to .tfc files.

    Transparency, greyscale, colour profile, EXIF and XMP are kept. A line says
    what cannot be: 16 bits become 8, CMYK becomes sRGB.
    """
    from tfcodec.cli import compress as command

    rates = ("quality", "target_bpp", "target_psnr", "target_bytes")
    chosen = chosen_rate(options, rates)
    options["rate"] = chosen or {"quality": 50.0}
    lossless, max_error = options.pop("lossless"), options.pop("max_error")
    if lossless:
        options.update(lossless_options(chosen, max_error or 0))
    elif max_error is not None:
        raise click.UsageError("--max-error needs --lossless.")
    if tree is not None:
        return command.run_tree(inputs, output, tree, force, debug, **options)
    return command.run(inputs, output, force, debug, **options)


@cli.command()
@inputs_argument
@output_option()
@click.option(
    "--preset",
    metavar="PATH",
    help="Folder of the preset, for files made with one of your own.",
)
@_runtime
@force_option
@max_pixels_option
@tree_options
@debug_option
def decompress(inputs, output, tree, force, debug, **options):
    """Decompress .tfc files, or all of them in folders, to images.

    The ending of OUT chooses the format: .png (default), .jpg or .jpeg
    (quality 95, 4:4:4), .webp (lossless). The file names its preset. A line
    says what the format cannot hold, as JPEG transparency.
    """
    from tfcodec.cli import decompress as command

    if tree is not None:
        return command.run_tree(inputs, output, tree, force, debug, **options)
    return command.run(inputs, output, force, debug, **options)


@cli.command()
@click.argument("file", metavar="FILE", required=False, type=click.Path())
@click.option(
    "--preset",
    metavar="NAME",
    help="Name or folder of a preset, instead of FILE.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@debug_option
def info(file, preset, as_json, debug):
    """Show what a .tfc or .tflite file holds, or what a preset costs."""
    if (file is None) == (preset is None):
        raise click.UsageError("Give either FILE or --preset NAME.")
    if preset is not None:
        from tfcodec.cli import info_preset

        return info_preset.run(preset, as_json, debug)
    from tfcodec.cli import info as command

    return command.run(file, as_json, debug)


@cli.command()
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    default="tfcodec-demo",
    show_default=True,
    type=click.Path(),
    help="Folder for the files.",
)
@click.option(
    "-q",
    "--quality",
    metavar="1..100",
    type=QUALITY,
    default=10.0,
    show_default=True,
    help="Quality.",
)
@preset_option
@force_option
@debug_option
def demo(output, quality, preset, force, debug):
    """Compare tfcodec with JPEG on a photograph that comes with it."""
    from tfcodec.cli import demo as command

    return command.run(output, quality, preset, force, debug)


cli.add_command(evaluate)
cli.add_command(export)
cli.add_command(jpeg)
cli.add_command(restore)
cli.add_command(serve)
cli.add_command(train)


def main(arguments=None):
    """Runs the command line.

    Args:
        arguments: list of str, default `sys.argv[1:]`.

    Returns:
        The exit code.
    """
    # Names that the terminal's encoding lacks are escaped, never an error.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(arguments, prog_name="tfcodec", standalone_mode=False)
    except click.ClickException as error:
        return _usage(error)
    except click.Abort:
        return 130
    return code or 0


def _usage(error):
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "tfcodec"
    message = " ".join(error.format_message().split())
    if type(error).__name__ == "NoArgsIsHelpError":  # `tfcodec` alone
        click.echo(error.format_message(), err=True)
    else:
        click.echo(f"{path}: {message} Help: {path} --help", err=True)
    return 2
