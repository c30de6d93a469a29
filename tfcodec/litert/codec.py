"""A trained preset whose networks run in LiteRT."""

import os

import numpy as np

from tfcodec import presets
from tfcodec.errors import TfcodecError
from tfcodec.file_codec import FileCodec
from tfcodec.litert.graph_file import NAME
from tfcodec.litert.graph_file import GraphFile
from tfcodec.quiet import quiet_descriptor

STEPS = ("analyse", "hyper", "residuals", "reconstruct")


def load(preset="photo", num_threads=None):
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
    preset = presets.find(preset)
    if not has_graph(preset):
        raise TfcodecError(
            f"The preset {preset.name} has no {NAME}. Make it: "
            f"python -m tfcodec.export.lite.packaged {preset.directory}"
        )
    coding = presets.Coding.load(preset.directory / "tables.npz")
    graphs = GraphFile(preset.directory)
    return LiteRtCodec(graphs, coding, preset, num_threads)


def has_graph(preset):
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

    def __init__(self, graphs, coding, preset, num_threads=None):
        # Not in the first picture's time, and an error now if it is missing.
        import ai_edge_litert.interpreter  # noqa: F401

        self.coding = coding
        self.preset = preset
        self.identifier = preset.identifier
        self._graphs = graphs
        self._num_threads = num_threads or os.cpu_count()
        for step in STEPS:
            if step in graphs.steps:  # one-stream models have no residuals
                setattr(self, f"run_{step}", self._step(step))

    def _step(self, name):
        runner = None

        def run(*arrays):
            nonlocal runner
            inputs = {
                f"input_{i}": np.asarray(array, np.float32)
                for i, array in enumerate(arrays)
            }
            if runner is None:  # delegates are made in the first run
                with quiet_descriptor():
                    runner = self._runner(name)
                    outputs = runner(**inputs)
            else:
                outputs = runner(**inputs)
            return outputs["output"]

        return run

    def _runner(self, step):
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(
            model_content=self._graphs.read(step),
            num_threads=self._num_threads,
        )
        return interpreter.get_signature_runner(step)
