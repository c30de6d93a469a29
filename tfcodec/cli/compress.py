"""`tfcodec compress`: images to `.tfc` files."""

import pathlib

import click

from tfcodec.cli import files
from tfcodec.cli import images
from tfcodec.cli import loading
from tfcodec.cli.report import run_jobs
from tfcodec.cli.report import shown
from tfcodec.metrics import bpp

SUFFIX = ".tfc"


def run(inputs, output, rate, effort, preset, runtime, force, debug):
    """Compresses files.

    Args:
        inputs: list of str, files and folders.
        output: str or None, file or folder.
        rate: dict of one item, "quality" or an argument of `compress_to`.
        effort: int, 1 to 5.
        preset: str, name or folder.
        runtime: "litert", "tf" or None, see `loading.Codecs`.
        force: bool, overwrite.
        debug: bool, show tracebacks.

    Returns:
        The exit code.
    """
    preset = loading.find_preset(preset)
    codecs = loading.Codecs(runtime, effort)
    jobs = files.plan(inputs, output, SUFFIX, images.READ_SUFFIXES, (SUFFIX,))
    if output is not None and len(jobs) == 1:
        _check_name(jobs[0].target)
    writer = files.Writer(jobs, force)

    def work(job, reporter):
        image, notes = images.read_rgb(job.source)
        writer.check(job.target)
        codec = codecs.get(preset, reporter)
        reporter.phase(f"compressing {job.source.name}")
        data, quality = compress_at(codec, image, rate, effort, reporter.step)
        writer.write(job.target, data)
        if notes:
            reporter.note(job.source, "; ".join(notes))
        bits = bpp(len(data), *image.shape[:2])
        return (
            f"{shown(job.source)} -> {shown(job.target)}  {len(data):,} bytes"
            f"  {bits:.2f} bpp  q{quality:g}"
        )

    return run_jobs(jobs, work, debug, has_steps=effort > 1)


def compress_at(codec, image, rate, effort=1, report=None):
    """`(data, quality)` of an image at a quality or a target."""
    if "quality" in rate:
        quality = round(rate["quality"], 2)
        if effort == 1:
            return codec.compress(image, quality), quality
        encoder = codec.encoder(image)
        return encoder.encode(quality, effort, report), quality
    from tfcodec.rate_control import compress_to

    return compress_to(codec, image, effort=effort, report=report, **rate)


def _check_name(target):
    """Refuses what is surely meant as something else."""
    suffix = pathlib.Path(target).suffix.lower()
    if suffix in images.READ_SUFFIXES:
        raise click.UsageError(
            f"The output {shown(target)} is named like an image; compressed "
            f"files end in {SUFFIX}."
        )
