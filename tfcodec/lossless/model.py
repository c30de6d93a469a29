"""The networks and tables of the lossless preset, and their file."""

import dataclasses
import functools
import hashlib
import pathlib
from typing import Any

import numpy as np

from tfcodec import weights
from tfcodec.coding import CdfTables
from tfcodec.coding.integer_network import IntegerLayer
from tfcodec.errors import TfcodecError
from tfcodec.lossless.contexts import NUM_PASSES
from tfcodec.lossless.contexts import NUM_PLANES
from tfcodec.lossless.contexts import num_inputs
from tfcodec.lossless.layer import LossyLayer
from tfcodec.lossless.predictor import PHASES
from tfcodec.lossless.predictor import SCALES
from tfcodec.lossless.predictor import Predictor
from tfcodec.lossless.walk import GROUPS

MAX_ERROR = 8
_FLOATS = ("linear", "bias", "hidden", "hidden_bias", "nonlinear")

Predictors = tuple[tuple[tuple[Predictor, ...], ...], ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Model:
    """All that lossless coding needs.

    Args:
        layer: `LossyLayer`.
        predictors: by group, plane and number of the pass.
        tables: `CdfTables`: a row for each channel of the latents, one for
            the first pixels of each plane, then those of `Predictor`.
    """

    layer: LossyLayer
    predictors: Predictors
    tables: CdfTables

    def __post_init__(self) -> None:
        rows = self.layer.channels + NUM_PLANES + SCALES * PHASES
        if self.tables.num_tables != rows:
            raise ValueError(
                f"`tables` must have {rows} rows. "
                f"Received: {self.tables.num_tables}"
            )
        for plane in range(NUM_PLANES):
            for number in range(NUM_PASSES):
                for group in self.predictors:
                    first = group[plane][number].first.kernel
                    if first.shape[0] != num_inputs(plane, number):
                        raise ValueError(
                            f"A predictor of plane {plane}, pass {number} must "
                            f"have {num_inputs(plane, number)} inputs. "
                            f"Received: {first.shape[0]}"
                        )

    def tables_for(self, max_error: int) -> CdfTables:
        """The tables of files with that error, as `coarser` makes them."""
        return coarser(self.tables, self.layer.channels, max_error)

    @functools.cached_property
    def model_hash(self) -> bytes:
        """4 bytes, as `docs/format.md` says."""
        sha = hashlib.sha256(self.tables.digest())
        for _, layer in self._integer_layers():
            head = (*layer.kernel.shape, layer.shift, layer.high)
            sha.update(np.array(head, "<u4").tobytes())
            sha.update(np.ascontiguousarray(layer.kernel, "<i1").tobytes())
            sha.update(np.ascontiguousarray(layer.bias, "<i4").tobytes())
        return sha.digest()[:4]

    def _integer_layers(self) -> list[tuple[str, IntegerLayer]]:
        """Every `IntegerLayer` with its name in files, in a fixed order."""
        named = [("layer_0", self.layer.first), ("layer_1", self.layer.second)]
        for group, planes in enumerate(self.predictors):
            for plane, numbers in enumerate(planes):
                for number, predictor in enumerate(numbers):
                    for i, layer in enumerate(predictor.layers):
                        name = f"predictor_{group}{plane}{number}_{i}"
                        named.append((name, layer))
        return named

    def save(self, directory: pathlib.Path) -> None:
        """Writes `tables.npz` (all integers) and `weights.npz`."""
        arrays: dict[str, Any] = {
            "cdf": self.tables.cdf,
            "size": self.tables.size,
            "offset": self.tables.offset,
        }
        for name, layer in self._integer_layers():
            arrays[f"kernel_{name}"] = layer.kernel
            arrays[f"bias_{name}"] = layer.bias
            arrays[f"bounds_{name}"] = np.array(
                [layer.shift, layer.high, layer.input_max], np.int32
            )
        np.savez_compressed(directory / "tables.npz", **arrays)
        floats: dict[str, Any] = {
            name: getattr(self.layer, name).astype(np.float16)
            for name in _FLOATS
        }
        np.savez_compressed(directory / "weights.npz", **floats)

    @classmethod
    def load(cls, directory: pathlib.Path) -> "Model":
        """Reads what `save` wrote.

        Raises:
            TfcodecError: a file is missing, damaged or inconsistent.
        """
        arrays = weights.read_npz(directory / "tables.npz")
        floats = weights.read_npz(directory / "weights.npz")

        def layer(name: str) -> IntegerLayer:
            return IntegerLayer(
                arrays[f"kernel_{name}"],
                arrays[f"bias_{name}"],
                *(int(value) for value in arrays[f"bounds_{name}"]),
            )

        def predictor(name: str) -> Predictor:
            return Predictor(*(layer(f"{name}_{i}") for i in range(3)))

        try:
            lossy = LossyLayer(
                **{name: floats[name].astype(np.float32) for name in _FLOATS},
                first=layer("layer_0"),
                second=layer("layer_1"),
            )
            predictors = tuple(
                tuple(
                    tuple(
                        predictor(f"predictor_{group}{plane}{number}")
                        for number in range(NUM_PASSES)
                    )
                    for plane in range(NUM_PLANES)
                )
                for group in range(GROUPS)
            )
            tables = CdfTables(arrays["cdf"], arrays["size"], arrays["offset"])
            return cls(lossy, predictors, tables)
        except (KeyError, ValueError, TypeError) as error:
            raise TfcodecError(f"{directory} is damaged: {error}") from error


@functools.lru_cache(2 * (MAX_ERROR + 1))
def coarser(tables: CdfTables, channels: int, max_error: int) -> CdfTables:
    """Tables in which a symbol stands for `2 * max_error + 1` values.

    Those nearest to a multiple of that number. The first `channels` rows, of
    the latents, stay as they are.
    """
    if max_error == 0:
        return tables
    cdfs, offsets = [], []
    for row in range(tables.num_tables):
        size, offset = int(tables.size[row]), int(tables.offset[row])
        cdf = tables.cdf[row, : size + 1]
        if row >= channels:
            steps = np.arange(size - 1) + offset + max_error
            steps //= 2 * max_error + 1
            begins = np.flatnonzero(np.diff(steps, prepend=steps[0] - 1))
            cdf = np.concatenate([cdf[begins], cdf[-2:]])  # And the escape.
            offset = int(steps[0])
        cdfs.append(cdf)
        offsets.append(offset)
    return CdfTables.from_rows(cdfs, offsets)
