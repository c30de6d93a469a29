"""`tfcodec info --preset`: what a preset is, and what coding with it costs."""

from tfcodec import presets
from tfcodec.cli import loading
from tfcodec.cli.report import Reporter
from tfcodec.cli.report import fact_lines
from tfcodec.cli.report import print_facts

_MODEL_CARD = "MODEL_CARD.md"
_LICENCE = "LICENSE"


def run(name, as_json, debug):
    """Prints the facts of one preset; returns the exit code."""
    preset = loading.find_preset(name)
    with Reporter(1, debug) as reporter:
        try:
            facts = describe(preset, loading.Codecs("tf").get(preset, reporter))
        except Exception as error:
            reporter.failure(name, error)
            return reporter.exit_code
    print_facts(facts, as_json, _lines)
    return 0


def describe(preset, codec):
    """The facts of a preset as a JSON-able dict.

    Args:
        preset: `Preset`.
        codec: `Codec` that was loaded from it.

    Raises:
        TfcodecError: the backend is not TensorFlow, which counts.
    """
    from tfcodec.complexity import macs_per_pixel

    return {
        "preset": preset.name,
        "preset_identifier": preset.identifier,
        "folder": str(preset.directory),
        "model": codec.model.name,
        "model_hash": codec.coding.model_hash.hex(),
        "licence": _path_of(preset, _LICENCE),
        "model_card": _path_of(preset, _MODEL_CARD),
        "parameters": codec.model.count_params(),
        "kmac_per_pixel": {
            direction: {part: macs / 1e3 for part, macs in parts.items()}
            for direction, parts in macs_per_pixel(codec.model).items()
        },
    }


def _path_of(preset, file):
    path = preset.directory / file
    return str(path) if path.is_file() else None


def _lines(facts):
    identifier = facts["preset_identifier"]
    if identifier == presets.UNREGISTERED:
        identifier = "none, not part of tfcodec"
    rows = {
        "identifier": identifier,
        "model": facts["model"],
        "model hash": facts["model_hash"],
        "parameters": f"{facts['parameters']:,}",
        "licence": facts["licence"],
        "model card": facts["model_card"],
    }
    rows = {name: x for name, x in rows.items() if x is not None}
    yield from fact_lines(facts["preset"], rows)
    encode, decode = (
        facts["kmac_per_pixel"][key] for key in ("encode", "decode")
    )
    yield ""
    yield f"  {'kMAC per pixel':<20} {'encode':>8} {'decode':>8}"
    for part in sorted({**encode, **decode}, key=lambda p: -_most(p, facts)):
        columns = (_number(parts.get(part)) for parts in (encode, decode))
        yield f"  {part:<20} {' '.join(columns)}"
    sums = (_number(sum(parts.values())) for parts in (encode, decode))
    yield f"  {'sum':<20} {' '.join(sums)}"


def _most(part, facts):
    return max(d.get(part, 0.0) for d in facts["kmac_per_pixel"].values())


def _number(value):
    return " " * 8 if value is None else f"{value:8.2f}"
