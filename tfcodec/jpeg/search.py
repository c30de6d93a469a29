"""Search for the quality at which a JPEG file meets a size or a PSNR."""

import io
import math

import numpy as np
from PIL import Image

from tfcodec.errors import TfcodecError
from tfcodec.limits import MAX_QUALITY
from tfcodec.limits import MIN_QUALITY
from tfcodec.metrics import psnr

_MAX_TRIALS = 12
_CLOSE = 0.1  # of quality
_CLOSE_SIZE = 0.003  # of the logarithm
_CLOSE_PSNR = 0.01  # dB


def encode_to(encoder, *, target_bytes=None, target_psnr=None, report=None):
    """Encodes at the best quality within a size, or the least for a PSNR.

    Args:
        encoder: `JpegEncoder`.
        target_bytes: int, the largest file size in bytes, all of it counted.
        target_psnr: float, the lowest PSNR in dB, over RGB or grey, as Pillow
            decodes the file.
        report: function of `(trials done, trials at most)`, or None.

    Returns:
        `(data, quality)`.

    Raises:
        ValueError: not exactly one target is given.
        TfcodecError: no quality meets it; the message says what is possible.
    """
    if (target_bytes is None) == (target_psnr is None):
        raise ValueError("Give one of `target_bytes` and `target_psnr`.")
    trials = _Trials(encoder, report)
    if target_psnr is None:

        def room(data):
            return math.log(target_bytes / len(data))

        found = trials.search(room, False, _CLOSE_SIZE)
        if found is None:
            raise TfcodecError(
                f"The image does not fit in {target_bytes} bytes: at quality "
                f"1 it takes {len(trials.last)} bytes."
            )
        return found

    def excess(data):
        return decoded_psnr(data, encoder.image) - target_psnr

    found = trials.search(excess, True, _CLOSE_PSNR)
    if found is None:
        reached = decoded_psnr(trials.last, encoder.image)
        raise TfcodecError(
            f"A PSNR of {target_psnr:g} dB is out of reach: at quality 100 it "
            f"is {reached:.2f} dB."
        )
    return found


def decoded_psnr(data, image):
    """PSNR in dB of a JPEG file, decoded, and the pixels that it is of."""
    with Image.open(io.BytesIO(data)) as decoded:
        return psnr(np.asarray(decoded).reshape(image.shape), image)


class _Trials:
    """Files of one encoder, counted.

    Attributes:
        last: bytes of the last one.
    """

    def __init__(self, encoder, report):
        self._encoder, self._report = encoder, report
        self._count = 0
        self.last = b""

    def search(self, slack, rises, close):
        """The file of the least slack that is not negative, and its quality.

        By false position: both slacks are nearly straight in the quality.

        Args:
            slack: function of a file. The target is met from 0 on.
            rises: bool, whether the slack rises with the quality.
            close: float, a slack that will do.

        Returns:
            `(data, quality)`; None if no quality meets the target.
        """
        good, bad = MAX_QUALITY, MIN_QUALITY
        if not rises:
            good, bad = bad, good
        good_slack, data = self._at(good, slack)
        if good_slack < 0:
            return None
        bad_slack, other = self._at(bad, slack)
        if bad_slack >= 0:
            return other, bad
        while self._count < _MAX_TRIALS and abs(good - bad) > _CLOSE:
            if good_slack <= close:
                break
            part = good_slack / (good_slack - bad_slack)
            # Not the same end again and again.
            part = min(max(part, 0.1), 0.9)
            quality = round(good + part * (bad - good), 2)
            found, other = self._at(quality, slack)
            if found >= 0:
                good, good_slack, data = quality, found, other
            else:
                bad, bad_slack = quality, found
        return data, good

    def _at(self, quality, slack):
        data = self.last = self._encoder.encode(quality)
        self._count += 1
        if self._report is not None:
            self._report(self._count, _MAX_TRIALS)
        return slack(data), data
