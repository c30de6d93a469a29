"""`tfcodec decompress`: `.tfc` files to images."""

import click

from tfcodec.bitstream import unpack
from tfcodec.bitstream.container import MAGIC
from tfcodec.cli import files
from tfcodec.cli import images
from tfcodec.cli import loading
from tfcodec.cli.compress import SUFFIX
from tfcodec.cli.report import run_jobs
from tfcodec.cli.report import shown
from tfcodec.errors import BitstreamError


def run(inputs, output, preset, runtime, force, debug):
    """Decompresses files.

    Args:
        inputs: list of str, files and folders.
        output: str or None, file or folder.
        preset: str or None, folder of a preset that is not part of tfcodec.
        runtime: "litert", "tf" or None, see `loading.Codecs`.
        force: bool, overwrite.
        debug: bool, show tracebacks.

    Returns:
        The exit code.
    """
    own = None if preset is None else loading.find_preset(preset)
    jobs = files.plan(inputs, output, ".png", (SUFFIX,), images.WRITE_SUFFIXES)
    for job in jobs:
        if job.target.suffix.lower() not in images.WRITE_SUFFIXES:
            raise click.UsageError(
                f"The output {shown(job.target)} must end in one of "
                f"{', '.join(images.WRITE_SUFFIXES)}, or be a folder that "
                "exists or is written with a slash at its end."
            )
    writer = files.Writer(jobs, force)
    codecs = loading.Codecs(runtime)

    def work(job, reporter):
        data, container = read_container(job.source)
        limit = images.max_pixels()
        if limit is not None and container.width * container.height > limit:
            raise BitstreamError(
                f"the file declares {container.width} x {container.height} "
                f"pixels, more than {limit:,}: refused as a possible "
                "decompression bomb"
            )
        writer.check(job.target)
        codec = codecs.get(loading.preset_of(container, own), reporter)
        reporter.phase(f"decompressing {job.source.name}")
        pixels = codec.decompress(data)
        encoded = images.encode_image(pixels, job.target.suffix.lower())
        writer.write(job.target, encoded)
        return (
            f"{shown(job.source)} -> {shown(job.target)}  {len(encoded):,} "
            f"bytes  {container.width} x {container.height}"
        )

    return run_jobs(jobs, work, debug)


def read_container(path):
    """`(data, container)` of a file; not read whole if it is no `.tfc` file.

    Raises:
        BitstreamError: something is wrong with its bytes.
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        data = file.read(64)
        if data.startswith(MAGIC):
            data += file.read()
    return data, unpack(data)
