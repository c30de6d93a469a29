"""Other codecs to be compared with, from Pillow and imagecodecs.

A peer is named `NAME` or `NAME:option=value:option=value`, as in `avif` and
`avif:speed=4`. Files are written and read by the library itself.
"""

import dataclasses
import importlib
import io

import numpy as np
from PIL import Image
from PIL import features

from tfcodec.errors import TfcodecError


@dataclasses.dataclass(frozen=True)
class Kind:
    """A codec and how it is used here.

    Args:
        title: str, for people.
        qualities: tuple of numbers, the defaults, about 0.08 to 2 bits per
            pixel of photographs where the codec goes as far.
        scale: `(low, high, step)` of the quality.
        rising: bool, whether more is better.
        options: dict of option to default; its type is that of the default.
        module: str, package to install if it is missing; None for Pillow.
        feature: str, name of a codec that Pillow may be built without.
        quality_name: str, what the number is.
    """

    title: str
    qualities: tuple
    scale: tuple = (1, 100, 1)
    rising: bool = True
    options: dict = dataclasses.field(default_factory=dict)
    module: str | None = None
    feature: str | None = None
    quality_name: str = "quality"


KINDS = {
    "jpeg": Kind(
        "JPEG, optimised Huffman tables",
        (2, 5, 8, 12, 17, 23, 30, 40, 50, 60, 70, 78, 85, 90, 94, 97),
        options={"subsampling": "444"},
        feature="jpg",
    ),
    "webp": Kind(
        "WebP (4:2:0)",
        (0, 1, 5, 15, 30, 45, 60, 75, 85, 92, 97),
        scale=(0, 100, 1),
        options={"method": 6},
        feature="webp",
    ),
    "avif": Kind(
        "AVIF",
        (5, 10, 15, 25, 35, 45, 55, 65, 75, 85, 93),
        scale=(0, 100, 1),
        options={"speed": 0, "subsampling": "444"},
        feature="avif",
    ),
    "jpeg2000": Kind(
        "JPEG 2000, irreversible, one layer",
        (300, 200, 130, 90, 65, 48, 36, 27, 20, 15, 12),
        scale=(8, 400, 1),
        rising=False,
        feature="jpg_2000",
        quality_name="compression ratio",
    ),
    "jxl": Kind(
        "JPEG XL, lossy",
        (15, 11, 8, 6, 4.5, 3.4, 2.6, 2, 1.5, 1.1, 0.8, 0.55),
        scale=(0.1, 25, 0.05),
        rising=False,
        options={"effort": 9},
        module="imagecodecs",
        quality_name="distance",
    ),
}
_SUBSAMPLING = {"444": "4:4:4", "422": "4:2:2", "420": "4:2:0"}
_RANGES = {"speed": (0, 10), "method": (0, 6), "effort": (1, 10)}


@dataclasses.dataclass(frozen=True)
class Peer:
    """A peer with its options; `parse` makes one of its name.

    Args:
        name: str, as it was asked for.
        kind: str, key of `KINDS`.
        options: dict, complete.
    """

    name: str
    kind: str
    options: dict

    @property
    def about(self):
        return KINDS[self.kind]

    @property
    def qualities(self):
        return self.about.qualities

    def settings(self):
        """What results depend on: options and versions, as JSON."""
        return {
            "kind": self.kind,
            **self.options,
            "library": library_version(self.kind),
        }

    def describe(self):
        """One line for people."""
        options = [f"{k} {v}" for k, v in self.options.items()]
        return ", ".join(
            [self.about.title, *options, library_version(self.kind)]
        )

    def encode(self, image, quality, threads=None):
        """bytes of a file.

        Args:
            image: uint8 `(height, width, 3)`.
            quality: number of `KINDS[kind].quality_name`.
            threads: int, most threads where the library can be told.
        """
        if self.kind == "jxl":
            from imagecodecs import jpegxl_encode

            return jpegxl_encode(
                image,
                distance=float(quality),
                effort=self.options["effort"],
                lossless=False,
                numthreads=threads,
            )
        file = io.BytesIO()
        Image.fromarray(image).save(file, **self._pillow(quality, threads))
        return file.getvalue()

    def decode(self, data):
        """uint8 `(height, width, 3)` of a file's bytes."""
        if self.kind == "jxl":
            from imagecodecs import jpegxl_decode

            return jpegxl_decode(data)
        with Image.open(io.BytesIO(data)) as image:
            return np.array(image.convert("RGB"))

    def _pillow(self, quality, threads):
        options, quality = dict(self.options), int(quality)
        if self.kind == "jpeg2000":
            return {
                "format": "JPEG2000",
                "irreversible": True,
                "mct": 1,
                "quality_mode": "rates",
                "quality_layers": [quality],
            }
        if "subsampling" in options:
            options["subsampling"] = _SUBSAMPLING[options["subsampling"]]
        if self.kind == "jpeg":
            options["optimize"] = True
        if self.kind == "avif" and threads:
            options["max_threads"] = threads
        return {"format": self.kind.upper(), "quality": quality, **options}


def parse(name):
    """The `Peer` of a name such as `avif:speed=4`.

    Raises:
        ValueError: unknown; the message lists what there is.
        TfcodecError: the library it needs is not installed.
    """
    kind, *assignments = name.split(":")
    if kind not in KINDS:
        raise ValueError(
            f"There is no peer {kind!r}. Peers: {', '.join(KINDS)}."
        )
    options = dict(KINDS[kind].options)
    for assignment in assignments:
        key, _, value = assignment.partition("=")
        if key not in options:
            known = ", ".join(options) or "none"
            raise ValueError(
                f"{kind} has no option {key!r} in {name!r}. Options: {known}."
            )
        options[key] = _value(name, key, value)
    _check_installed(kind)
    return Peer(name, kind, options)


def library_version(kind):
    """The library behind a peer, with its version."""
    if KINDS[kind].module is None:
        version = features.version(KINDS[kind].feature)
        names = {
            "jpeg": "libjpeg-turbo"
            if features.check("libjpeg_turbo")
            else "libjpeg",
            "webp": "libwebp",
            "avif": "libavif",
            "jpeg2000": "OpenJPEG",
        }
        if kind == "jpeg" and features.check("libjpeg_turbo"):
            version = features.version("libjpeg_turbo")
        return f"{names[kind]} {version} in Pillow {Image.__version__}"
    module = importlib.import_module(KINDS[kind].module)
    inside = module.jpegxl_version()
    return f"{inside.replace('-', ' ')} in imagecodecs {module.__version__}"


def _value(name, key, text):
    if key == "subsampling":
        if text not in _SUBSAMPLING:
            raise ValueError(
                f"subsampling in {name!r} must be one of "
                f"{', '.join(_SUBSAMPLING)}."
            )
        return text
    low, high = _RANGES[key]
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ValueError(f"{key} in {name!r} must be in {low}..{high}.")
    return int(text)


def _check_installed(kind):
    about = KINDS[kind]
    if about.module is None:
        if not features.check(about.feature):
            raise TfcodecError(
                f"This Pillow has no {kind}: pip install --upgrade pillow"
            )
        return
    try:
        importlib.import_module(about.module)
    except ImportError as error:
        raise TfcodecError(
            f"The peer {kind} needs {about.module}: pip install {about.module}"
        ) from error
