"""`tfcodec decompress`: `.tfc` files to images."""

import dataclasses

from tfcodec.bitstream import unpack
from tfcodec.bitstream.container import MAGIC
from tfcodec.bitstream.sections import metadata_of
from tfcodec.cli import files
from tfcodec.cli import images
from tfcodec.cli import loading
from tfcodec.cli.compress import SUFFIX
from tfcodec.cli.report import run_jobs
from tfcodec.cli.report import shown
from tfcodec.errors import BitstreamError
from tfcodec.presets import Preset


def run(inputs, output, force, debug, *, preset, runtime, max_pixels):
    """Decompresses files.

    Args:
        inputs: list of str, files and folders.
        output: str or None, file or folder.
        force: bool, overwrite.
        debug: bool, show tracebacks.
        preset: str or None, folder of a preset that is not part of tfcodec.
        runtime: "litert", "tf" or None, see `loading.Codecs`.
        max_pixels: int. Files that declare more are refused.

    Returns:
        The exit code.
    """
    own = None if preset is None else loading.find_preset(preset)
    jobs = files.plan(inputs, output, ".png", (SUFFIX,), images.WRITE_SUFFIXES)
    files.check_endings(jobs, images.WRITE_SUFFIXES)
    writer = files.Writer(jobs, force)
    decompress = Decompressor(loading.Codecs(runtime), own, max_pixels)

    def work(job, reporter):
        return decompress(job, writer, reporter).line

    return run_jobs(jobs, work, debug)


def run_tree(
    inputs, output, tree_options, force, debug, *, preset, runtime, max_pixels
):
    """Decompresses a tree; as `run`, and with `parameters.TreeOptions`."""
    # Here, since a single file need not wait for what trees take.
    from tfcodec.cli import archive
    from tfcodec.cli import tree

    own = None if preset is None else loading.find_preset(preset)
    command = archive.Command(
        name="decompress",
        suffixes=(SUFFIX,),
        rename=_rename,
        is_made=tree.is_made,
        make=_make,
        arguments=(own, runtime, max_pixels),
        settings={"preset": None if own is None else own.name},
    )
    return archive.run(command, inputs, output, tree_options, force, debug)


def _rename(name):
    return name[: -len(SUFFIX)] + ".png"


def _make(own, runtime, max_pixels, num_threads):
    codecs = loading.Codecs(runtime, 1, num_threads)
    return Decompressor(codecs, own, max_pixels)


@dataclasses.dataclass(frozen=True)
class Decompressor:
    """Makes one image file at a time.

    Args:
        codecs: `loading.Codecs`.
        own: `Preset` that is not part of tfcodec, or None.
        max_pixels: int. Files that declare more are refused.
    """

    codecs: loading.Codecs
    own: Preset | None
    max_pixels: int

    def __call__(self, job, writer, reporter):
        """Makes `job.target`; returns `files.Made`."""
        data, container = read_container(job.source)
        num_pixels = container.width * container.height
        if num_pixels > self.max_pixels:
            raise BitstreamError(
                f"the file declares {container.width} x {container.height} "
                f"pixels, more than {self.max_pixels:,}: refused as a possible "
                "decompression bomb (--max-pixels sets the limit)"
            )
        writer.check(job.target)
        preset = loading.preset_of(container, self.own)
        codec = self.codecs.get(preset, reporter)
        reporter.phase(f"decompressing {job.source.name}")
        metadata = metadata_of(container)
        pixels = codec.decompress(data, self.max_pixels, report=reporter.step)
        encoded, notes = images.encode_image(
            pixels, job.target.suffix.lower(), metadata
        )
        writer.write(job.target, encoded)
        if notes:
            reporter.note(job.source, "; ".join(notes))
        line = (
            f"{shown(job.source)} -> {shown(job.target)}  {len(encoded):,} "
            f"bytes  {container.width} x {container.height}"
        )
        return files.Made(line, len(encoded), num_pixels)


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
