"""Search for the quality that meets a size or a PSNR.

The analysis runs once per image; a trial costs the hyperprior and the coder,
for a PSNR the synthesis too. Above effort 1 trials are refined only near the
end of the search.
"""

import functools

from tfcodec.errors import TfcodecError
from tfcodec.image_encoder import check_effort
from tfcodec.limits import MAX_QUALITY
from tfcodec.limits import MIN_QUALITY
from tfcodec.metrics import psnr

# Above effort 1: refined trials at most, and when one is close enough.
_REFINED_TRIALS = 3
_CLOSE_BYTES = 0.005  # of the limit
_CLOSE_PSNR = 0.02  # dB


def compress_to(
    codec,
    image,
    *,
    target_bytes=None,
    target_bpp=None,
    target_psnr=None,
    effort=1,
    report=None,
):
    """Encodes at the best quality within a size, or the least for a PSNR.

    Args:
        codec: `Codec`.
        image: uint8 `(height, width, 3)`.
        target_bytes: int, the largest file size in bytes.
        target_bpp: float, the same in bits per pixel.
        target_psnr: float, the lowest PSNR in dB over RGB.
        effort: int, 1..5, see `Codec.compress`.
        report: see `ImageEncoder.encode`; counts anew for each trial.

    Returns:
        `(data, quality)`.

    Raises:
        ValueError: not exactly one target is given, or no such effort.
        TfcodecError: no quality meets it; the message says what is possible.
    """
    targets = (target_bytes, target_bpp, target_psnr)
    if sum(target is not None for target in targets) != 1:
        raise ValueError(
            "Give exactly one of `target_bytes`, `target_bpp`, `target_psnr`."
        )
    check_effort(effort)
    encoder = codec.encoder(image)
    if target_bpp is not None:
        target_bytes = int(target_bpp * encoder.height * encoder.width / 8)
    if target_psnr is not None:
        search = functools.partial(_search_psnr, codec, encoder)
    else:
        search = functools.partial(_search_bytes, encoder)
    target = target_bytes if target_psnr is None else target_psnr
    if effort > 1:

        def refine(quality):
            return encoder.encode(quality, effort, report)

        if target_psnr is None:
            best = _refine_to_bytes(search, refine, target)
        else:
            best = _refine_to_psnr(search, refine, target, codec, encoder)
        if best is not None:
            return best
    return search(target)


def _refine_to_bytes(search, refine, limit):
    """The best refined `(data, quality)` within `limit` bytes, or None.

    `search` knows the quality at which an unrefined file has a size. The ratio
    of a refined file's size to that hardly depends on the quality.
    """
    best, aim = None, limit
    for _ in range(_REFINED_TRIALS):
        quality = _quality_or(MIN_QUALITY, search, int(aim))
        data = refine(quality)
        if len(data) <= limit and (best is None or quality > best[1]):
            best = data, quality
        if 1 - _CLOSE_BYTES <= len(data) / limit <= 1:
            break
        aim *= limit / len(data)
    return best


def _refine_to_psnr(search, refine, target, codec, encoder):
    """The smallest `(data, quality)` of a PSNR, refined or not, or None."""
    try:
        best = search(target)
    except TfcodecError:
        best = None
    quality = MAX_QUALITY if best is None else best[1]
    aim = target
    for _ in range(_REFINED_TRIALS):
        data = refine(quality)
        reached = psnr(codec.decompress(data), encoder.image)
        if reached >= target and (best is None or len(data) < len(best[0])):
            best = data, quality
        if 0 <= reached - target <= _CLOSE_PSNR:
            break
        aim += target - reached
        quality = _quality_or(MAX_QUALITY, search, aim)
    return best


def _quality_or(end, search, target):
    """The quality that `search` finds, `end` if none."""
    try:
        return search(target)[1]
    except TfcodecError:
        return end


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
