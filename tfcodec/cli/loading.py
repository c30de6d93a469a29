"""Loading codecs late and quietly, in LiteRT where that will do.

TensorFlow takes seconds to import, LiteRT a tenth of one. `info`, `--help` and
every mistake in the arguments wait for neither.
"""

import importlib.util
import warnings

import click

from tfcodec import presets
from tfcodec.cli.interrupt import deferred
from tfcodec.errors import TfcodecError
from tfcodec.litert.codec import has_graph
from tfcodec.quiet import quiet_import


class Codecs:
    """Codecs by preset, each loaded when first needed.

    Args:
        runtime: one of `parameters.RUNTIMES`, or None for LiteRT where it is
            there and can do the work.
        effort: int, 1..5; above 1 needs TensorFlow (or another Keras backend).
        num_threads: int, of LiteRT; None for all processors.

    Raises:
        click.UsageError: LiteRT is asked for and cannot do the work.
    """

    def __init__(self, runtime=None, effort=1, num_threads=None):
        if runtime == "litert" and effort > 1:
            raise click.UsageError(
                "LiteRT has no gradients, which --effort above 1 needs. "
                "Leave out --runtime, or say --runtime tf."
            )
        self._runtime = "tf" if effort > 1 else runtime
        self._num_threads = num_threads
        self._loaded = {}

    def get(self, preset, reporter=None):
        """The `FileCodec` of a `Preset`; `reporter` says that it takes time."""
        if preset.identifier == presets.LOSSLESS:
            from tfcodec import lossless

            return lossless.load()
        key = str(preset.directory)
        if key not in self._loaded:
            if reporter is not None:
                reporter.phase(f"loading preset {preset.name}")
            with deferred():
                if self._in_litert(preset):
                    codec = _load_litert(preset, self._num_threads)
                else:
                    codec = _load_keras(preset)
            self._loaded[key] = codec
        return self._loaded[key]

    def _in_litert(self, preset):
        if self._runtime is not None:
            return self._runtime == "litert"
        there = importlib.util.find_spec("ai_edge_litert") is not None
        return there and has_graph(preset)


def find_preset(name):
    """The `Preset` that the command line names, without Keras.

    Raises:
        click.UsageError: there is none.
    """
    try:
        if name == presets.LOSSLESS_NAME:
            return presets.by_identifier(presets.LOSSLESS)
        return presets.find(name)
    except TfcodecError as error:
        raise click.UsageError(str(error)) from error


def preset_of(container, own=None):
    """The `Preset` that a file needs.

    Args:
        container: `Container`.
        own: `Preset` named on the command line, or None. It serves the files
            that carry its identifier; others name theirs.

    Raises:
        TfcodecError: this installation does not have it.
    """
    if own is not None and own.identifier == container.preset_id:
        return own
    return presets.by_identifier(container.preset_id)


def _load_litert(preset, num_threads):
    try:
        from tfcodec.litert.codec import load

        return load(preset.directory, num_threads)
    except ImportError as error:
        raise TfcodecError(
            f"LiteRT cannot be imported: {error}. Install ai-edge-litert, or "
            "say --runtime tf."
        ) from error


def _load_keras(preset):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with quiet_import():
                from tfcodec.codec import load
        except ImportError as error:
            raise TfcodecError(
                f"Keras or its backend cannot be imported: {error}"
            ) from error
        return load(preset.directory)
