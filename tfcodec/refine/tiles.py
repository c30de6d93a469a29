"""Large images in tiles, since gradients keep every activation."""

from tfcodec.tiles import Span

TILE = 64  # latents, 1024 pixels
MARGIN = 8  # latents around a tile that are refined with it, and dropped
ALIGN = 4  # latents per hyper-latent, and the checkerboard repeats within


def spans(length):
    """Tiles of one axis of `length` latents, all of about the same length."""
    count = max(1, round(length / TILE))
    step = -(-length // (count * ALIGN)) * ALIGN
    return [
        Span(
            max(first - MARGIN, 0),
            first,
            min(first + step, length),
            min(first + step + MARGIN, length),
        )
        for first in range(0, length, step)
    ]
