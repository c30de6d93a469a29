"""What `-q` of `tfcodec jpeg` means: the PSNR of Pillow's files."""

import io

import numpy as np
from PIL import Image

from tfcodec.jpeg.encoder import JpegEncoder
from tfcodec.jpeg.tables import QUALITIES
from tfcodec.jpeg.tables import TableNetwork
from tfcodec.metrics import psnr

CROPS = 8
_LOG_STEPS = np.arange(0.0, 9.1, 0.75)


def calibrate(weights, crops):
    """The steps of qualities.

    Args:
        weights: dict, see `TableNetwork`.
        crops: list of uint8 `(height, width, 3)`.

    Returns:
        float `(qualities,)`: for each of `tables.QUALITIES`, the base-2
        logarithm of the step at which the mean PSNR is that of Pillow's JPEG
        at that quality, 4:4:4, where no PSNR is lost to subsampling; falling.
    """
    network = TableNetwork(weights)
    ours = np.zeros(len(_LOG_STEPS))
    theirs = np.zeros(len(QUALITIES))
    for crop in crops:
        encoder = JpegEncoder(crop, network=network)
        files = [encoder.encode_at(log_step) for log_step in _LOG_STEPS]
        ours += [_psnr(data, crop) for data in files]
        theirs += [_psnr(_pillow(crop, q), crop) for q in QUALITIES]
    steps = np.interp(theirs, ours[::-1], _LOG_STEPS[::-1])
    # A little of a slope where the ends are reached.
    return steps - 1e-3 * np.arange(len(steps))


def _pillow(crop, quality):
    file = io.BytesIO()
    image = Image.fromarray(crop)
    image.save(file, "JPEG", quality=int(quality), subsampling=0)
    return file.getvalue()


def _psnr(data, crop):
    with Image.open(io.BytesIO(data)) as image:
        return psnr(np.asarray(image.convert("RGB")), crop)
