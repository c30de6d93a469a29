"""What goes beside the picture: transparency, greyscale, metadata.

Ancillary sections of the container, as `docs/format.md` says. A file without
them is an opaque RGB picture, to be shown as sRGB.
"""

import dataclasses
import zlib

from tfcodec.bitstream.container import Container
from tfcodec.bitstream.container import unpack
from tfcodec.bitstream.exif import is_exif
from tfcodec.bitstream.exif import upright_exif
from tfcodec.bitstream.exif import upright_xmp
from tfcodec.bitstream.png import check_png
from tfcodec.errors import BitstreamError

ALPHA = 0x80
ICC = 0x81
EXIF = 0x82
XMP = 0x83
GREY = 0x84
NAMES = {
    ALPHA: "alpha",
    ICC: "ICC profile",
    EXIF: "EXIF",
    XMP: "XMP",
    GREY: "greyscale",
}
MAX_METADATA = 1 << 24  # Bytes of each kind, inflated.


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What a file says about its picture, each as bytes or None.

    Args:
        icc: ICC profile that the colours belong to; without one: sRGB.
        exif: EXIF block as in TIFF: it begins with `II` or `MM`, not `Exif`.
        xmp: XMP packet in UTF-8.

    The pixels are upright: where EXIF or XMP names an orientation, the file
    says 1.

    Raises:
        ValueError: none of that, no byte at all, or more than 16 MiB.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            name, value = field.name, getattr(self, field.name)
            if value is None:
                continue
            if not isinstance(value, bytes):
                raise ValueError(
                    f"`{name}` must be bytes or None. Received: {type(value)}"
                )
            problem = _problem(name, value)
            if problem:
                raise ValueError(f"`{name}` {problem}.")


def write_sections(
    alpha: bytes | None = None,
    grey: bool = False,
    metadata: Metadata | None = None,
) -> tuple[tuple[int, bytes], ...]:
    """Ancillary sections of a picture, none for an opaque RGB picture.

    Args:
        alpha: a PNG file as `check_png` wants it, or None.
        grey: the picture has one channel.
        metadata: `Metadata` or None.
    """
    metadata = metadata or Metadata()
    sections: list[tuple[int, bytes]] = []
    if alpha is not None:
        sections.append((ALPHA, alpha))
    if metadata.icc is not None:
        sections.append((ICC, zlib.compress(metadata.icc, 9)))
    if metadata.exif is not None:
        sections.append((EXIF, zlib.compress(upright_exif(metadata.exif), 9)))
    if metadata.xmp is not None:
        sections.append((XMP, zlib.compress(upright_xmp(metadata.xmp), 9)))
    if grey:
        sections.append((GREY, b""))
    return tuple(sections)


def known_sections(container: Container) -> dict[int, bytes]:
    """Contents of a container's sections of the types above, as they are.

    Raises:
        BitstreamError: one comes twice, or breaks the rules of its type so
            far as they can be seen without inflating it.
    """
    found: dict[int, bytes] = {}
    for kind, content in container.ancillary:
        if kind in found:
            raise BitstreamError(
                f"The file has more than one {NAMES[kind]} section."
            )
        if kind in NAMES:
            found[kind] = content
    if ALPHA in found:
        size = container.width, container.height
        check_png(found[ALPHA], *size, 1, f"{NAMES[ALPHA]} section")
    if found.get(GREY):
        raise BitstreamError("The greyscale section must be empty.")
    return found


def metadata_of(container: Container) -> Metadata:
    """The metadata of a container.

    Raises:
        BitstreamError: a section is damaged, too large, or comes twice.
    """
    found = known_sections(container)
    return Metadata(
        icc=_inflate("icc", found.get(ICC)),
        exif=_inflate("exif", found.get(EXIF)),
        xmp=_inflate("xmp", found.get(XMP)),
    )


def read_metadata(data: bytes) -> Metadata:
    """The metadata of a `.tfc` file; its picture is not decoded.

    Args:
        data: bytes of the whole file.

    Raises:
        BitstreamError: the file or its metadata is damaged.
    """
    return metadata_of(unpack(data))


def _inflate(name: str, content: bytes | None) -> bytes | None:
    """The bytes of a zlib stream; None of None."""
    if content is None:
        return None
    label = {"icc": NAMES[ICC], "exif": NAMES[EXIF], "xmp": NAMES[XMP]}[name]
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(content, MAX_METADATA + 1)
    except zlib.error as error:
        raise BitstreamError(
            f"The {label} section is not a zlib stream: {error}."
        ) from error
    problem = _problem(name, data)
    if not problem and not stream.eof:
        problem = "is a truncated zlib stream"
    if not problem and stream.unused_data:
        problem = "has bytes after its zlib stream"
    if problem:
        raise BitstreamError(f"The {label} section {problem}.")
    return data


def _problem(name: str, data: bytes) -> str | None:
    """What is wrong with metadata, as the end of a sentence; or None."""
    if not data:
        return "is empty"
    if len(data) > MAX_METADATA:
        return f"has more than {MAX_METADATA:,} bytes"
    if name == "exif" and not is_exif(data):
        return "must begin like a TIFF file, with II or MM"
    if name == "xmp":
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return "must be UTF-8"
    return None
