"""One measurement: one image, one codec, one quality."""

import dataclasses
import functools
import time

import numpy as np

from tfcodec.evaluation.distortions import distortions
from tfcodec.evaluation.own import Own
from tfcodec.evaluation.peers import Peer
from tfcodec.evaluation.pictures import Picture
from tfcodec.evaluation.pictures import read_pixels
from tfcodec.metrics import bpp


@dataclasses.dataclass(frozen=True)
class Task:
    """What to measure."""

    picture: Picture
    candidate: Own | Peer
    fingerprint: str
    quality: float
    jobs: int  # how many tasks run at the same time
    threads: int  # threads of one codec call


def measure(task):
    """Encodes, decodes, compares.

    Returns:
        Dict, one line of `results.jsonl`: what was measured ("image",
        "sha256", "codec", "fingerprint", "quality", "effort", "jobs",
        "threads"), "bytes", "bpp" of the real file, "encode_ms" and
        "decode_ms" (pixels in memory to bytes in memory and back, warm),
        "estimate" (bits per pixel by the model, or None) and the
        distortions of the decoded 8-bit image.

    Raises:
        TfcodecError: the image cannot be read any more.
    """
    image = _pixels(task.picture)
    candidate, quality = task.candidate, task.quality
    is_own = isinstance(candidate, Own)
    _warm(task.fingerprint, candidate, image.shape)
    start = time.perf_counter()
    data = candidate.encode(image, quality, task.threads)
    encoded = time.perf_counter()
    decoded = candidate.decode(data)
    end = time.perf_counter()
    if decoded.shape != image.shape:
        raise ValueError(
            f"{candidate.name} decoded an image of shape {decoded.shape}, "
            f"not {image.shape}."
        )
    return {
        "image": task.picture.name,
        "sha256": task.picture.sha256,
        "codec": candidate.name,
        "fingerprint": task.fingerprint,
        "quality": float(quality),
        "effort": candidate.effort if is_own else None,
        "jobs": task.jobs,
        "threads": task.threads,
        "bytes": len(data),
        "bpp": bpp(len(data), *image.shape[:2]),
        "encode_ms": 1000 * (encoded - start),
        "decode_ms": 1000 * (end - encoded),
        "estimate": candidate.estimate(image, quality) if is_own else None,
        **distortions(image, decoded),
    }


def load(candidate):
    """Loads the codec of an `Own` in this process.

    Raises:
        TfcodecError: its preset is damaged.
    """
    candidate.load()


@functools.lru_cache(maxsize=1)
def _pixels(picture):
    """The tasks of an image come one after another."""
    return read_pixels(picture.path)


_warmed = set()


def _warm(identity, candidate, shape):
    """Makes a first call, which loads and compiles: for tfcodec at every new
    size of image, for a library once."""
    is_own = isinstance(candidate, Own)
    shape = shape if is_own else (64, 64, 3)
    if (identity, shape) in _warmed:
        return
    _warmed.add((identity, shape))
    grey = np.full(shape, 128, np.uint8)
    quality = candidate.qualities[len(candidate.qualities) // 2]
    candidate.decode(candidate.encode(grey, quality))
