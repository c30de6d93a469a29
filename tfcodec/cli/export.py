"""`tfcodec export`: presets as models for servers and phones."""

import os
import pathlib

import click

from tfcodec.cli.parameters import Size
from tfcodec.cli.parameters import debug_option
from tfcodec.cli.parameters import preset_option
from tfcodec.cli.report import Reporter
from tfcodec.cli.report import shown
from tfcodec.limits import EXPORT_MAX_PIXELS
from tfcodec.limits import MAX_PIXELS


@click.group("export")
def export():
    """Write a preset as a model that runs without tfcodec."""


@export.command("saved-model")
@click.argument("folder", metavar="OUT", type=click.Path())
@preset_option
@click.option(
    "--name", metavar="NAME", help="Name of the model.  [default: the family]"
)
@click.option(
    "--version",
    metavar="N",
    type=click.IntRange(min=1),
    help="Its version.  [default: the preset's number]",
)
@click.option(
    "--max-pixels",
    metavar="N",
    type=click.IntRange(1, MAX_PIXELS),
    default=EXPORT_MAX_PIXELS,
    show_default=True,
    help="Larger images are refused.",
)
@debug_option
def saved_model(folder, preset, name, version, max_pixels, debug):
    """Write OUT/NAME/VERSION/ for TensorFlow Serving.

    A SavedModel of stock TensorFlow ops: image bytes to .tfc bytes and back.
    OUT also gets models.config and batching_parameters.txt.
    """
    preset = _find_preset(preset)

    def write(codec, report):
        from tfcodec.export.serving.saved_model import export_saved_model

        path = export_saved_model(
            codec, folder, name, version, max_pixels, report
        )
        return path, _size(path)

    return _export(preset, folder, write, debug)


@export.command("tflite")
@click.argument("path", metavar="OUT.tflite", type=click.Path())
@preset_option
@click.option(
    "--quantize",
    type=click.Choice(["none", "float16", "dynamic"]),
    default="none",
    show_default=True,
    help="Form of the networks' weights; parsing stays exact.",
)
@click.option(
    "--size",
    metavar="WxH",
    type=Size(),
    help="The size of all images, multiples of 16; faster with delegates.",
)
@click.option("--dynamic", is_flag=True, help="Images of any size.  [default]")
@click.option(
    "--max-pixels",
    metavar="N",
    type=click.IntRange(min=1),
    default=EXPORT_MAX_PIXELS,
    show_default=True,
    help="Larger images are refused.",
)
@click.option("--force", is_flag=True, help="Overwrite the output.")
@debug_option
def tflite(path, preset, quantize, size, dynamic, max_pixels, force, debug):
    """Write a LiteRT (TFLite) file of builtin ops only.

    One file with signatures for whole files (compress, decompress) and for
    their parts. docs/mobile.md describes them.
    """
    if size and dynamic:
        raise click.UsageError("Give only one of --size and --dynamic.")
    preset = _find_preset(preset)
    if os.path.exists(path) and not force:
        raise click.UsageError(f"{path} exists; --force overwrites it.")

    def write(codec, report):
        from tfcodec.export.lite.tflite import export_tflite

        return path, export_tflite(
            codec, path, quantize, size, max_pixels, report
        )

    return _export(preset, path, write, debug)


def _find_preset(name):
    from tfcodec.cli import loading  # NumPy, which `--help` does not need

    return loading.find_preset(name)


def _export(preset, target, write, debug):
    """Runs an export with a line of result or of error.

    Args:
        preset: `Preset`.
        target: str, what an error names.
        write: function of the codec and of a function of str that is told
            what is being done; returns the path and its bytes.
        debug: bool, show tracebacks.

    Returns:
        The exit code.
    """
    from tfcodec.cli import loading

    with Reporter(1, debug) as reporter:
        try:
            codec = loading.Codecs("tf").get(preset, reporter)
            path, num_bytes = write(codec, reporter.phase)
        except Exception as error:
            reporter.failure(target, error)
        else:
            reporter.result(
                f"{shown(preset.directory.name)} -> {shown(path)}"
                f"  {num_bytes / 1e6:.1f} MB"
            )
        reporter.advance()
    return reporter.exit_code


def _size(folder):
    """Bytes of all files in a folder."""
    files = pathlib.Path(folder).rglob("*")
    return sum(os.path.getsize(path) for path in files if path.is_file())
