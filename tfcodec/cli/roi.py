"""`--roi`: a mask that says where in a picture the bits are to go."""

import functools
from typing import NamedTuple

import click

from tfcodec.cli.parameters import Number
from tfcodec.cli.report import reason
from tfcodec.cli.report import shown
from tfcodec.errors import TfcodecError

EFFORT = 4  # unless another one is given
GAIN = 8.0
_DEFAULT = click.core.ParameterSource.DEFAULT


class Roi(NamedTuple):
    """A region of interest as the command line names it."""

    path: str  # of the mask
    gain: float


def roi_options(command):
    """The options `--roi` and `--roi-gain` of a command with an effort.

    The command gets a `Roi` as `roi` if there is a mask, and nothing if not.
    """

    @click.option(
        "--roi",
        metavar="MASK",
        type=click.Path(),
        help="A greyscale picture, white where detail matters.",
    )
    @click.option(
        "--roi-gain",
        metavar="G",
        type=Number(1, 1000),
        help="How much more errors in white count than in black, with --roi."
        f"  [default: {GAIN:g}]",
    )
    @functools.wraps(command)
    def with_roi(roi, roi_gain, **options):
        if roi is None:
            if roi_gain is not None:
                raise click.UsageError("--roi-gain needs --roi MASK.")
            return command(**options)
        _check(options)
        context = click.get_current_context()
        if context.get_parameter_source("effort") is _DEFAULT:
            options["effort"] = EFFORT
        roi = Roi(roi, GAIN if roi_gain is None else roi_gain)
        return command(roi=roi, **options)

    return with_roi


def _check(options):
    """Raises click.UsageError for options that do not go with a mask."""
    for name in ("recursive", "target_psnr", "lossless"):
        if options.get(name):
            raise click.UsageError(
                f"--roi does not go with --{name.replace('_', '-')}."
            )
    context = click.get_current_context()
    is_given = context.get_parameter_source("effort") is not _DEFAULT
    if options["effort"] == 1 and is_given:
        raise click.UsageError(
            "--roi needs an --effort above 1: it is what weighs the pixels."
        )


def read_mask(path, shape, max_pixels):
    """A mask for a picture.

    Args:
        path: of an image file. Colours become grey, what is transparent is 0.
        shape: pair of ints, height and width of the picture.
        max_pixels: int. Larger masks are refused.

    Returns:
        uint8 `(height, width)`.

    Raises:
        TfcodecError: it cannot be read, or has another size.
    """
    import numpy as np

    from tfcodec.cli.images import read_image

    try:
        mask = read_image(path, strip=True, max_pixels=max_pixels).pixels
    except (OSError, TfcodecError) as error:
        raise TfcodecError(
            f"the mask {shown(path)}: {reason(error)}"
        ) from error
    if mask.shape[:2] != shape:
        (height, width), (rows, columns) = shape, mask.shape[:2]
        raise TfcodecError(
            f"the mask {shown(path)} is {columns}x{rows} pixels, the picture "
            f"{width}x{height}"
        )
    has_alpha = mask.shape[2] in (2, 4)
    grey = mask[:, :, :-1] if has_alpha else mask
    grey = grey.mean(axis=2, dtype=np.float32)
    if has_alpha:
        grey *= mask[:, :, -1] / np.float32(255)
    return np.rint(grey).astype(np.uint8)
