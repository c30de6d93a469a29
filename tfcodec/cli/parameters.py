"""Kinds of values on the command line, and options of many commands."""

import math

import click


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


POSITIVE = Number(min=0, min_open=True)
QUALITY = Number(1, 100)
RUNTIMES = ("litert", "tf")  # what runs the networks
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
