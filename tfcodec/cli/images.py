"""Image files to 8-bit arrays with their metadata, and back.

Pictures are kept as they are: transparency, greyscale, the colour profile,
EXIF and XMP. Notes say what a `.tfc` file cannot hold.
"""

import contextlib
import dataclasses
import io
import warnings
from typing import NamedTuple

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tfcodec.bitstream import Metadata
from tfcodec.bitstream.container import MAGIC
from tfcodec.bitstream.exif import upright_exif
from tfcodec.bitstream.exif import upright_xmp
from tfcodec.cli import colours
from tfcodec.cli import metadata
from tfcodec.cli import pixels
from tfcodec.cli.report import reason
from tfcodec.errors import TfcodecError
from tfcodec.limits import MAX_PIXELS

# What a folder as input stands for. A file named by itself may be anything
# that Pillow opens.
READ_SUFFIXES = (
    ".avif",
    ".bmp",
    ".gif",
    ".jp2",
    ".jpeg",
    ".jpg",
    ".png",
    ".pgm",
    ".ppm",
    ".tga",
    ".tif",
    ".tiff",
    ".webp",
)
_JPEG = {"format": "JPEG", "quality": 95, "subsampling": 0}
_WRITE = {
    ".png": {"format": "PNG", "compress_level": 3},
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": {"format": "WEBP", "lossless": True, "exact": True},
}
WRITE_SUFFIXES = tuple(_WRITE)

_SEGMENT = 65533  # Bytes at most between the length and the end of one.
_JPEG_LIMITS = {
    "icc_profile": 255 * (_SEGMENT - 14),
    "exif": _SEGMENT,
    "xmp": _SEGMENT - 29,
}
_NAMES = {"icc_profile": "colour profile", "exif": "EXIF", "xmp": "XMP"}
_SUBFILE_TYPE, _REDUCED = 254, 1  # A TIFF tag, and its bit for thumbnails.


class ReadImage(NamedTuple):
    """An image file."""

    pixels: np.ndarray  # uint8 (height, width, channels), 1 to 4 of them.
    metadata: Metadata
    notes: list  # Of str: what is lost.


def read_image(path, strip=False, max_pixels=MAX_PIXELS):
    """Reads any image that Pillow opens.

    Args:
        path: of the file.
        strip: bool. Drop the metadata; convert colours to sRGB first.
        max_pixels: int. Larger images are refused before they are decoded.

    Returns:
        `ReadImage`: upright, 1 channel if the file is greyscale, else 3, and
        one more if it has transparency.

    Raises:
        TfcodecError: not an image, too large, damaged, of several frames or
            pages, of a kind without an 8-bit meaning.
        OSError: the file cannot be read.
    """
    notes, lost = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.ExitStack() as stack:
            with _named_errors(path, max_pixels), _limit(max_pixels):
                image = stack.enter_context(Image.open(path))
                _check_frames(image, notes)
                # Pillow skips the checksums of samples.
                if image.format == "PNG" and image.tile:
                    with Image.open(path) as other:
                        other.verify()
                raw = pixels.raw_mode(image)
                if image.format == "TIFF":
                    found, turn = metadata.collect(image, lost), 1
                    image.load()
                else:
                    image.load()
                    found = metadata.collect(image, lost)
                    turn = metadata.orientation(found)
            profile = image.info.get("icc_profile")
            colours.check_other_signs(image.info, notes)
            if image.mode in ("CMYK", "LAB"):
                image = colours.to_rgb(image, profile, notes)
                profile = None
            array = pixels.to_array(image, raw, notes)
            del image
        array, profile = colours.settle(array, profile, not strip, notes)
        array = pixels.upright(array, turn)
        if strip:
            return ReadImage(array, Metadata(), notes)
        found = dataclasses.replace(found, icc=profile)
        return ReadImage(array, found, notes + lost)


