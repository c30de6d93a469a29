"""Puts an evaluation's tfcodec rows into docs/results, beside the peers there.

    tfcodec eval kodak/ --preset photo-fast --against jpeg -o OUT
    python benchmarks/kodak_results.py OUT/results.json --replace photo-fast-1

A peer's files do not change with a preset, and AVIF at speed 2 takes an hour.
So its averages stay, BD-rates are computed again, the plots drawn. What both
evaluations measured at the same quality must agree, or nothing is written.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile

from tfcodec.evaluation import plots
from tfcodec.evaluation.published import read_published
from tfcodec.evaluation.summary import bd_rates
from tfcodec.evaluation.summary import format_tables

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "docs" / "results"
PLOTS = {"rd-psnr.png": "kodak-psnr.png", "rd-ms-ssim.png": "kodak-ms-ssim.png"}
TOLERANCE = 0.002  # of a peer's bpp: AVIF's depend on the number of threads


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("results", help="results.json of the new evaluation")
    add("--replace", action="append", default=[], help="drop this codec, too")
    add("--folder", default=RESULTS, type=pathlib.Path, help="docs/results")
    options = parser.parse_args()
    known = json.loads((options.folder / "kodak.json").read_text("utf-8"))
    new = json.loads(pathlib.Path(options.results).read_text("utf-8"))
    try:
        merged = merge(known, new, options.replace)
    except ValueError as error:
        sys.exit(f"error: {options.results}: {error}")
    published, _ = read_published(options.folder / "published_kodak.json")
    merged["bd_rate"] = bd_rates(
        {name: codec["averages"] for name, codec in merged["codecs"].items()},
        published,
        tuple(merged["settings"]["bpp_range"]),
    )
    curves = {name: {"points": points} for name, points in published.items()}
    shown = {**merged, "published": curves}
    with tempfile.TemporaryDirectory() as folder:
        plots.draw_all(folder, shown)
        for drawn, kept in PLOTS.items():
            shutil.copyfile(pathlib.Path(folder) / drawn, options.folder / kept)
    text = json.dumps(merged, indent=1) + "\n"
    (options.folder / "kodak.json").write_text(text, "utf-8")
    print(format_tables(shown))


def merge(known, new, replaced=()):
    """What is known, with the tfcodec codecs of a new evaluation first.

    Args:
        known, new: dicts, what `Evaluation.finish` returns; `known` may lack
            rows of single images.
        replaced: names of codecs that are left out.

    Raises:
        ValueError: other images, other settings, another rate of the same peer,
            or nothing to replace.
    """
    if missing := set(replaced) - set(known["codecs"]):
        raise ValueError(f"there is no {sorted(missing)[0]} to replace.")
    if known["images"] != new["images"]:
        raise ValueError("the images are not those of kodak.json.")
    if known["settings"] != new["settings"]:
        raise ValueError("the settings are not those of kodak.json.")
    for name, codec in new["codecs"].items():
        if codec["kind"] != "tfcodec" and name in known["codecs"]:
            _compare(name, known["codecs"][name], codec)
    own = {n: c for n, c in new["codecs"].items() if c["kind"] == "tfcodec"}
    kept = {
        name: codec
        for name, codec in known["codecs"].items()
        if name not in own and name not in replaced
    }
    codecs = {**kept, **own}
    first = [n for n, c in codecs.items() if c["kind"] == "tfcodec"]
    order = [*first, *(n for n in codecs if n not in first)]
    return {**known, "codecs": {name: codecs[name] for name in order}}


def _compare(name, known, new):
    rates = {row["quality"]: row["bpp"] for row in known["averages"]}
    for row in new["averages"]:
        rate = rates.get(row["quality"], row["bpp"])
        if abs(row["bpp"] / rate - 1) > TOLERANCE:
            raise ValueError(
                f"{name} has {row['bpp']:.4f} bpp at quality "
                f"{row['quality']:g}, and {rate:.4f} in kodak.json."
            )


if __name__ == "__main__":
    main()
