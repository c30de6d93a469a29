"""tfcodec as one of the codecs that are compared: a preset at an effort."""

import dataclasses
import functools
import hashlib
import inspect
import pathlib

import tfcodec
from tfcodec import presets
from tfcodec.errors import TfcodecError
from tfcodec.evaluation.memory import QUALITIES
from tfcodec.evaluation.memory import estimated_bits
from tfcodec.quiet import quiet_import

_FILES = ("preset.json", "tables.npz", "weights.npz")


@dataclasses.dataclass(frozen=True)
class Own:
    """A preset at an effort; `make` makes one.

    Args:
        name: str, e.g. `photo-N` or `photo-N effort 5`.
        directory: str, the preset's folder.
        digest: str, hexadecimal SHA-256 of the preset's files.
        effort: int.
        qualities: tuple of floats, 1..100.
    """

    name: str
    directory: str
    digest: str
    effort: int
    qualities: tuple

    def settings(self):
        """What results depend on, as JSON."""
        return {
            "kind": "tfcodec",
            "preset": self.digest,
            "effort": self.effort,
            "library": f"tfcodec {tfcodec.__version__}",
        }

    def describe(self):
        """One line for people."""
        return (
            f"tfcodec {tfcodec.__version__}, preset "
            f"{pathlib.Path(self.directory).name}, effort {self.effort}, "
            f"files' SHA-256 {self.digest[:12]}"
        )

    def load(self):
        """The `Codec`, loaded once in each process."""
        with quiet_import():
            return _load(self.directory, self.digest)

    def encode(self, image, quality, threads=None):
        """bytes of a `.tfc` file; `threads` is for the backend to know."""
        return self.load().compress(image, quality, **self._effort())

    def decode(self, data):
        """uint8 `(height, width, 3)` of a file's bytes."""
        return self.load().decompress(data)

    def encode_within(self, image, num_bits):
        """`(data, quality)`: the best that fits, else the smallest there is.

        Args:
            image: uint8 `(height, width, 3)`.
            num_bits: float, bits per pixel.
        """
        from tfcodec.rate_control import compress_to

        try:
            return compress_to(
                self.load(), image, target_bpp=num_bits, **self._effort()
            )
        except TfcodecError:
            return self.encode(image, 1), 1.0

    def estimate(self, image, quality):
        """The model's own estimate in bits per pixel; None above effort 1,
        where the symbols are not those of the estimate."""
        if self.effort != 1:
            return None
        height, width = image.shape[:2]
        bits = estimated_bits(self.load().encoder(image), quality)
        return bits / (height * width)

    def _effort(self):
        return {} if self.effort == 1 else {"effort": self.effort}


def make(preset, effort=1, qualities=None):
    """The `Own` of a preset's name or folder.

    Raises:
        TfcodecError: there is no such preset, or a file of it is missing.
    """
    found = presets.find(preset)
    sha = hashlib.sha256()
    for file in _FILES:
        try:
            sha.update((found.directory / file).read_bytes())
        except OSError as error:
            raise TfcodecError(
                f"{found.directory / file}: {error.strerror or error}"
            ) from error
    name = found.name if effort == 1 else f"{found.name} effort {effort}"
    return Own(
        name,
        str(found.directory),
        sha.hexdigest(),
        effort,
        tuple(qualities or QUALITIES),
    )


@functools.lru_cache(maxsize=4)
def _load(directory, digest):
    return tfcodec.load(directory)


def check_effort():
    """Raises TfcodecError if `Codec.compress` knows no effort."""
    with quiet_import():
        from tfcodec.codec import Codec
    if "effort" not in inspect.signature(Codec.compress).parameters:
        raise TfcodecError("This version of tfcodec has no efforts.")
