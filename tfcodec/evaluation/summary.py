"""Rows of single measurements to averages, BD-rates and tables."""

import csv
import math
import pathlib

from tfcodec.evaluation.curves import bd_matrix
from tfcodec.evaluation.distortions import METRICS
from tfcodec.evaluation.distortions import decibels

AVERAGED = (
    "bpp",
    "estimate",
    "psnr",
    "psnr_y",
    "ms_ssim",
    "ssimulacra2",
    "encode_ms",
    "decode_ms",
)
_PER_IMAGE = (
    "image",
    "codec",
    "quality",
    "bytes",
    *AVERAGED,
    "effort",
    "jobs",
    "threads",
    "sha256",
    "fingerprint",
)


def average(rows):
    """Means over the images, for each codec and quality.

    Args:
        rows: lines of `results.jsonl`.

    Returns:
        Dict of codec to a list of dicts by rising rate: "quality", "images",
        the means of `AVERAGED`, and "ms_ssim_db", the decibels of the mean.
        A mean leaves out images without a value (MS-SSIM of small ones); the
        mean PSNR is None if it is infinite for one.
    """
    groups = {}
    for row in rows:
        by_quality = groups.setdefault(row["codec"], {})
        by_quality.setdefault(row["quality"], []).append(row)
    return {
        codec: sorted(
            (_mean(quality, group) for quality, group in by_quality.items()),
            key=lambda mean: mean["bpp"],
        )
        for codec, by_quality in groups.items()
    }


def bd_rates(averages, published, bpp_range):
    """Matrices of BD-rates by the key of each metric.

    Args:
        averages: what `average` returns.
        published: dict of name to rows, as `read_published` returns it.
        bpp_range: `(low, high)`.

    Returns:
        Dict of metric to anchor to test to percent or None. Pairs of
        published curves are among them.
    """
    curves = {**averages, **published}
    return {
        metric.key: bd_matrix(
            {
                name: rows
                for name, rows in curves.items()
                if any(row.get(metric.key) is not None for row in rows)
            },
            metric.key,
            bpp_range,
        )
        for metric in METRICS
    }


def write_csv(folder, averages, rows):
    """Writes `averages.csv` and `images.csv`; empty cells for no value."""
    means = [
        {"codec": codec, **mean}
        for codec, group in averages.items()
        for mean in group
    ]
    columns = ("codec", "quality", "images", *AVERAGED, "ms_ssim_db")
    _write(pathlib.Path(folder) / "averages.csv", columns, means)
    _write(pathlib.Path(folder) / "images.csv", _PER_IMAGE, rows)


def format_tables(results):
    """Markdown for the terminal: averages of tfcodec, BD-rates against all.

    Args:
        results: what `Evaluation.finish` returns.
    """
    lines = []
    for name, codec in results["codecs"].items():
        if codec["kind"] != "tfcodec":
            continue
        lines += [
            f"{name}",
            "",
            "| quality | bpp (file) | bpp (estimate) | file / estimate "
            "| PSNR dB | PSNR-Y dB | MS-SSIM dB | SSIMULACRA 2 |",
            "|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]
        lines += [_line(row) for row in codec["averages"]]
        lines.append("")
    own = [n for n, c in results["codecs"].items() if c["kind"] == "tfcodec"]
    lines.append(
        "| BD-rate | against | " + " | ".join(m.label for m in METRICS) + " |"
    )
    lines.append("|---|---|" + "---:|" * len(METRICS))
    anchors = [*results["codecs"], *results["published"]]
    for test in own:
        for anchor in anchors:
            if anchor == test:
                continue
            cells = [
                percent(
                    results["bd_rate"][m.key].get(anchor, {}).get(test), "-"
                )
                for m in METRICS
            ]
            lines.append(f"| {test} | {anchor} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def percent(value, missing):
    """`+1.2 %`, or `missing` for None."""
    return missing if value is None else f"{value:+.1f} %"


def number(value, digits, missing="-"):
    """A float with so many decimals, or `missing` for None."""
    return missing if value is None else f"{value:.{digits}f}"


def _line(row):
    excess = None
    if row["estimate"]:
        excess = 100 * (row["bpp"] / row["estimate"] - 1)
    cells = (
        f"{row['quality']:g}",
        number(row["bpp"], 4),
        number(row["estimate"], 4),
        "-" if excess is None else f"{excess:+.2f} %",
        number(row["psnr"], 3),
        number(row["psnr_y"], 3),
        number(row["ms_ssim_db"], 3),
        number(row["ssimulacra2"], 2),
    )
    return "| " + " | ".join(cells) + " |"


def _mean(quality, rows):
    mean = {"quality": quality, "images": len(rows)}
    for key in AVERAGED:
        values = [row[key] for row in rows if row[key] is not None]
        infinite = key in ("psnr", "psnr_y") and len(values) < len(rows)
        mean[key] = None
        if values and not infinite:
            mean[key] = math.fsum(values) / len(values)
    mean["ms_ssim_db"] = decibels(mean["ms_ssim"])
    return mean


def _write(path, columns, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
