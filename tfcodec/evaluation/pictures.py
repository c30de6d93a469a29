"""The images of a folder, as 8-bit RGB."""

import dataclasses
import hashlib
import io
import pathlib
import warnings

import numpy as np
from PIL import Image

from tfcodec.errors import TfcodecError

SUFFIXES = (
    ".avif",
    ".bmp",
    ".jpeg",
    ".jpg",
    ".png",
    ".ppm",
    ".tif",
    ".tiff",
    ".webp",
)


@dataclasses.dataclass(frozen=True)
class Picture:
    """A file that is known to be an image."""

    path: pathlib.Path
    sha256: str  # of the file's bytes, hexadecimal
    height: int
    width: int

    @property
    def name(self):
        return self.path.name

    @property
    def num_pixels(self):
        return self.height * self.width


def list_paths(folder):
    """Paths of the images directly in a folder, by name.

    Raises:
        TfcodecError: there is no such folder, or no image in it.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise TfcodecError(f"There is no folder {folder}.")
    paths = [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    ]
    if not paths:
        raise TfcodecError(
            f"There are no images in {folder} (names that end in "
            f"{', '.join(SUFFIXES)})."
        )
    return paths


def open_picture(path):
    """The `Picture` of a file, which is decoded once to see that it can be.

    Raises:
        TfcodecError: it cannot be read, or is no image; the message leaves
            out which file.
    """
    data = _bytes_of(path)
    height, width = _decode(data).shape[:2]
    return Picture(path, hashlib.sha256(data).hexdigest(), height, width)


def read_pixels(path):
    """uint8 `(height, width, 3)`: samples as Pillow converts them to RGB.

    Colour profiles and orientation are not applied, transparency is dropped:
    every codec gets the same samples, whatever they mean.

    Raises:
        TfcodecError: it cannot be read, or is no image.
    """
    try:
        return _decode(_bytes_of(path))
    except TfcodecError as error:
        raise TfcodecError(f"{path}: {error}") from error


def read_images(folder):
    """`(names, images)` of all pictures in a folder, as RGB."""
    paths = list_paths(folder)
    return [path.name for path in paths], [read_pixels(path) for path in paths]


def _bytes_of(path):
    try:
        return pathlib.Path(path).read_bytes()
    except OSError as error:
        raise TfcodecError(error.strerror or str(error)) from error


def _decode(data):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                return np.array(image.convert("RGB"))
    except Exception as error:  # Pillow raises many kinds.
        cause = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, Image.UnidentifiedImageError):
            cause = "not an image that Pillow can read"
        raise TfcodecError(cause) from error
