"""Search for the quality that meets a size or a PSNR.

The analysis runs once per image; a trial costs the hyperprior and the coder,
for a PSNR the synthesis too.
"""

from tfcodec.errors import TfcodecError
from tfcodec.layers.gain import MAX_QUALITY
from tfcodec.layers.gain import MIN_QUALITY
from tfcodec.metrics import psnr


def compress_to(
    codec, image, *, target_bytes=None, target_bpp=None, target_psnr=None
):
    """Encodes at the best quality within a size, or the least for a PSNR.

    Args:
        codec: `Codec`.
        image: uint8 `(height, width, 3)`.
        target_bytes: int, the largest file size in bytes.
        target_bpp: float, the same in bits per pixel.
        target_psnr: float, the lowest PSNR in dB over RGB.

    Returns:
        `(data, quality)`.

    Raises:
        ValueError: not exactly one target is given.
        TfcodecError: no quality meets it; the message says what is possible.
    """
    targets = (target_bytes, target_bpp, target_psnr)
    if sum(target is not None for target in targets) != 1:
        raise ValueError(
            "Give exactly one of `target_bytes`, `target_bpp`, `target_psnr`."
        )
    encoder = codec.encoder(image)
    if target_psnr is not None:
        return _search_psnr(codec, encoder, target_psnr)
    if target_bpp is not None:
        target_bytes = int(target_bpp * encoder.height * encoder.width / 8)
    return _search_bytes(encoder, target_bytes)


def _search_bytes(encoder, limit):
    def fits(quality):
        data = encoder.encode(quality)
        return len(data) <= limit, data

    ok, data = fits(MIN_QUALITY)
    if not ok:
        raise TfcodecError(
            f"The image does not fit in {limit} bytes: at quality 1 it takes "
            f"{len(data)} bytes."
        )
    return _bisect(fits, data, want_last=True)


def _search_psnr(codec, encoder, target):
    def reaches(quality):
        data = encoder.encode(quality)
        reached = psnr(codec.decompress(data), encoder.image)
        return reached >= target, data, reached

    ok, data, reached = reaches(MAX_QUALITY)
    if not ok:
        raise TfcodecError(
            f"A PSNR of {target} dB is out of reach: at quality 100 it is "
            f"{reached:.2f} dB."
        )
    return _bisect(lambda q: reaches(q)[:2], data, want_last=False)


def _bisect(trial, best, want_last):
    """The last quality (in hundredths) where `trial` holds, or the first.

    `best` is the data at the end of the range where it is known to hold.
    """
    low, high = int(MIN_QUALITY * 100), int(MAX_QUALITY * 100)
    if want_last:
        ok, data = trial(MAX_QUALITY)
        if ok:
            return data, MAX_QUALITY
    else:
        ok, data = trial(MIN_QUALITY)
        if ok:
            return data, MIN_QUALITY
    # The size steps by whole bytes: 0.1 of quality is below what shows.
    while high - low > 10:
        middle = (low + high) // 2
        ok, data = trial(middle / 100)
        if ok:
            best = data
        if ok == want_last:
            low = middle
        else:
            high = middle
    return best, (low if want_last else high) / 100
