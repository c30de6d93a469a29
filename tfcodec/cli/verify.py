"""`--verify`: a file is read back, decoded and compared with its picture."""

import numpy as np

from tfcodec.errors import BitstreamError
from tfcodec.errors import TfcodecError
from tfcodec.limits import BLOCK
from tfcodec.metrics import psnr
from tfcodec.picture import split

# Of the means of 16 x 16 pixels, by how much they may be off: the mean square
# at most half of their own variance, and this. A grey or foreign picture is
# off by all of the variance and more.
SLACK = 100.0
MIN_SIDE = 64  # pixels; smaller pictures have too few blocks for that


def verify(codec, image, data, read_back, max_error=None):
    """Compares a file on the disk with what was to be written.

    That its symbols are the encoder's needs no second encoding: the decoder
    ends in the state that the encoder began with only if it has read the same
    ones (`RansDecoder.finish`).

    Args:
        codec: `FileCodec`.
        image: the picture, as `FileCodec.compress` takes it.
        data: bytes, the file as it was made.
        read_back: bytes, the file as the disk has it.
        max_error: int, by how much a sample may be off in a lossless file;
            None for others.

    Returns:
        float, the PSNR of the decoded picture in dB.

    Raises:
        TfcodecError: one of the comparisons fails.
    """
    if read_back != data:
        raise TfcodecError(
            "not verified: the disk gives other bytes than were written to it"
        )
    try:
        decoded = codec.decompress(read_back, max_pixels=None)
    except BitstreamError as error:
        raise TfcodecError(
            f"not verified: the file does not decode: {error}"
        ) from error
    picture = split(image)
    height, width, _ = picture.rgb.shape
    num_colours = 1 if picture.grey else 3
    shape = height, width, num_colours + (picture.alpha is not None)
    if decoded.shape != shape:
        raise TfcodecError(
            f"not verified: it decodes to shape {decoded.shape} instead of "
            f"{shape}"
        )
    if picture.alpha is not None:
        if not np.array_equal(decoded[:, :, -1], picture.alpha):
            raise TfcodecError("not verified: the transparency is another")
    colours = picture.rgb
    if max_error is not None:  # Those of invisible pixels count, too.
        colours = np.reshape(image, (height, width, -1))
    colours = colours[:, :, :num_colours]
    found, looks_alike = compare(colours, decoded[:, :, :num_colours])
    if max_error is not None:
        larger = np.maximum(colours, decoded[:, :, :num_colours])
        smaller = np.minimum(colours, decoded[:, :, :num_colours])
        if (larger - smaller).max() > max_error:
            raise TfcodecError(
                "not verified: the decoded picture is another one by more "
                f"than {max_error} levels"
            )
    if not looks_alike:
        raise TfcodecError(
            "not verified: the decoded picture does not look like the "
            f"original, its PSNR is {found:.1f} dB"
        )
    return found


def compare(a, b):
    """Compares a picture with another one, 16 rows at a time.

    Args:
        a, b: uint8 `(height, width, channels)` of the same shape.

    Returns:
        `(psnr, looks_alike)`: dB, and whether the means of blocks agree.
    """
    height, width, _ = a.shape
    columns = np.arange(0, width, BLOCK)
    sizes = np.diff(columns, append=width)[:, None]
    means, off = [], []
    for row in range(0, height, BLOCK):
        rows = a[row : row + BLOCK].astype(np.int32)
        difference = b[row : row + BLOCK] - rows
        for found, values in ((means, rows), (off, difference)):
            sums = np.add.reduceat(values.sum(0), columns)
            found.append(sums / (sizes * len(values)))
    variance = np.var(means, axis=(0, 1)).mean()
    looks_alike = np.square(off).mean() <= variance / 2 + SLACK
    return psnr(a, b), bool(looks_alike) or min(height, width) < MIN_SIDE
