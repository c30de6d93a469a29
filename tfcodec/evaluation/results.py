"""The results of an evaluation as one JSON object."""

from tfcodec.evaluation import machine
from tfcodec.evaluation import summary
from tfcodec.evaluation.ms_ssim import MIN_SIDE
from tfcodec.evaluation.own import Own


def assemble(evaluation, rows):
    """Everything that `results.json` holds.

    Args:
        evaluation: `Evaluation`.
        rows: lines of `results.jsonl` of the images that are complete.
    """
    settings = evaluation.settings
    averages = summary.average(rows)
    images = {row["sha256"] for row in rows}
    pictures = [p for p in evaluation.pictures if p.sha256 in images]
    return {
        "folder": str(settings.folder),
        "images": [
            {
                "name": p.name,
                "sha256": p.sha256,
                "height": p.height,
                "width": p.width,
                "ms_ssim": min(p.height, p.width) >= MIN_SIDE,
            }
            for p in pictures
        ],
        "failures": [
            " ".join(f"{name} {what}: {error}".split())
            for name, what, error in evaluation.failures
        ],
        "settings": {
            "bpp_range": list(settings.bpp_range),
            "slider_bpp": settings.slider_bpp,
            "limit": settings.limit,
        },
        "timing": {
            "jobs": sorted({row["jobs"] for row in rows}),
            "threads": sorted({row["threads"] for row in rows}),
        },
        "machine": machine.describe(),
        "codecs": {
            candidate.name: {
                **candidate.settings(),
                "kind": "tfcodec"
                if isinstance(candidate, Own)
                else candidate.kind,
                "description": candidate.describe(),
                "fingerprint": evaluation.identities[candidate.name],
                "averages": averages[candidate.name],
            }
            for candidate in evaluation.candidates
        },
        "published": {
            name: {"source": evaluation.sources[name], "points": points}
            for name, points in evaluation.published.items()
        },
        "bd_rate": summary.bd_rates(
            averages, evaluation.published, settings.bpp_range
        ),
        "rows": rows,
    }
