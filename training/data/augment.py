"""One image to one augmented crop: the only implementation, in NumPy.

Every engine calls `random_crop` with the same draws, so all give the same
pixels. Each effect has its own draw, used or not: switching one on leaves the
others as they were.
"""

import numpy as np
from PIL import Image

NUM_DRAWS = 8
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # BT.601


def random_crop(image, config, draws):
    """Cuts one crop out of an image and augments it.

    Args:
        image: uint8 `(height, width, 3)`, no side below `config.crop`.
        config: `DataConfig`.
        draws: `NUM_DRAWS` numbers in [0, 1): scale, top, left, flip, vertical
            flip, brightness, contrast, saturation.
    Returns:
        uint8 `(crop, crop, 3)`, perhaps a view of `image`.
    """
    side = _source_side(image, config, draws[0])
    top = int(draws[1] * (image.shape[0] - side + 1))
    left = int(draws[2] * (image.shape[1] - side + 1))
    out = image[top : top + side, left : left + side]
    if side != config.crop:
        # Pillow widens the filter when it shrinks: no aliasing.
        size, lanczos = (config.crop, config.crop), Image.Resampling.LANCZOS
        whole = Image.fromarray(np.ascontiguousarray(out))
        out = np.asarray(whole.resize(size, lanczos))
    if config.flip and draws[3] < 0.5:
        out = out[:, ::-1]
    if config.flip_vertical and draws[4] < 0.5:
        out = out[::-1]
    if config.colour:
        out = jitter_colour(out, *(1 + config.colour * (2 * draws[5:8] - 1)))
    return out


def jitter_colour(image, brightness, contrast, saturation):
    """Scales the brightness, the contrast about the mean, and the saturation.

    Args:
        image: uint8 `(height, width, 3)`.
        brightness, contrast, saturation: Factors; 1 changes nothing.
    Returns:
        uint8, same shape.
    """
    out = image.astype(np.float32) * np.float32(brightness)
    grey = out @ _LUMA
    mean = grey.mean()
    grey = grey[..., None]
    out = grey + np.float32(saturation) * (out - grey)
    out = mean + np.float32(contrast) * (out - mean)
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def _source_side(image, config, draw):
    """Side of the square that becomes the crop once it is scaled."""
    factor = config.scale_max - draw * (config.scale_max - config.scale_min)
    return min(round(config.crop / factor), *image.shape[:2])
