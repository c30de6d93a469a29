"""tfcodec: a learned image codec for TensorFlow and Keras.

`load(name)` gives a trained codec (a `keras.Model` with `compress` and
`decompress`), `BitstreamError` is what a damaged or foreign file raises. All
is resolved on first use, so that `import tfcodec` costs nothing and the
integer parts (`tfcodec.coding`, `tfcodec.bitstream`) never import Keras.
"""

import importlib
import pathlib
from typing import TYPE_CHECKING
from typing import Any

from tfcodec.errors import BitstreamError
from tfcodec.errors import TfcodecError

if TYPE_CHECKING:
    from tfcodec.bitstream import Metadata
    from tfcodec.bitstream import read_metadata
    from tfcodec.codec import Codec
    from tfcodec.codec import load
    from tfcodec.presets import preset_names

__version__ = "0.1.0"
__all__ = [
    "BitstreamError",
    "Codec",
    "Metadata",
    "TfcodecError",
    "load",
    "preset_names",
    "read_metadata",
]

_LAZY = {
    "Codec": "tfcodec.codec",
    "Metadata": "tfcodec.bitstream",
    "load": "tfcodec.codec",
    "preset_names": "tfcodec.presets",
    "read_metadata": "tfcodec.bitstream",
}

# In a checkout `training/` and `export/` lie beside this package; an install
# puts them inside it (setup.cfg, `package_dir`). This line makes
# `tfcodec.training` and `tfcodec.export` the same modules in both cases.
_CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
if (_CHECKOUT / "training" / "train.py").is_file() and (
    _CHECKOUT / "setup.cfg"
).is_file():
    __path__.append(str(_CHECKOUT))


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
