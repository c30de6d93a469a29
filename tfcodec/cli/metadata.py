"""EXIF, XMP and colour profiles of image files that Pillow has opened."""

from PIL import Image

from tfcodec.bitstream import Metadata
from tfcodec.bitstream.exif import exif_orientation
from tfcodec.bitstream.exif import xmp_orientation

PREFIX = b"Exif\0\0"  # Of an EXIF block in JPEG and in some WebP files.
_RAW_PROFILE = "Raw profile type exif"  # ImageMagick's, in PNG files.
_IPTC_IN_PHOTOSHOP = 0x0404
_IPTC_IN_TIFF = 33723
# What a TIFF file says beside how its samples are stored: description, make,
# model, resolution, software, date, artist, host, rating, copyright, and
# Windows' title, comment, author, keywords and subject.
_TIFF_TAGS = (
    *(270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 18246, 18249, 33432),
    *range(40091, 40096),
)
_TIFF_DIRECTORIES = (0x8769, 0x8825)  # EXIF and GPS.


def collect(image, notes):
    """The metadata of an `Image`.

    To be called when all of the file has been read, after `load`; but before it
    for TIFF, where `load` turns the picture and forgets what it has turned.

    Args:
        image: `PIL.Image.Image`.
        notes: list of str, to which is added what is not kept.

    Returns:
        `Metadata` without the colour profile, of which the pixels have to
        decide.
    """
    kept = {}
    for name, read in (("exif", _exif), ("xmp", _xmp)):
        try:
            value = read(image) or None
            Metadata(**{name: value})
        except Exception:  # Damaged metadata is no reason to refuse a picture.
            notes.append(f"the {name.upper()} cannot be read, it is not kept")
        else:
            kept[name] = value
    if b"HasExtendedXMP" in (kept.get("xmp") or b""):
        notes.append("the second part of the XMP is not kept")
    lost = _lost(image)
    if lost:
        notes.append(f"not kept: {', '.join(lost)}")
    return Metadata(**kept)


def orientation(metadata):
    """How to turn the picture, 1 to 8 as in EXIF."""
    for value, read in (
        (metadata.exif, exif_orientation),
        (metadata.xmp, xmp_orientation),
    ):
        named = None if value is None else read(value)
        if named is not None:
            return named if 1 <= named <= 8 else 1
    return 1


def _exif(image):
    block = image.info.get("exif")
    if block is None and _RAW_PROFILE in image.info:
        lines = image.info[_RAW_PROFILE].split("\n")
        block = bytes.fromhex("".join(lines[3:]))
    if block is None and image.format == "TIFF":
        block = _tiff_exif(image)
    return block and bytes(block).removeprefix(PREFIX)


def _tiff_exif(image):
    """An EXIF block of those tags of a TIFF file that fit in one."""
    tags, kept = image.getexif(), Image.Exif()
    for tag in _TIFF_TAGS:
        if tag in tags:
            kept[tag] = tags[tag]
    for tag in _TIFF_DIRECTORIES:
        directory = tags.get_ifd(tag)
        if directory:
            kept[tag] = directory
    return kept.tobytes() if kept else None


def _xmp(image):
    packet = image.info.get("xmp")
    return packet.encode() if isinstance(packet, str) else packet


def _lost(image):
    """Names of metadata of other kinds."""
    names = []
    photoshop = image.info.get("photoshop")
    tags = getattr(image, "tag_v2", ())
    if _IPTC_IN_TIFF in tags or _IPTC_IN_PHOTOSHOP in (photoshop or ()):
        names.append("IPTC")
    text = {
        key
        for key in getattr(image, "text", ())
        if key not in ("XML:com.adobe.xmp", _RAW_PROFILE)
    }
    if text or image.info.get("comment"):
        names.append("comments")
    return names
