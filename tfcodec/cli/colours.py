"""Colour profiles: which ones are kept, and conversions to sRGB."""

import io

import numpy as np
from PIL import ImageCms

from tfcodec.bitstream.sections import MAX_METADATA
from tfcodec.cli.pixels import to_image
from tfcodec.cli.report import shown

_UNUSABLE = "the colour profile cannot be used, it is ignored"
_ERRORS = (ImageCms.PyCMSError, OSError, ValueError)
_SRGB_GAMMA = 1 / 2.2  # As PNG files state it.


def settle(array, profile, keep, notes):
    """Pixels with the profile that belongs to them.

    A greyscale picture with an RGB profile becomes an RGB picture: most readers
    want both to agree.

    Args:
        array: uint8 `(height, width, channels)`, 1 to 4 channels.
        profile: bytes of an ICC profile, or None.
        keep: bool. Otherwise the colours are converted to sRGB.
        notes: list of str, to which is added what is lost.

    Returns:
        `(array, profile)`, where `profile` may be None: sRGB.
    """
    if not profile:
        return array, None
    grey = array.shape[2] < 3
    space = _space(profile)
    if not (space == b"RGB " or (space == b"GRAY" and grey)):
        notes.append(_UNUSABLE)
        return array, None
    if not keep:
        return _to_srgb(array, profile, space, notes), None
    return (_as_rgb(array) if grey and space == b"RGB " else array), profile


def _to_srgb(array, profile, space, notes):
    """Pixels of an RGB or grey profile, in sRGB; grey stays grey."""
    source = _open(profile)
    if source is None:
        notes.append(_UNUSABLE)
        return array
    name = ImageCms.getProfileDescription(source).strip()
    if "srgb" in name.lower():
        return array
    if space == b"RGB " and array.shape[2] < 3:
        array = _as_rgb(array)
    channels = 3 if array.shape[2] > 2 else 1
    try:
        image = _convert(to_image(array[:, :, :channels]), source)
    except _ERRORS:
        notes.append(_UNUSABLE)
        return array
    notes.append(f"colours are converted to sRGB from {shown(name)}")
    converted = np.asarray(image)[:, :, :channels]
    return np.concatenate([converted, array[:, :, channels:]], axis=2)


def _as_rgb(array):
    """Grey, or grey and alpha, with three equal channels."""
    return np.concatenate([array[:, :, :1], array[:, :, :1], array], axis=2)


def to_rgb(image, profile, notes):
    """A CMYK or Lab `Image` as an RGB one, in sRGB."""
    source = _open(profile) if profile else None
    if source is not None:
        try:
            converted = _convert(image, source)
        except _ERRORS:
            source = None
        else:
            name = ImageCms.getProfileDescription(source).strip()
            notes.append(f"colours are converted to sRGB from {shown(name)}")
            return converted
    if profile:
        notes.append(_UNUSABLE)
    if image.mode == "LAB":
        notes.append("colours are converted to sRGB from Lab")
        return _convert(image, ImageCms.createProfile("LAB"))
    notes.append("CMYK without a profile: colours are approximate")
    return image.convert("RGB")


def profile_name(profile):
    """What an ICC profile calls itself, or "unknown"."""
    source = _open(profile)
    if source is None:
        return "unknown"
    return ImageCms.getProfileDescription(source).strip() or "unknown"


def check_other_signs(info, notes):
    """Notes what a Pillow image's `info` says of colours without a profile."""
    if "icc_profile" in info and not info["icc_profile"]:
        notes.append(_UNUSABLE)  # In pieces of which one is missing.
    gamma = info.get("gamma")
    if gamma and "srgb" not in info and not info.get("icc_profile"):
        if abs(gamma / _SRGB_GAMMA - 1) > 0.05:
            notes.append(f"the gamma of {gamma:g} is ignored")


def _space(profile):
    """Colour space of an ICC profile by its header; None: this is none.

    What is kept is not given to a library that would have to parse it.
    Reference: ICC.1:2022, section 7.2.
    """
    declared = int.from_bytes(profile[:4], "big")
    if profile[36:40] != b"acsp" or not 128 < declared <= len(profile):
        return None
    return None if len(profile) > MAX_METADATA else profile[16:20]


def _open(profile):
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except _ERRORS:
        return None


def _convert(image, source):
    return ImageCms.profileToProfile(
        image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