def encode_image(array, suffix, found=None):
    """An array and its metadata as the bytes of an image file.

    Args:
        array: uint8 `(height, width, channels)`, as `read_image` makes them.
        suffix: str, one of `WRITE_SUFFIXES`.
        found: `Metadata` or None.

    Returns:
        `(data, notes)`: bytes, and a list of str that say what is lost.
    """
    found, notes = found or Metadata(), []
    options = dict(_WRITE[suffix])
    kind = options["format"]
    # WebP has no greyscale, and so no profile for it.
    keep = kind != "WEBP" or array.shape[2] > 2
    array, profile = colours.settle(array, found.icc, keep, notes)
    if kind == "JPEG" and array.shape[2] in (2, 4):
        array = flatten(array)
        notes.append("transparency is flattened onto white")
    blocks = {"icc_profile": profile}
    if found.exif is not None:
        blocks["exif"] = metadata.PREFIX + upright_exif(found.exif)
    if found.xmp is not None:
        blocks["xmp"] = upright_xmp(found.xmp)
    for name, block in blocks.items():
        if block is None:
            continue
        if kind == "JPEG" and len(block) > _JPEG_LIMITS[name]:
            notes.append(f"the {_NAMES[name]} is too large for JPEG")
        elif kind == "PNG" and name == "xmp":
            options["pnginfo"] = PngInfo()
            text = block.decode("utf-8")
            options["pnginfo"].add_itxt("XML:com.adobe.xmp", text)
        else:
            options[name] = block
    file = io.BytesIO()
    pixels.to_image(array).save(file, **options)
    return file.getvalue(), notes


def flatten(array):
    """An array with alpha laid on white, without alpha."""
    image = pixels.to_image(array)
    alpha = image.getchannel("A")
    image = image.convert("L" if array.shape[2] == 2 else "RGB")
    white = Image.new(image.mode, image.size, "white")
    white.paste(image, mask=alpha)
    return np.asarray(white).reshape(*array.shape[:2], -1)


def _check_frames(image, notes):
    """Refuses animations and documents; notes what else is not kept."""
    frames = getattr(image, "n_frames", 1)
    if frames == 1:
        return
    if image.format == "MPO":
        notes.append(f"only the first of its {frames} pictures is kept")
    elif image.format == "PSD":
        notes.append(f"its {frames} layers become one picture")
    elif image.format == "TIFF":
        pages = 0
        for page in range(frames):
            image.seek(page)
            pages += not image.tag_v2.get(_SUBFILE_TYPE, 0) & _REDUCED
        image.seek(0)
        if pages > 1:
            raise TfcodecError(
                f"the file has {pages} pages, a .tfc file holds one picture: "
                "save each page as a file of its own"
            )
        notes.append("its reduced copies are not kept")
    else:
        raise TfcodecError(
            f"the file is an animation of {frames} frames, a .tfc file holds "
            "one picture: save the frame that you want as a file of its own"
        )


@contextlib.contextmanager
def _limit(max_pixels):
    """Pillow refuses what has more than twice its limit."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max_pixels / 2
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


@contextlib.contextmanager
def _named_errors(path, max_pixels):
    """Turns Pillow's many exceptions into three messages."""
    try:
        yield
    except TfcodecError:
        raise
    except Image.DecompressionBombError as error:
        raise TfcodecError(
            f"the image has more than {max_pixels:,} pixels: refused as a "
            "possible decompression bomb (--max-pixels sets the limit)"
        ) from error
    except Image.UnidentifiedImageError as error:
        raise TfcodecError(_what_is(path)) from error
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # The disk, not the image.
        if isinstance(error, SyntaxError):  # As Pillow says it of PNG files.
            error = ValueError(error)
        raise TfcodecError(
            f"the image is truncated or damaged: {reason(error)}"
        ) from error


def _what_is(path):
    with open(path, "rb") as file:
        start = file.read(len(MAGIC))
    if not start:
        return "the file is empty"
    if start == MAGIC:
        return "this is a .tfc file already"
    return "not an image that Pillow can read"
