"""Kinds of values on the command line, and options of many commands."""

import functools
import math
from typing import NamedTuple

import click

from tfcodec.limits import MAX_PIXELS


class Number(click.FloatRange):
    """A float in a range; `nan` and `inf` are refused."""

    def convert(self, value, param, ctx):
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class List(click.ParamType):
    """Values separated by commas, as a tuple.

    Args:
        kind: `click.ParamType` of each value; None for str.
        length: int, how many there must be; None for any number.
    """

    name = "list"

    def __init__(self, kind=None, length=None):
        self._kind = kind
        self._length = length

    def convert(self, value, param, ctx):
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if self._length not in (None, len(parts)):
            self.fail(f"{value} is not {self._length} values.", param, ctx)
        if self._kind is None:
            return tuple(parts)
        return tuple(self._kind.convert(part, param, ctx) for part in parts)


class Size(click.ParamType):
    """`WxH` in pixels, multiples of 16, as `(height, width)`."""

    name = "size"

    def convert(self, value, param, ctx):
        if isinstance(value, tuple):
            return value
        sides = value.lower().split("x")
        if len(sides) != 2 or not all(
            s.isascii() and s.isdigit() for s in sides
        ):
            self.fail(f"{value} is not a size like 768x512.", param, ctx)
        width, height = map(int, sides)
        if min(width, height) < 16 or width % 16 or height % 16:
            self.fail(f"{value} is not in multiples of 16.", param, ctx)
        return height, width


def output_option(default="beside the input"):
    """`-o`; `default` says where outputs go without it."""
    return click.option(
        "-o",
        "--output",
        metavar="OUT|DIR",
        type=click.Path(),
        help=f"File for one input, or folder. Default: {default}.",
    )


POSITIVE = Number(min=0, min_open=True)
QUALITY = Number(1, 100)
RUNTIMES = ("litert", "tf")  # what runs the networks
inputs_argument = click.argument(
    "inputs", metavar="IN...", nargs=-1, required=True, type=click.Path()
)
force_option = click.option("--force", is_flag=True, help="Overwrite outputs.")
strip_option = click.option(
    "--strip",
    is_flag=True,
    help="Drop EXIF, XMP and colour profile; colours become sRGB.",
)
target_psnr_option = click.option(
    "--target-psnr",
    metavar="P",
    type=POSITIVE,
    help="Smallest file with a PSNR of at least P dB.",
)
target_bytes_option = click.option(
    "--target-bytes",
    metavar="N",
    type=click.IntRange(min=1),
    help="Best quality within N bytes.",
)
debug_option = click.option(
    "--debug", is_flag=True, help="Show tracebacks of errors."
)
preset_option = click.option(
    "--preset",
    metavar="NAME",
    default="photo",
    show_default=True,
    help="Name or folder of a preset.",
)

max_pixels_option = click.option(
    "--max-pixels",
    metavar="N",
    type=click.IntRange(min=1),
    default=MAX_PIXELS,
    show_default=True,
    help="Refuse larger pictures, before they are decoded.",
)


def lossless_options(rate, max_error):
    """What `--lossless` stands for: a preset, and one of its qualities.

    Args:
        rate: dict, options about the rate that were given.
        max_error: int, 0..8.

    Raises:
        click.UsageError: an option was given that does not go with it.
    """
    context = click.get_current_context()
    wrong = list(rate)
    for name in ("effort", "preset", "runtime"):
        source = context.get_parameter_source(name)
        if source is click.core.ParameterSource.COMMANDLINE:
            wrong.append(name)
    if wrong:
        names = [f"--{name.replace('_', '-')}" for name in wrong]
        raise click.UsageError(
            f"--lossless does not go with {' and '.join(names)}."
        )
    from tfcodec.presets import LOSSLESS_NAME

    quality = 100.0 - max_error
    return {"preset": LOSSLESS_NAME, "rate": {"quality": quality}}


def describe_lossless(quality):
    """What a quality of the lossless preset stands for, in words."""
    max_error = round(100 - quality)
    return f"lossless within {max_error}" if max_error else "lossless"


class TreeOptions(NamedTuple):
    """What `--recursive` goes with."""

    jobs: int
    dry_run: bool
    as_json: bool


def tree_options(command):
    """The options of a command that does whole trees.

    The command gets them as `tree`, a `TreeOptions`, or None without
    `--recursive`.
    """

    @click.option(
        "-r",
        "--recursive",
        is_flag=True,
        help="A folder and those in it to the same tree in DIR.",
    )
    @click.option(
        "--jobs",
        metavar="N",
        type=click.IntRange(min=1),
        help="Processes, with --recursive.  [default: 1]",
    )
    @click.option(
        "--dry-run",
        is_flag=True,
        help="Only say what --recursive would do.",
    )
    @click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="A report of --recursive as JSON, on stdout.",
    )
    @functools.wraps(command)
    def with_tree(recursive, jobs, dry_run, as_json, **options):
        tree = None
        if recursive:
            tree = TreeOptions(jobs or 1, dry_run, as_json)
        elif jobs or dry_run or as_json:
            raise click.UsageError(
                "--jobs, --dry-run and --json need --recursive."
            )
        return command(tree=tree, **options)

    return with_tree


def chosen_rate(options, names):
    """Takes the options of a rate out of a command's.

    Args:
        options: dict, changed in place.
        names: names of options of which one may be given.

    Returns:
        Dict of the one that is, or an empty one.

    Raises:
        click.UsageError: there is more than one.
    """
    chosen = {name: options.pop(name) for name in names}
    chosen = {name: v for name, v in chosen.items() if v is not None}
    if len(chosen) > 1:
        given = [f"--{name.replace('_', '-')}" for name in chosen]
        raise click.UsageError(f"Give only one of {' and '.join(given)}.")
    return chosen
