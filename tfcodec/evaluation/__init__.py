"""Codecs compared on a folder of images: rates, distortions, BD-rates.

`evaluate_folder` does what `tfcodec eval` does; docs/evaluation.md says how
everything is measured. Nothing heavy is imported before it is needed: the
training's validation pass uses `evaluate` without the extra `eval`.
"""

import importlib

__all__ = [
    "Evaluation",
    "Settings",
    "bd_rate",
    "evaluate",
    "evaluate_folder",
    "read_images",
]

_LAZY = {
    "Evaluation": "tfcodec.evaluation.run",
    "Settings": "tfcodec.evaluation.settings",
    "bd_rate": "tfcodec.evaluation.curves",
    "evaluate": "tfcodec.evaluation.memory",
    "evaluate_folder": "tfcodec.evaluation.run",
    "read_images": "tfcodec.evaluation.pictures",
}


def __getattr__(name):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
