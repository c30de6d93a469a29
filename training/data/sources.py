"""Random-access image sources: a folder, a pack in memory, or a list of arrays.

A random-access source has `names` (tuple of str, in a fixed order), `sizes`
(int array `(n, 2)`: heights and widths) and `image(index)`, uint8
`(height, width, 3)`, which raises `OSError` if the image turns out unreadable.
No TensorFlow is needed here.
"""

import os
import pathlib
import threading
import warnings

import numpy as np

from tfcodec.training.data import decode


class FolderImages:
    """All images below a directory that Pillow can open, in sorted order.

    The file name ending decides what is an image; hidden files and folders are
    passed over. The headers are read at once, the pixels on first use; decoded
    images stay in memory up to `cache_bytes`. Names are paths relative to the
    folder with forward slashes.

    Args:
        folder: Path of the directory.
        cache_bytes: Largest sum of the decoded sizes that is kept.
    Raises:
        FileNotFoundError: No such directory.
        ValueError: No readable image in it.
    Warns:
        UserWarning: For each file that has no readable header; it is left out.
    """

    def __init__(self, folder, cache_bytes=2 * 2**30):
        root = pathlib.Path(folder).expanduser()
        if not root.is_dir():
            raise FileNotFoundError(f"No such image folder: {root}")
        files = _image_files(root)
        names, sizes = [], []
        for name in files:
            try:
                size = decode.read_size(root / name)
            except OSError as error:
                warnings.warn(f"{error} It is left out.", stacklevel=2)
                continue
            names.append(name)
            sizes.append(size)
        if not names:
            tried = f" ({len(files)} unreadable)" if files else ""
            raise ValueError(f"No images in the folder {root}{tried}.")
        self.root = root
        self.names = tuple(names)
        self.sizes = np.array(sizes, np.int64)
        self._cache = {}
        self._unreadable = {}
        self._free_bytes = cache_bytes
        self._lock = threading.Lock()

    def image(self, index):
        cached = self._cache.get(index)
        if cached is not None:
            return cached
        if index in self._unreadable:
            raise OSError(self._unreadable[index])
        try:
            image = decode.decode_image(self.root / self.names[index])
        except OSError as error:
            self._unreadable[index] = str(error)
            raise
        image.flags.writeable = False
        with self._lock:
            if index not in self._cache and image.nbytes <= self._free_bytes:
                self._cache[index] = image
                self._free_bytes -= image.nbytes
        return image


class MemoryImages:
    """Images that are already in memory.

    Args:
        images: Sequence of uint8 arrays `(height, width, 3)`, or one array
            `(n, height, width, 3)`.
        names: One name per image, which decides its split; default
            `image_000000` and so on.
    Raises:
        ValueError: Not such arrays, or none.
    """

    def __init__(self, images, names=None):
        if len(images) == 0:
            raise ValueError("`images` must not be empty.")
        for index, image in enumerate(images):
            _check_array(image, index)
        if names is None:
            names = [f"image_{index:06d}" for index in range(len(images))]
        if len(names) != len(images):
            raise ValueError(
                "`names` must have one entry per image. "
                f"Received: {len(names)} names for {len(images)} images"
            )
        self.names = tuple(str(name) for name in names)
        self.sizes = np.array([image.shape[:2] for image in images], np.int64)
        self._images = images

    def image(self, index):
        return self._images[index]

    @classmethod
    def load(cls, path):
        """Opens a pack of `pack_images` (`.npz`) or a `.npy` of whole images.

        Args:
            path: `.npz` with `pixels` (flat uint8), `shapes` (int `(n, 2)`) and
                `names`; or `.npy`, uint8 `(n, height, width, 3)`, which is
                mapped, not read.
        Raises:
            FileNotFoundError: No such file.
            ValueError: Not such a file.
        """
        path = pathlib.Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f"No such image pack: {path}")
        try:
            if path.suffix == ".npy":
                stack = np.load(path, mmap_mode="r", allow_pickle=False)
                _check_array(stack[0] if stack.ndim == 4 else stack, 0)
                return cls(stack)
            with np.load(path, allow_pickle=False) as pack:
                arrays = [pack[key] for key in ("pixels", "shapes", "names")]
            return cls(_unpack(*arrays[:2]), arrays[2])
        except (KeyError, ValueError, IndexError, EOFError, TypeError) as error:
            raise ValueError(f"Not an image pack: {path} ({error})") from error


def _unpack(pixels, shapes):
    if pixels.dtype != np.uint8 or pixels.ndim != 1:
        raise ValueError("`pixels` must be flat uint8")
    if shapes.ndim != 2 or shapes.shape[1] != 2 or (shapes < 1).any():
        raise ValueError("`shapes` must hold positive heights and widths")
    ends = np.cumsum(3 * shapes.astype(np.int64).prod(axis=1))
    if len(ends) == 0 or ends[-1] != len(pixels):
        raise ValueError("`shapes` do not add up to the size of `pixels`")
    pieces = np.split(pixels, ends[:-1])
    return [
        piece.reshape(height, width, 3)
        for piece, (height, width) in zip(pieces, shapes, strict=True)
    ]


def _check_array(image, index):
    shape = getattr(image, "shape", None)
    dtype = getattr(image, "dtype", type(image).__name__)
    right = shape is not None and len(shape) == 3 and shape[2] == 3
    if not right or dtype != np.uint8:
        raise ValueError(
            "Images must be uint8 arrays (height, width, 3). "
            f"Received: image {index} of shape {shape} and type {dtype}"
        )


def _image_files(root):
    suffixes = decode.image_suffixes()
    found = []
    for folder, folders, files in os.walk(root, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = pathlib.Path(folder, name)
            if not name.startswith(".") and path.suffix.lower() in suffixes:
                found.append(path.relative_to(root).as_posix())
    return sorted(found)
