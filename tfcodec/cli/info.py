"""`tfcodec info`: what the header of a `.tfc` file says, without Keras.

`info_tflite` tells the same of LiteRT files, `info_preset` of presets.
"""

from tfcodec import presets
from tfcodec.bitstream import sections
from tfcodec.bitstream.container import LATENTS
from tfcodec.cli import info_tflite
from tfcodec.cli.decompress import read_container
from tfcodec.cli.parameters import describe_lossless
from tfcodec.cli.report import Reporter
from tfcodec.cli.report import fact_lines
from tfcodec.cli.report import print_facts
from tfcodec.errors import TfcodecError
from tfcodec.metrics import bpp

_VERSION_AT = 4  # Byte of the format version.
_NAMES = {LATENTS: "latents", **sections.NAMES}


def run(path, as_json, debug):
    """Prints the facts of one file; returns the exit code."""
    try:
        is_tflite = info_tflite.is_tflite(path)
        facts = info_tflite.describe(path) if is_tflite else describe(path)
    except (TfcodecError, OSError, MemoryError) as error:
        with Reporter(1, debug) as reporter:
            reporter.failure(path, error)
        return reporter.exit_code
    lines = info_tflite.lines if is_tflite else _lines
    print_facts(facts, as_json, lines)
    return 0


def describe(path):
    """The facts of a file as a JSON-able dict.

    Raises:
        BitstreamError: the file is damaged or foreign.
        OSError: it cannot be read.
    """
    data, container = read_container(path)
    number = container.preset_id
    settings = _installed(number)
    model_hash = container.model_hash.hex()
    name = presets.IDENTIFIERS.get(number) or presets.RETIRED.get(number)
    lossless = number == presets.LOSSLESS
    if lossless:
        name = presets.LOSSLESS_NAME
    if number == presets.UNREGISTERED:
        name = "unregistered"
    parts = [(LATENTS, container.latents), *container.ancillary]
    kinds = {kind for kind, _ in parts}
    profile = sections.metadata_of(container).icc
    return {
        "file": str(path),
        "bytes": len(data),
        "width": container.width,
        "height": container.height,
        "greyscale": sections.GREY in kinds,
        "alpha": sections.ALPHA in kinds,
        "profile": None if profile is None else _profile_name(profile),
        "bpp": bpp(len(data), container.height, container.width),
        "quality": container.quality,
        "lossless": lossless,
        "max_error": round(100 - container.quality) if lossless else None,
        "preset": name or "unknown",
        "preset_identifier": number,
        "preset_installed": settings is not None,
        "model_hash": model_hash,
        "model_hash_matches": (
            None
            if settings is None
            else settings.get("model_hash") == model_hash
        ),
        "format_version": data[_VERSION_AT],
        "sections": [
            {
                "type": kind,
                "name": _NAMES.get(kind, "ancillary"),
                "bytes": len(content),
            }
            for kind, content in parts
        ],
        "checksum": "ok",  # `unpack` has compared it.
    }


def _installed(number):
    """Settings of the preset of that number, None if it is not here."""
    try:
        return presets.by_identifier(number).settings
    except TfcodecError:
        return None


def _profile_name(profile):
    from tfcodec.cli.colours import profile_name

    return profile_name(profile)


def _lines(facts):
    preset = facts["preset"]
    if facts["preset"] == "unregistered":
        preset = "one that is not part of tfcodec (name its folder: --preset)"
    elif not facts["preset_installed"]:
        preset += " (not installed)"
    matches = {True: ", as installed", False: ", NOT as installed", None: ""}
    kind = "greyscale" if facts["greyscale"] else "RGB"
    if facts["alpha"]:
        kind += " and alpha"
    parts = ", ".join(
        f"{section['name']} (type {section['type']}) {section['bytes']:,} bytes"
        for section in facts["sections"]
    )
    rows = {
        "size": f"{facts['bytes']:,} bytes, {facts['bpp']:.3f} bpp",
        "image": f"{facts['width']} x {facts['height']} pixels, {kind}",
        "colours": facts["profile"] or "sRGB",
        "quality": (
            describe_lossless(facts["quality"])
            if facts["lossless"]
            else f"{facts['quality']:g}"
        ),
        "preset": preset,
        "model hash": (
            facts["model_hash"] + matches[facts["model_hash_matches"]]
        ),
        "format version": str(facts["format_version"]),
        "sections": parts,
        "checksum": facts["checksum"],
    }
    return fact_lines(facts["file"], rows)
