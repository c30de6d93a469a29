"""`tfcodec demo`: a photograph at the size of a small JPEG, side by side."""

import dataclasses
import importlib.resources
import io
import pathlib

import numpy as np
from PIL import Image

from tfcodec.cli import files
from tfcodec.cli import images
from tfcodec.cli import loading
from tfcodec.cli.compress import compress_at
from tfcodec.cli.demo_picture import draw
from tfcodec.cli.report import Reporter
from tfcodec.cli.report import shown
from tfcodec.metrics import bpp
from tfcodec.metrics import psnr

PHOTOGRAPH = "whale.webp"


@dataclasses.dataclass(frozen=True)
class Coded:
    """The photograph by one codec."""

    name: str
    quality: float
    data: bytes
    pixels: np.ndarray  # uint8 (height, width, 3)
    bpp: float
    psnr: float  # dB, over RGB


def run(output, quality, preset, force, debug):
    """Runs the demonstration; returns the exit code."""
    preset = loading.find_preset(preset)
    with Reporter(1, debug) as reporter:
        try:
            for line in _run(
                pathlib.Path(output), quality, preset, force, reporter
            ):
                reporter.result(line)
        except Exception as error:
            reporter.failure(output, error)
    return reporter.exit_code


def _run(folder, quality, preset, force, reporter):
    writer = files.Writer([], force)
    names = ("whale.tfc", "whale.png", "whale.jpg", "comparison.png")
    targets = [folder / name for name in names]
    for target in targets:
        writer.check(target)
    original = photograph()
    codec = loading.Codecs().get(preset, reporter)
    reporter.phase("coding the photograph")
    ours = by_tfcodec(codec, original, quality)
    jpeg = by_jpeg_of_size(original, len(ours.data))
    contents = (
        ours.data,
        images.encode_image(ours.pixels, ".png")[0],
        jpeg.data,
        images.encode_image(draw(original, (ours, jpeg)), ".png")[0],
    )
    for target, data in zip(targets, contents, strict=True):
        writer.write(target, data)
    yield from table(original, ours, jpeg)
    yield f"Look at {shown(targets[-1])}"


def photograph():
    """The bundled photograph, uint8 `(height, width, 3)`."""
    folder = importlib.resources.files("tfcodec") / "demo_data"
    with Image.open(io.BytesIO((folder / PHOTOGRAPH).read_bytes())) as image:
        return np.array(image.convert("RGB"))


def by_tfcodec(codec, original, quality):
    """`Coded` of tfcodec at a quality."""
    data, quality = compress_at(codec, original, {"quality": quality})
    pixels = codec.decompress(data)
    return _coded("tfcodec", quality, data, pixels, original)


def by_jpeg_of_size(original, num_bytes):
    """`Coded` of the JPEG (4:4:4, optimized) whose size is nearest."""
    image = Image.fromarray(original)
    trials = []
    for quality in range(1, 101):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, subsampling=0, optimize=True)
        data = file.getvalue()
        trials.append((abs(len(data) - num_bytes), quality, data))
    _, quality, data = min(trials)
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.array(image)
    return _coded("JPEG", quality, data, pixels, original)


def _coded(name, quality, data, pixels, original):
    rate = bpp(len(data), *original.shape[:2])
    return Coded(name, quality, data, pixels, rate, psnr(pixels, original))


def table(original, ours, jpeg):
    """Lines of the table that is printed."""
    height, width = original.shape[:2]
    difference = 100 * (len(jpeg.data) / len(ours.data) - 1)
    yield f"{'':<10}{'bytes':>10}{'bpp':>8}{'PSNR':>11}"
    yield (
        f"{'original':<10}{original.size:>10,}{24:>8.3f}{'':>11}"
        f"  {width} x {height}, 8-bit RGB"
    )
    notes = (
        f"quality {ours.quality:g}",
        f"quality {jpeg.quality}, 4:4:4; {difference:+.1f} % bytes",
    )
    for coded, note in zip((ours, jpeg), notes, strict=True):
        yield (
            f"{coded.name:<10}{len(coded.data):>10,}{coded.bpp:>8.3f}"
            f"{coded.psnr:>8.2f} dB  {note}"
        )
