"""What an evaluation is asked to do."""

import dataclasses
import importlib.util
import math

from tfcodec.errors import TfcodecError
from tfcodec.evaluation import own
from tfcodec.evaluation import peers
from tfcodec.evaluation.curves import BPP_RANGE

_NEEDED = ("bjontegaard", "matplotlib", "scipy", "ssimulacra2")


@dataclasses.dataclass(frozen=True)
class Settings:
    """Arguments of `evaluate_folder` and `tfcodec eval`.

    Args:
        folder: path of a folder of images.
        presets: sequence of str, names or folders of presets.
        efforts: sequence of int, 1..5, each a codec of its own.
        against: sequence of str, names of peers: see `peers.parse`.
        qualities: sequence of floats, 1..100, of tfcodec; None for 12 of
            them. Peers have their own.
        bpp_range: `(low, high)`, the bits per pixel that BD-rates cover.
        output: path of the folder for results, made if it is not there.
        jobs: int, number of processes.
        limit: int, only the first so many images; None for all.
        fresh: bool, discard results in `output`.
        published: path of a file of published curves, or None.
        published_names: sequence of str, the curves to take; None for all.
        slider_bpp: float, bits per pixel of the pictures in the report.
        slider_against: str, the peer in those pictures; None for the first
            that is AVIF, else the first of them.
        slider_images: int, most images with pictures in the report.

    Raises:
        ValueError: a value makes no sense.
    """

    folder: str
    presets: tuple = ("photo",)
    efforts: tuple = (1,)
    against: tuple = ("jpeg", "webp", "avif")
    qualities: tuple | None = None
    bpp_range: tuple = BPP_RANGE
    output: str = "tfcodec-eval"
    jobs: int = 1
    limit: int | None = None
    fresh: bool = False
    published: str | None = None
    published_names: tuple | None = None
    slider_bpp: float = 0.25
    slider_against: str | None = None
    slider_images: int = 24

    def __post_init__(self):
        low, high = self.bpp_range
        checks = {
            "presets": len(self.presets) > 0,
            "efforts": len(self.efforts) > 0
            and all(e in range(1, 6) for e in self.efforts),
            "qualities": self.qualities is None
            or (
                len(self.qualities) > 0
                and all(1 <= q <= 100 for q in self.qualities)
            ),
            "bpp_range": 0 < low < high < math.inf,
            "jobs": self.jobs >= 1,
            "limit": self.limit is None or self.limit >= 1,
            "slider_bpp": 0 < self.slider_bpp < math.inf,
            "slider_against": self.slider_against is None
            or self.slider_against in self.against,
        }
        rules = {
            "presets": "name at least one",
            "efforts": "be integers in 1..5",
            "qualities": "be in 1..100",
            "bpp_range": "be two rising positive numbers",
            "jobs": "be at least 1",
            "limit": "be at least 1",
            "slider_bpp": "be positive",
            "slider_against": "be one of the peers",
        }
        for name, ok in checks.items():
            if not ok:
                value = getattr(self, name)
                raise ValueError(
                    f"`{name}` must {rules[name]}. Received: {name}={value!r}"
                )

    def candidates(self):
        """List of `Own` and `Peer`, tfcodec first.

        Raises:
            ValueError: a peer is unknown, or a codec is named twice.
            TfcodecError: a preset or a library is missing.
        """
        self._check_installed()
        made = [peers.parse(name) for name in self.against]
        mine = [
            own.make(preset, effort, self.qualities)
            for preset in self.presets
            for effort in self.efforts
        ]
        names = [candidate.name for candidate in mine + made]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"The codec {name!r} is there twice.")
        if any(effort != 1 for effort in self.efforts):
            own.check_effort()
        return mine + made

    def _check_installed(self):
        for module in _NEEDED:
            if importlib.util.find_spec(module) is None:
                raise TfcodecError(
                    f"An evaluation needs {module}: pip install 'tfcodec[eval]'"
                )
