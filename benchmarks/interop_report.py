"""The tables of `interop.py`, from a `Matrix`."""

import statistics

import numpy as np

from tfcodec.evaluation.machine import num_cores
from tfcodec.evaluation.machine import processor


def encoder_rows(matrix):
    """A dict for each encoder: how its files are, beside the reference's.

    Returns:
        List of dicts: `encoder`; `files`; `same`, how many equal the
        reference's byte by byte; `bytes_percent`, by how much they are larger;
        `symbols_percent` that differ; `psnr_itself` and `psnr_reference`, what
        they lose in dB over the folder's pictures when that decoder reads
        them, against the reference's files read by the reference.
    """
    key = matrix.reference.key
    return [
        _encoder_row(matrix, runtime, matrix.files[key], matrix.decodings[key])
        for runtime in matrix.runtimes
    ]


def _encoder_row(matrix, runtime, expected, decoded):
    files = {
        coded: sha
        for coded, sha in matrix.files[runtime.key].items()
        if sha in decoded and expected.get(coded) in decoded
    }
    own = matrix.decodings[runtime.key]
    sizes, counts, lost = np.zeros(2), np.zeros(2, int), {}
    for coded, sha in files.items():
        other = expected[coded]
        sizes += [
            matrix.path(name, "tfc").stat().st_size for name in (sha, other)
        ]
        for name, symbols in matrix.symbols(sha).items():
            differ = symbols != matrix.symbols(other)[name]
            counts += [np.count_nonzero(differ), differ.size]
        if matrix.pictures[coded[0]].is_odd:
            continue
        best = decoded[other]["psnr"]
        lost.setdefault("reference", []).append(best - decoded[sha]["psnr"])
        if sha in own:
            lost.setdefault("itself", []).append(best - own[sha]["psnr"])
    return {
        "encoder": runtime.label,
        "files": len(files),
        "same": sum(expected[coded] == sha for coded, sha in files.items()),
        "bytes_percent": 100 * (sizes[0] / sizes[1] - 1) if files else None,
        "symbols_percent": 100 * counts[0] / counts[1] if files else None,
        "psnr_itself": _mean(lost.get("itself")),
        "psnr_reference": _mean(lost.get("reference")),
    }


def decoder_rows(matrix):
    """A dict for each decoder: what it makes of all distinct files.

    Returns:
        List of dicts: `decoder`; `files` it has decoded, `pairs` with the
        encoders that made them; `symbols`, how many of the files gave equal
        ones; `seen`, whether it shows them; `equal_percent`, `one_percent`,
        `more_percent` of samples by their difference to the reference in
        levels, the `largest`, and the `histogram` up to it; `psnr_lost` in dB
        for the reference's files of the folder's pictures.
    """
    return [_decoder_row(matrix, runtime) for runtime in matrix.runtimes]


def _decoder_row(matrix, runtime):
    decodings = matrix.decodings[runtime.key]
    reference = matrix.decodings[matrix.reference.key]
    histogram = sum(
        (decoding["histogram"] for decoding in decodings.values()),
        np.zeros(256, int),
    )
    largest = int(np.flatnonzero(histogram)[-1]) if decodings else None
    total = max(1, histogram.sum())
    lost = [
        reference[sha]["psnr"] - decodings[sha]["psnr"]
        for (name, _), sha in matrix.files[matrix.reference.key].items()
        if sha in decodings and not matrix.pictures[name].is_odd
    ]
    return {
        "decoder": runtime.label,
        "files": len(decodings),
        "pairs": sum(
            sha in decodings
            for files in matrix.files.values()
            for sha in files.values()
        ),
        "symbols": sum(bool(d["equal"]) for d in decodings.values()),
        "seen": all(d["seen"] for d in decodings.values()),
        "equal_percent": 100 * histogram[0] / total,
        "one_percent": 100 * histogram[1] / total,
        "more_percent": 100 * histogram[2:].sum() / total,
        "largest": largest,
        "histogram": histogram[: (largest or 0) + 1].tolist(),
        "psnr_lost": _mean(lost),
    }


def summary(matrix):
    """What is JSON-able of a whole run, a dict."""
    decoders = decoder_rows(matrix)
    return {
        "processor": processor(),
        "cores": num_cores(),
        "pictures": sum(not p.is_odd for p in matrix.pictures.values()),
        "odd_pictures": sum(p.is_odd for p in matrix.pictures.values()),
        "encoders": encoder_rows(matrix),
        "decoders": decoders,
        "files": sum(map(len, matrix.files.values())),
        "distinct_files": len(matrix.distinct()),
        "decodings": sum(row["files"] for row in decoders),
        "pairs": sum(row["pairs"] for row in decoders),
        "largest_spread": max(matrix.spreads.values(), default=None),
        "digest": matrix.digest(),
        "failures": matrix.failures,
    }


def markdown(found):
    """The tables of a `summary`, a str."""
    encoders = [
        (
            row["encoder"],
            str(row["files"]),
            str(row["same"]),
            _shown(row["bytes_percent"], "+.3f", " %"),
            _shown(row["symbols_percent"], ".5f", " %"),
            _shown(row["psnr_itself"], ".3f"),
            _shown(row["psnr_reference"], ".3f"),
        )
        for row in found["encoders"]
    ]
    decoders = [
        (
            row["decoder"],
            str(row["files"]),
            f"{row['symbols']}{'' if row['seen'] else ' *'}",
            _shown(row["equal_percent"], ".5f", " %"),
            _shown(row["one_percent"], ".5f", " %"),
            _shown(row["more_percent"], ".5f", " %"),
            _shown(row["largest"], "d"),
            _shown(row["psnr_lost"], ".3f"),
        )
        for row in found["decoders"]
    ]
    lines = [
        *_table(
            "encoder | files | equal bytes | size | symbols that differ | "
            "dB lost, read by itself | read by the reference",
            encoders,
        ),
        "",
        *_table(
            "decoder | files | symbols equal | pixels equal | one off | more | "
            "largest | dB lost",
            decoders,
        ),
    ]
    spread = _shown(found["largest_spread"], "d")
    if not all(row["seen"] for row in found["decoders"]):
        text = "its pixels are exactly those it makes of the reference's."
        lines += ["", f"\\* shows no symbols: {text}"]
    lines += [
        "",
        f"{len(found['encoders'])} encoders made {found['files']} files, "
        f"{found['distinct_files']} of them distinct; "
        f"{len(found['decoders'])} decoders decoded "
        f"{found['decodings']} times, which is {found['pairs']} pairs of a "
        "file and a decoder. Largest difference between any two decoders "
        f"that are not lossy: {spread}.",
        f"Digest: `{found['digest']}`",
    ]
    return "\n".join(lines)


def _table(names, rows):
    """Lines of a table; all but the first column are numbers."""
    yield f"| {names} |"
    yield "|---|" + "---:|" * names.count("|")
    for cells in rows:
        yield f"| {' | '.join(cells)} |"


def _mean(values):
    # No sign of a zero.
    return round(statistics.mean(values), 3) + 0.0 if values else None


def _shown(value, form, unit=""):
    return "" if value is None else f"{value:{form}}{unit}"
