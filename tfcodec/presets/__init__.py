"""Presets: trained models as package data, found by name, path or number.

A preset is a folder with `preset.json` (what it is), `tables.npz` (integers
that parsing needs), `weights.npz` (float16, everything else) and a model
card. `photo` names the newest version of its family, `photo-N` that one.
Keras is not imported here.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
from typing import Any

import numpy as np

from tfcodec import weights
from tfcodec.coding import BITS_PER_LANE
from tfcodec.coding import CdfTables
from tfcodec.coding.integer_network import IntegerLayer
from tfcodec.coding.integer_network import IntegerNetwork
from tfcodec.errors import BitstreamError
from tfcodec.errors import TfcodecError

# Identifiers in files. Written down, never renumbered, never used again.
# docs/format.md has the same list.
IDENTIFIERS = {
    10: "photo-6",
    11: "photo-msssim-3",
    12: "photo-fast-1",
    18: "cnn-pool-dense-1",
    19: "deconvnet-1",
    20: "cnn-plain-2",
    21: "cnn-pool-2",
}
# Of presets that were, the name by identifier.
RETIRED = {
    1: "photo-1",
    4: "photo-2",
    5: "photo-3",
    6: "photo-msssim-1",
    7: "photo-4",
    8: "photo-msssim-2",
    9: "photo-5",
    16: "cnn-plain-1",
    17: "cnn-pool-1",
    32: "lossless-1",
}
LOSSLESS = 33  # of `tfcodec.lossless`, which is not a codec of `tfcodec.load`
LOSSLESS_NAME = "lossless-2"
UNREGISTERED = 0xFFFF  # a preset that a user has trained

_ROOT = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Preset:
    """Where a trained model lies, and what its `preset.json` says."""

    name: str
    identifier: int
    directory: pathlib.Path
    settings: dict[str, Any]

    @property
    def family(self) -> str:
        return str(self.settings["family"])


@dataclasses.dataclass(frozen=True, eq=False)
class Coding:
    """All integers that parsing a file depends on.

    Args:
        tables: `CdfTables`, the rows of the first stream first.
        network: `IntegerNetwork`, or None if there is only one stream.
        decoder: 32 bytes, `tfcodec.weights.digest` of what else a decoder
            computes with; None in presets older than it.
    """

    tables: CdfTables
    network: IntegerNetwork | None
    decoder: bytes | None = None

    @property
    def model_hash(self) -> bytes:
        """First 4 bytes of the SHA-256 over the digests."""
        sha = hashlib.sha256(self.tables.digest())
        if self.network is not None:
            sha.update(self.network.digest())
        sha.update(self.decoder or b"")
        return sha.digest()[:4]

    def save(self, path: str | pathlib.Path) -> None:
        """Writes an .npz file."""
        arrays: dict[str, Any] = {
            "cdf": self.tables.cdf,
            "size": self.tables.size,
            "offset": self.tables.offset,
        }
        if self.tables.bits_per_lane != BITS_PER_LANE:
            arrays["bits_per_lane"] = np.array(
                [self.tables.bits_per_lane], np.int32
            )
        layers = self.network.layers if self.network else ()
        for i, layer in enumerate(layers):
            arrays[f"kernel_{i}"] = layer.kernel
            arrays[f"bias_{i}"] = layer.bias
            arrays[f"bounds_{i}"] = np.array(
                [layer.shift, layer.high, layer.input_max], np.int32
            )
        if self.decoder is not None:
            arrays["decoder"] = np.frombuffer(self.decoder, np.uint8)
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: str | pathlib.Path) -> "Coding":
        """Reads what `save` wrote.

        Raises:
            TfcodecError: the file is missing, damaged or inconsistent.
        """
        arrays = weights.read_npz(path)
        try:
            bits_per_lane = arrays.get("bits_per_lane", np.array(BITS_PER_LANE))
            tables = CdfTables(
                arrays["cdf"],
                arrays["size"],
                arrays["offset"],
                int(bits_per_lane.item()),
            )
            count = sum(key.startswith("kernel_") for key in arrays)
            layers = tuple(
                IntegerLayer(
                    arrays[f"kernel_{i}"],
                    arrays[f"bias_{i}"],
                    *(int(value) for value in arrays[f"bounds_{i}"]),
                )
                for i in range(count)
            )
            network = IntegerNetwork(layers) if layers else None
            decoder = None
            if "decoder" in arrays:
                decoder = arrays["decoder"].tobytes()
                if len(decoder) != 32:
                    raise ValueError(f"decoder has {len(decoder)} bytes")
        except (KeyError, ValueError, TypeError) as error:
            raise TfcodecError(f"{path} is damaged: {error}") from error
        return cls(tables, network, decoder)


def preset_names() -> list[str]:
    """Names that `find` accepts: families first, then single versions."""
    versions = [
        name
        for name in IDENTIFIERS.values()
        if (_ROOT / name / "preset.json").is_file()
    ]
    families = sorted({name.rsplit("-", 1)[0] for name in versions})
    return families + versions


def find(name: str | pathlib.Path) -> Preset:
    """The `Preset` of a name or of a folder.

    Raises:
        TfcodecError: there is none; the message lists what there is.
    """
    folder = pathlib.Path(name)
    if (folder / "preset.json").is_file():
        return _read(folder)
    versions = [
        known
        for known in IDENTIFIERS.values()
        if (known == str(name) or known.rsplit("-", 1)[0] == str(name))
        and (_ROOT / known / "preset.json").is_file()
    ]
    if not versions:
        wrong = f"There is no preset {str(name)!r}"
        if str(name) in RETIRED.values():
            wrong = f"The preset {str(name)!r} is retired"
        raise TfcodecError(
            f"{wrong}. Presets: "
            f"{', '.join(preset_names())}; or the path of a preset folder."
        )
    newest = max(versions, key=lambda known: int(known.rsplit("-", 1)[1]))
    return _read(_ROOT / newest)


def by_identifier(identifier: int) -> Preset:
    """The `Preset` that a file's header names.

    Raises:
        BitstreamError: it is retired, unknown, or one that a user trained.
    """
    if identifier == UNREGISTERED:
        raise BitstreamError(
            "The file was made with a preset that is not part of tfcodec. "
            "Name that preset's folder: --preset PATH."
        )
    if identifier in RETIRED:
        raise BitstreamError(
            f"The file was made with preset {RETIRED[identifier]}, which is "
            "retired. Use a version of tfcodec that still has it."
        )
    if identifier == LOSSLESS:
        return _read(_ROOT / LOSSLESS_NAME)
    if identifier not in IDENTIFIERS:
        raise BitstreamError(
            f"The file needs preset number {identifier}, which this version "
            "of tfcodec does not have. It was made by a newer version."
        )
    return find(IDENTIFIERS[identifier])


def write(
    directory: str | pathlib.Path, settings: dict[str, Any], coding: Coding
) -> None:
    """Writes `preset.json` and `tables.npz` (weights are written apart)."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    coding.save(directory / "tables.npz")
    settings = {**settings, "model_hash": coding.model_hash.hex()}
    temporary = directory / "preset.json.part"
    temporary.write_text(json.dumps(settings, indent=2) + "\n", "utf-8")
    os.replace(temporary, directory / "preset.json")


def _read(directory: pathlib.Path) -> Preset:
    path = directory / "preset.json"
    try:
        settings = json.loads(path.read_text("utf-8"))
        return Preset(
            str(settings["name"]),
            int(settings["identifier"]),
            directory,
            settings,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TfcodecError(f"Cannot read {path}: {error}") from error
