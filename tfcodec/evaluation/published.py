"""Curves from papers, to be drawn and compared with.

A JSON object with "codecs": `{name: {"bpp": [...], "psnr_rgb": [...],
"ms_ssim": [...], "source": str}}`. Either distortion may be missing; MS-SSIM
is in 0..1. Other keys are passed over.
"""

import json
import pathlib

from tfcodec.errors import TfcodecError
from tfcodec.evaluation.distortions import decibels

MOST = 8  # All curves of a file are taken only if there are no more.


def read_published(path, names=None):
    """Reads published curves.

    Args:
        path: the JSON file.
        names: list of codecs to take, or None for all.

    Returns:
        `(curves, sources)`: dict of name to rows with "bpp", "psnr" and
        "ms_ssim_db" as far as known; dict of name to str.

    Raises:
        TfcodecError: the file is not such a file, or lacks a name, or has
            more than 8 curves and `names` is None.
    """
    try:
        codecs = json.loads(pathlib.Path(path).read_text("utf-8"))["codecs"]
        known = list(codecs)
    except OSError as error:
        raise TfcodecError(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise TfcodecError(
            f'{path}: not a JSON object with "codecs".'
        ) from error
    if names is None:
        if len(known) > MOST:
            raise TfcodecError(
                f"{path} has {len(known)} curves, too many for a plot: choose "
                f"by --published-names some of {', '.join(known)}."
            )
        names = known
    curves, sources = {}, {}
    for name in names:
        if name not in codecs:
            raise TfcodecError(
                f"{path} has no curve {name!r}. Curves: {', '.join(known)}."
            )
        try:
            curves[name] = _rows(codecs[name])
            sources[name] = str(codecs[name].get("source", ""))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TfcodecError(
                f"{path}: the curve {name!r} needs lists of numbers of one "
                'length, "bpp" and "psnr_rgb" or "ms_ssim".'
            ) from error
    return curves, sources


def _rows(codec):
    columns = {"bpp": codec["bpp"]}
    if "psnr_rgb" in codec:
        columns["psnr"] = codec["psnr_rgb"]
    if "ms_ssim" in codec:
        columns["ms_ssim_db"] = [decibels(float(x)) for x in codec["ms_ssim"]]
    if len(columns) < 2:
        raise KeyError("no distortion")
    rows = [
        {
            key: None if value is None else float(value)
            for key, value in zip(columns, row, strict=True)
        }
        for row in zip(*columns.values(), strict=True)
    ]
    return sorted(rows, key=lambda row: row["bpp"])
