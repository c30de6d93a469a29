"""tfcodec: a learned image codec for TensorFlow and Keras.

`load(name)` gives a trained codec (a `keras.Model` with `compress` and
`decompress`), `BitstreamError` is what a damaged or foreign file raises. Both
are resolved on first use, so that `import tfcodec` costs nothing and the
integer parts (`tfcodec.coding`, `tfcodec.bitstream`) never import Keras.
"""

import importlib
import pathlib

from tfcodec.errors import BitstreamError
from tfcodec.errors import TfcodecError

__version__ = "0.1.0"
__all__ = [
    "BitstreamError",
    "Codec",
    "TfcodecError",
    "load",
    "preset_names",
]

_LAZY = {
    "Codec": "tfcodec.codec",
    "load": "tfcodec.codec",
    "preset_names": "tfcodec.presets",
}

# In a checkout `training/` and `export/` lie beside this package; an install
# puts them inside it (setup.cfg, `package_dir`). This line makes
# `tfcodec.training` and `tfcodec.export` the same modules in both cases.
_CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
if (_CHECKOUT / "training" / "train.py").is_file() and (
    _CHECKOUT / "setup.cfg"
).is_file():
    __path__.append(str(_CHECKOUT))


def __getattr__(name):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
