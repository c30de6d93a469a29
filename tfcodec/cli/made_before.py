"""Whether a `.tfc` file in a tree is what a run would make again."""

import dataclasses

from tfcodec.bitstream import unpack
from tfcodec.bitstream.container import HEADER
from tfcodec.bitstream.container import MAGIC
from tfcodec.cli import tree
from tfcodec.cli.report import shown
from tfcodec.errors import BitstreamError
from tfcodec.errors import TfcodecError
from tfcodec.presets import Preset


@dataclasses.dataclass(frozen=True)
class MadeBefore:
    """Looks at times and headers; nothing is decoded.

    Effort and `--target-psnr` leave no trace in a file.

    Args:
        preset: `Preset` of the run.
        rate: dict of one item, "quality" or an argument of `compress_to`.
        whole: bool. Compare the checksums of the files, too.
    """

    preset: Preset
    rate: dict
    whole: bool

    def __call__(self, job):
        """Whether the output of a `tree.TreeJob` is there.

        Raises:
            TfcodecError: something else is there.
            OSError: a file cannot be looked at.
        """
        if not tree.is_made(job):
            return False
        with open(job.target, "rb") as file:
            data = file.read(HEADER.size)
            if self.whole and data.startswith(MAGIC):
                data += file.read()
            num_bytes = file.seek(0, 2)
        why_not = self._why_not(data, num_bytes)
        if why_not:
            raise TfcodecError(
                f"the output {shown(job.target)} exists and {why_not} "
                "(--force overwrites it)"
            )
        return True

    def _why_not(self, data, num_bytes):
        """Why it is not such a file, None if it is."""
        if len(data) < HEADER.size or not data.startswith(MAGIC):
            return "is no .tfc file"
        if self.whole:
            try:
                unpack(data)
            except BitstreamError as error:
                return f"is damaged: {error}"
        _, _, preset_id, model_hash, width, height, hundredths, _ = (
            HEADER.unpack_from(data)
        )
        settings = self.preset.settings
        if (preset_id, model_hash.hex()) != (
            self.preset.identifier,
            settings.get("model_hash", model_hash.hex()),
        ):
            return f"was not made with preset {self.preset.name}"
        rate, value = next(iter(self.rate.items()))
        if rate == "quality" and hundredths != round(100 * value):
            return f"was made with quality {hundredths / 100:g}"
        if rate == "target_bpp":
            width, height = (
                int.from_bytes(side, "little") for side in (width, height)
            )
            value = value * width * height / 8
        if rate in ("target_bytes", "target_bpp") and num_bytes > value:
            return f"has {num_bytes:,} bytes, more than are wanted"
        return None
