"""A trained preset whose networks run in LiteRT."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tfcodec import presets
from tfcodec.errors import TfcodecError
from tfcodec.file_codec import FileCodec
from tfcodec.litert.graph_file import NAME
from tfcodec.litert.graph_file import GraphFile
from tfcodec.quiet import quiet_descriptor

STEPS = ("analyse", "hyper", "residuals", "dequantize", "synthesise")


def load(
    preset: str | os.PathLike[str] = "photo", num_threads: int | None = None
) -> "LiteRtCodec":
    """A trained codec for coding alone: no training, no efforts above 1.

    Args:
        preset: name (`tfcodec.preset_names()`) or path of a preset folder.
        num_threads: int, or None for all processors.

    Returns:
        `LiteRtCodec`.

    Raises:
        TfcodecError: there is no such preset, it has no LiteRT graph, or it is
            damaged.
        ImportError: ai-edge-litert is not installed.
    """
    found = presets.find(os.fspath(preset))
    if not has_graph(found):
        raise TfcodecError(
            f"The preset {found.name} has no {NAME}. Make it: "
            f"python -m tfcodec.export.lite.packaged {found.directory}"
        )
    coding = presets.Coding.load(found.directory / "tables.npz")
    graphs = GraphFile(found.directory)
    return LiteRtCodec(graphs, coding, found, num_threads)


def has_graph(preset: presets.Preset) -> bool:
    """Whether a `Preset` can be run by LiteRT."""
    return (preset.directory / NAME).is_file()


class LiteRtCodec(FileCodec):
    """Images to bytes and back; files are those of `Codec`.

    Pixels and symbols may differ from Keras's where a float differs in its
    last bit; any file decodes to the same symbols on both.

    Args:
        graphs: `GraphFile`; a step is read when it is first run, and raises
            TfcodecError then if it is damaged.
        coding: `Coding`.
        preset: `Preset`.
        num_threads: int or None.
    """

    def __init__(
        self,
        graphs: GraphFile,
        coding: presets.Coding,
        preset: presets.Preset,
        num_threads: int | None = None,
    ):
        # Not in the first picture's time, and an error now if it is missing.
        import ai_edge_litert.interpreter  # noqa: F401

        self.coding = coding
        self.preset = preset
        self.identifier = preset.identifier
        self.reach = graphs.reach
        self._graphs = graphs
        self._runners: dict[str, Any] = {}
        self._num_threads = num_threads or os.cpu_count()
        for step in STEPS:
            if step in graphs.steps:  # models with one stream have fewer
                setattr(self, f"run_{step}", self._step(step))

    def _step(self, name: str) -> Callable[..., Any]:
        def run(*arrays: npt.ArrayLike) -> Any:
            inputs = {
                f"input_{i}": np.asarray(array, np.float32)
                for i, array in enumerate(arrays)
            }
            try:
                if name in self._runners:
                    return self._runners[name](**inputs)["output"]
                with quiet_descriptor():  # delegates are made in the first run
                    self._runners[name] = self._runner(name)
                    return self._runners[name](**inputs)["output"]
            except RuntimeError as error:
                # Nothing else than memory is wanting: graph and inputs fit.
                self._runners.pop(name, None)
                raise MemoryError(f"LiteRT, {name}: {error}") from error

        return run

    def release(self) -> None:
        self._runners.clear()

    def _runner(self, step: str) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(
            model_content=self._graphs.read(step),
            num_threads=self._num_threads,
        )
        return interpreter.get_signature_runner(step)
