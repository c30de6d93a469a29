"""The work of `tfcodec jpeg`."""

from tfcodec.cli import files
from tfcodec.cli import images
from tfcodec.cli.report import run_jobs
from tfcodec.cli.report import shown
from tfcodec.jpeg import JpegEncoder
from tfcodec.jpeg import encode_to
from tfcodec.metrics import bpp

SUFFIXES = (".jpg", ".jpeg")
_SUBSAMPLED = {"auto": None, "444": False, "420": True}
_MARKERS = range(0xE1, 0xF0)  # APP1 to APP15: all but JFIF's own.


def run(inputs, output, force, debug, **options):
    """Makes JPEG files.

    Args:
        inputs: list of str, files and folders.
        output: str or None, file or folder.
        force: bool, overwrite.
        debug: bool, show tracebacks.
        **options: see `_make`.

    Returns:
        The exit code.
    """
    jobs = files.plan(inputs, output, ".jpg", images.READ_SUFFIXES, SUFFIXES)
    files.check_endings(jobs, SUFFIXES)
    writer = files.Writer(jobs, force)

    def work(job, reporter):
        return _make(job, writer, reporter, **options)

    return run_jobs(jobs, work, debug)


def _make(
    job, writer, reporter, *, rate, subsampling, baseline, strip, max_pixels
):
    """Makes `job.target`; returns a line that says what it is.

    Args:
        rate: dict of one item, "quality" or an argument of `encode_to`.
        subsampling: str, "auto", "444" or "420".
        baseline: bool.
        strip: bool. Drop the metadata.
        max_pixels: int. Larger images are refused.
    """
    image, metadata, notes = images.read_image(job.source, strip, max_pixels)
    writer.check(job.target)
    reporter.phase(f"compressing {job.source.name}")
    # A corner is enough for what Pillow writes of the metadata.
    sample, lost = images.encode_image(image[:8, :8], ".jpg", metadata)
    if image.shape[2] in (2, 4):
        image = images.flatten(image)
    encoder = JpegEncoder(
        image,
        _SUBSAMPLED[subsampling],
        progressive=not baseline,
        segments=application_segments(sample),
    )
    if "quality" in rate:
        quality = rate["quality"]
        data = encoder.encode(quality)
    else:
        data, quality = encode_to(encoder, report=reporter.step, **rate)
    writer.write(job.target, data)
    if notes or lost:
        reporter.note(job.source, "; ".join(notes + lost))
    height, width = image.shape[:2]
    return (
        f"{shown(job.source)} -> {shown(job.target)}  {len(data):,} bytes"
        f"  {bpp(len(data), height, width):.2f} bpp  q{quality:g}"
    )


def application_segments(data):
    """Metadata segments of a JPEG file: list of `(marker, bytes)`."""
    found, start = [], 2
    while data[start + 1] != 0xDA:
        marker = data[start + 1]
        length = int.from_bytes(data[start + 2 : start + 4], "big")
        if marker in _MARKERS:
            found.append((marker, data[start + 4 : start + 2 + length]))
        start += 2 + length
    return found
