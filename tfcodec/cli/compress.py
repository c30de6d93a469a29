"""`tfcodec compress`: images to `.tfc` files."""

import dataclasses
import pathlib

import click

from tfcodec.cli import files
from tfcodec.cli import images
from tfcodec.cli import loading
from tfcodec.cli.parameters import describe_lossless as describe
from tfcodec.cli.report import run_jobs
from tfcodec.cli.report import shown
from tfcodec.cli.roi import Roi
from tfcodec.cli.roi import read_mask
from tfcodec.cli.verify import verify
from tfcodec.metrics import bpp
from tfcodec.presets import LOSSLESS
from tfcodec.presets import Preset

SUFFIX = ".tfc"


def run(inputs, output, force, debug, *, preset, runtime, **options):
    """Compresses files.

    Args:
        inputs: list of str, files and folders.
        output: str or None, file or folder.
        force: bool, overwrite.
        debug: bool, show tracebacks.
        preset: str, name or folder.
        runtime: "litert", "tf" or None, see `loading.Codecs`.
        **options: `rate`, `effort`, `verify`, `strip`, `max_pixels` and
            `roi`, see `Compressor`.

    Returns:
        The exit code.
    """
    preset = loading.find_preset(preset)
    codecs = loading.Codecs(runtime, options["effort"])
    jobs = files.plan(inputs, output, SUFFIX, images.READ_SUFFIXES, (SUFFIX,))
    if output is not None and len(jobs) == 1:
        _check_name(jobs[0].target)
    if "roi" in options and len(jobs) > 1:
        raise click.UsageError(
            f"--roi goes with one picture. Received: {len(jobs)} pictures."
        )
    writer = files.Writer(jobs, force)
    compress = Compressor(codecs, preset, **options)

    def work(job, reporter):
        return compress(job, writer, reporter).line

    return run_jobs(jobs, work, debug)


def run_tree(inputs, output, tree, force, debug, *, preset, runtime, **options):
    """Compresses a tree; as `run`, and with `parameters.TreeOptions`."""
    # Here, since a single file need not wait for what trees take.
    from tfcodec.cli import archive
    from tfcodec.cli.made_before import MadeBefore

    preset = loading.find_preset(preset)
    loading.Codecs(runtime, options["effort"])  # Raises if there is none.
    command = archive.Command(
        name="compress",
        suffixes=images.READ_SUFFIXES,
        rename=_rename,
        is_made=MadeBefore(preset, options["rate"], options["verify"]),
        make=_make,
        arguments=(preset, runtime, options),
        settings={"preset": preset.name, **options},
    )
    return archive.run(command, inputs, output, tree, force, debug)


def _rename(name):
    return name + SUFFIX


def _make(preset, runtime, options, num_threads):
    codecs = loading.Codecs(runtime, options["effort"], num_threads)
    # Now, and not with the first file: without it none can be done.
    codecs.get(preset)
    return Compressor(codecs, preset, **options)


@dataclasses.dataclass(frozen=True)
class Compressor:
    """Makes one `.tfc` file at a time.

    Args:
        codecs: `loading.Codecs`.
        preset: `Preset`.
        rate: dict of one item, "quality" or an argument of `compress_to`.
        effort: int, 1 to 5.
        verify: bool. See `verify.verify`.
        strip: bool. Drop the metadata.
        max_pixels: int. Larger images are refused.
        roi: `Roi`, or None for no region of interest.
    """

    codecs: loading.Codecs
    preset: Preset
    rate: dict
    effort: int
    verify: bool
    strip: bool
    max_pixels: int
    roi: Roi | None = None

    def __call__(self, job, writer, reporter):
        """Makes `job.target`; returns `files.Made`."""
        image, metadata, notes = images.read_image(
            job.source, self.strip, self.max_pixels
        )
        region = {}
        if self.roi is not None:
            mask = read_mask(self.roi.path, image.shape[:2], self.max_pixels)
            region = {"roi": mask, "roi_gain": self.roi.gain}
        writer.check(job.target)
        codec = self.codecs.get(self.preset, reporter)
        reporter.phase(f"compressing {job.source.name}")
        data, quality = compress_at(
            codec,
            image,
            self.rate,
            self.effort,
            reporter.step,
            metadata,
            **region,
        )
        lossless = self.preset.identifier == LOSSLESS
        max_error = round(100 - quality) if lossless else None
        psnr = None

        def check(read_back):
            nonlocal psnr
            psnr = verify(codec, image, data, read_back, max_error)

        writer.write(job.target, data, check if self.verify else None)
        if notes:
            reporter.note(job.source, "; ".join(notes))
        height, width = image.shape[:2]
        kind = describe(quality) if lossless else f"q{quality:g}"
        line = (
            f"{shown(job.source)} -> {shown(job.target)}  {len(data):,} bytes"
            f"  {bpp(len(data), height, width):.2f} bpp  {kind}"
        )
        if psnr is not None:
            same = psnr == float("inf")
            line += f"  verified: {'exact' if same else f'{psnr:.2f} dB'}"
        return files.Made(line, len(data), height * width, psnr)


def compress_at(
    codec, image, rate, effort=1, report=None, metadata=None, **region
):
    """`(data, quality)` of an image at a quality or a target.

    `region`: `roi` and `roi_gain`, see `FileCodec.compress`, or nothing.
    """
    options = {
        "effort": effort,
        "report": report,
        "metadata": metadata,
        **region,
    }
    if "quality" in rate:
        quality = round(rate["quality"], 2)
        return codec.compress(image, quality, **options), quality
    from tfcodec.rate_control import compress_to

    return compress_to(codec, image, **options, **rate)


def _check_name(target):
    """Refuses what is surely meant as something else."""
    suffix = pathlib.Path(target).suffix.lower()
    if suffix in images.READ_SUFFIXES:
        raise click.UsageError(
            f"The output {shown(target)} is named like an image; compressed "
            f"files end in {SUFFIX}."
        )
