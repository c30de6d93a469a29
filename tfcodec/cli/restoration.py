"""What `tfcodec restore` does: JPEG files cleaned."""

import warnings

import numpy as np

from tfcodec.cli import files
from tfcodec.cli import images
from tfcodec.cli.interrupt import deferred
from tfcodec.cli.report import run_jobs
from tfcodec.cli.report import shown
from tfcodec.quiet import quiet_import

_JPEG = (".jpg", ".jpeg")
_SUFFIX = ".restored.png"


def run(inputs, output, force, debug, max_pixels):
    """Cleans files.

    Args:
        inputs: list of str, files and folders.
        output: str or None, file or folder.
        force: bool, overwrite.
        debug: bool, show tracebacks.
        max_pixels: int. Larger pictures are refused.

    Returns:
        The exit code.
    """
    jobs = files.plan(inputs, output, _SUFFIX, _JPEG, images.WRITE_SUFFIXES)
    files.check_endings(jobs, images.WRITE_SUFFIXES)
    writer = files.Writer(jobs, force)
    restorer = None

    def work(job, reporter):
        nonlocal restorer
        found = images.read_image(job.source, max_pixels=max_pixels)
        writer.check(job.target)
        if restorer is None:
            reporter.phase("loading the network")
            restorer = _load()
        reporter.phase(f"restoring {job.source.name}")
        cleaned = restore_picture(restorer, found.pixels, reporter.step)
        encoded, lost = images.encode_image(
            cleaned, job.target.suffix.lower(), found.metadata
        )
        writer.write(job.target, encoded)
        if notes := [*found.notes, *lost]:
            reporter.note(job.source, "; ".join(notes))
        height, width = cleaned.shape[:2]
        changed = np.abs(cleaned.astype(np.int16) - found.pixels).mean()
        return (
            f"{shown(job.source)} -> {shown(job.target)}  {len(encoded):,} "
            f"bytes  {width} x {height}  changed by {changed:.1f} levels"
        )

    return run_jobs(jobs, work, debug)


def restore_picture(restorer, image, report=None):
    """As `Restorer.restore`, of a picture in colour or in grey.

    Args:
        restorer: `Restorer`.
        image: uint8 `(height, width, channels)`, 1 or 3; alpha, if any, is
            left alone.
        report: see `Restorer.restore`.

    Returns:
        uint8 in the same shape.
    """
    colours = image.shape[2] - (image.shape[2] in (2, 4))
    visible = image[..., :colours]
    is_grey = colours == 1
    rgb = np.repeat(visible, 3, axis=2) if is_grey else visible
    cleaned = restorer.restore(rgb, report)
    if is_grey:
        cleaned = np.rint(cleaned.mean(axis=2, keepdims=True)).astype(np.uint8)
    return np.concatenate([cleaned, image[..., colours:]], axis=2)


def _load():
    with deferred(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with quiet_import():
            from tfcodec import restoration
        return restoration.load()
