"""Loading codecs late and quietly.

Keras takes seconds to import. `info`, `--help` and every mistake in the
arguments must not wait for it.
"""

import warnings

import click

from tfcodec import presets
from tfcodec.errors import TfcodecError
from tfcodec.quiet import quiet_import


class Codecs:
    """Codecs by preset, each loaded when first needed."""

    def __init__(self):
        self._loaded = {}

    def get(self, preset, reporter):
        """The `Codec` of a `Preset`; `reporter` says that it takes a while."""
        key = str(preset.directory)
        if key not in self._loaded:
            reporter.phase(f"loading preset {preset.name}")
            self._loaded[key] = _load(preset)
        return self._loaded[key]


def find_preset(name):
    """The `Preset` that the command line names, without Keras.

    Raises:
        click.UsageError: there is none.
    """
    try:
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


def _load(preset):
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
