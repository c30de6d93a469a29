"""Image files to 8-bit RGB arrays, with notes on what is lost, and back.

A `.tfc` file holds 8-bit RGB without a profile, to be shown as sRGB. So the
orientation is applied, embedded colour profiles are converted, transparency
is flattened onto white, and 16 bits become 8.
"""

import contextlib
import io
import warnings

import numpy as np
from PIL import Image
from PIL import ImageCms
from PIL import ImageOps

from tfcodec.bitstream.container import MAGIC
from tfcodec.cli.report import reason
from tfcodec.cli.report import shown
from tfcodec.errors import TfcodecError

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
    ".png": {"format": "PNG"},
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": {"format": "WEBP", "lossless": True},
}
WRITE_SUFFIXES = tuple(_WRITE)

_ORIENTATION = 0x0112


def max_pixels():
    """Pictures beyond this are refused, as Pillow does (2 * 89 million)."""
    limit = Image.MAX_IMAGE_PIXELS
    return None if limit is None else 2 * limit


def read_rgb(path):
    """Reads any image that Pillow opens.

    Returns:
        `(array, notes)`: uint8 `(height, width, 3)`, and a list of str that
        say what was lost.

    Raises:
        TfcodecError: not an image, too large, truncated, of a kind without an
            8-bit meaning.
        OSError: the file cannot be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.ExitStack() as stack:
            with _named_errors(path):
                image = stack.enter_context(Image.open(path))
                sixteen = _has_16_bits(image)
                image.load()
            return _to_rgb(image, sixteen)


def encode_image(array, suffix):
    """uint8 `(height, width, 3)` as the bytes of an image file.

    Args:
        array: the pixels.
        suffix: str, one of `WRITE_SUFFIXES`.
    """
    file = io.BytesIO()
    Image.fromarray(array).save(file, **_WRITE[suffix])
    return file.getvalue()


@contextlib.contextmanager
def _named_errors(path):
    """Turns Pillow's many exceptions into three messages."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise TfcodecError(
            f"the image has more than {max_pixels():,} pixels: refused as a "
            "possible decompression bomb"
        ) from error
    except Image.UnidentifiedImageError as error:
        raise TfcodecError(_what_is(path)) from error
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # The disk, not the image.
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


def _has_16_bits(image):
    """Whether samples have 16 bits; must be asked before `load`."""
    if image.mode.startswith("I;16"):
        return True
    return image.format in ("PNG", "TIFF") and any(
        ";16" in str(tile[3]) for tile in image.tile
    )


def _to_rgb(image, sixteen):
    notes = []
    if sixteen:
        notes.append("reduced from 16 to 8 bits per sample")
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        notes.append(f"only the first of {image.n_frames} frames is kept")
    metadata = _metadata(image)
    profile = image.info.get("icc_profile")
    image = _upright(image, notes)
    image = _to_8_bits(image, notes)
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    image = _to_srgb(image, profile, notes)
    if alpha is not None and alpha.getextrema()[0] < 255:
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=alpha)
        image = white
        notes.append("transparency is flattened onto white")
    if metadata:
        notes.append(f"metadata ({', '.join(metadata)}) is not kept")
    return np.array(image), notes


def _metadata(image):
    try:
        exif = set(image.getexif()) - {_ORIENTATION}
    except Exception:  # Damaged metadata is no reason to refuse a picture.
        exif = set()
    found = [("EXIF", exif), ("XMP", image.info.get("xmp"))]
    return [name for name, value in found if value]


def _upright(image, notes):
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        notes.append("the orientation cannot be read, it is ignored")
        return image


def _to_8_bits(image, notes):
    """Greyscale of more than 8 bits to "L"; other modes as they are."""
    if image.mode == "F":
        raise TfcodecError("floating-point pixels have no 8-bit meaning")
    if image.mode.startswith("I"):
        samples = np.asarray(image).astype(np.int64)
        if samples.min() < 0 or samples.max() > 0xFFFF:
            raise TfcodecError("32-bit pixels have no 8-bit meaning")
        if not any("16 to 8" in note for note in notes):
            notes.append("reduced from 16 to 8 bits per sample")
        return Image.fromarray(((samples + 128) // 257).astype(np.uint8))
    return image


def _to_srgb(image, profile, notes):
    """Mode L, RGB or CMYK to RGB, through the colour profile if any."""
    if not profile:
        if image.mode == "CMYK":
            notes.append("CMYK without a profile: colours are approximate")
        return image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = ImageCms.getProfileDescription(source).strip()
        if image.mode == "RGB" and "srgb" in name.lower():
            return image
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        notes.append("the colour profile cannot be used, it is ignored")
        return image.convert("RGB")
    notes.append(f"colours are converted to sRGB from {shown(name)}")
    return converted
