"""Search for the quality that meets a size or a PSNR.

The analysis runs once per image; a trial costs the hyperprior and the coder,
for a PSNR the synthesis too. Above effort 1 trials are refined only near the
end of the search.
"""

import functools
from collections.abc import Callable
from typing import TypeAlias

import numpy.typing as npt

from tfcodec.bitstream import Metadata
from tfcodec.errors import TfcodecError
from tfcodec.file_codec import FileCodec
from tfcodec.image_encoder import ImageEncoder
from tfcodec.image_encoder import check_effort
from tfcodec.limits import MAX_QUALITY
from tfcodec.limits import MIN_QUALITY
from tfcodec.picture import visible_psnr
from tfcodec.tiled_steps import Report

Found: TypeAlias = tuple[bytes, float]  # A file and its quality.
Search: TypeAlias = Callable[[float], Found]  # By a target.
Encode: TypeAlias = Callable[[float], bytes]  # By a quality.
Measure: TypeAlias = Callable[[bytes], float]

# Above effort 1: refined trials at most, and when one is close enough.
_REFINED_TRIALS = 3
_CLOSE_BYTES = 0.005  # of the limit
_CLOSE_PSNR = 0.02  # dB


def compress_to(
    codec: FileCodec,
    image: npt.ArrayLike,
    *,
    target_bytes: int | None = None,
    target_bpp: float | None = None,
    target_psnr: float | None = None,
    effort: int = 1,
    report: Report | None = None,
    metadata: Metadata | None = None,
    roi: npt.ArrayLike | None = None,
    roi_gain: float = 8.0,
) -> Found:
    """Encodes at the best quality within a size, or the least for a PSNR.

    Args:
        codec: `Codec`.
        image: see `Codec.compress`.
        target_bytes: int, the largest file size in bytes, all of it counted.
        target_bpp: float, the same in bits per pixel.
        target_psnr: float, the lowest PSNR in dB, over RGB or grey, of the
            pixels with alpha above 0.
        effort: int, 1..5, see `Codec.compress`.
        report: see `ImageEncoder.encode`; counts anew for each trial.
        metadata: see `Codec.compress`.
        roi, roi_gain: see `Codec.compress`; not with `target_psnr`.

    Returns:
        `(data, quality)`.

    Raises:
        ValueError: not exactly one target is given, or no such effort or
            region.
        TfcodecError: no quality meets it; the message says what is possible.
    """
    targets = (target_bytes, target_bpp, target_psnr)
    if sum(target is not None for target in targets) != 1:
        raise ValueError(
            "Give exactly one of `target_bytes`, `target_bpp`, `target_psnr`."
        )
    check_effort(effort, roi)
    if roi is not None and target_psnr is not None:
        raise ValueError("`roi` goes with a size, not with `target_psnr`.")
    encoder = codec.encoder(image, metadata, roi, roi_gain)
    if target_bpp is not None:
        target_bytes = int(target_bpp * encoder.height * encoder.width / 8)

    def measure(data: bytes) -> float:
        return visible_psnr(codec.decompress(data), image)

    search: Search = functools.partial(_search_bytes, encoder)
    target: float = target_bytes or 0
    if target_psnr is not None:
        search = functools.partial(_search_psnr, encoder, measure)
        target = target_psnr
    if effort > 1:

        def refine(quality: float) -> bytes:
            return encoder.encode(quality, effort, report)

        if target_psnr is None:
            best = _refine_to_bytes(search, refine, target)
        else:
            best = _refine_to_psnr(search, refine, target, measure)
        if best is not None:
            return best
    return search(target)


def _refine_to_bytes(
    search: Search, refine: Encode, limit: float
) -> Found | None:
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
        # To the middle of what is close enough: the next one should fit.
        aim *= (1 - _CLOSE_BYTES / 2) * limit / len(data)
    return best


def _refine_to_psnr(
    search: Search, refine: Encode, target: float, measure: Measure
) -> Found | None:
    """The smallest `(data, quality)` of a PSNR, refined or not, or None."""
    try:
        best = search(target)
    except TfcodecError:
        best = None
    quality = MAX_QUALITY if best is None else best[1]
    aim = target
    for _ in range(_REFINED_TRIALS):
        data = refine(quality)
        reached = measure(data)
        if reached >= target and (best is None or len(data) < len(best[0])):
            best = data, quality
        if 0 <= reached - target <= _CLOSE_PSNR:
            break
        aim += target - reached
        quality = _quality_or(MAX_QUALITY, search, aim)
    return best


def _quality_or(end: float, search: Search, target: float) -> float:
    """The quality that `search` finds, `end` if none."""
    try:
        return search(target)[1]
    except TfcodecError:
        return end


def _search_bytes(encoder: ImageEncoder, limit: float) -> Found:
    def fits(quality: float) -> tuple[bool, bytes]:
        data = encoder.encode(quality)
        return len(data) <= limit, data

    ok, data = fits(MIN_QUALITY)
    if not ok:
        beside = sum(len(content) for _, content in encoder.ancillary)
        raise TfcodecError(
            f"The image does not fit in {limit} bytes: at quality 1 it takes "
            f"{len(data)} bytes"
            + (f", {beside} of them alpha and metadata." if beside else ".")
        )
    return _bisect(fits, data, want_last=True)


def _search_psnr(
    encoder: ImageEncoder, measure: Measure, target: float
) -> Found:
    def reaches(quality: float) -> tuple[bool, bytes, float]:
        data = encoder.encode(quality)
        reached = measure(data)
        return reached >= target, data, reached

    ok, data, reached = reaches(MAX_QUALITY)
    if not ok:
        raise TfcodecError(
            f"A PSNR of {target} dB is out of reach: at quality 100 it is "
            f"{reached:.2f} dB."
        )
    return _bisect(lambda q: reaches(q)[:2], data, want_last=False)


def _bisect(
    trial: Callable[[float], tuple[bool, bytes]], best: bytes, want_last: bool
) -> Found:
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
