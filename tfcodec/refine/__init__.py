"""Better files of the same format: latents refined for one image.

The decoder is fixed; the encoder looks for latents whose rate-distortion cost
is lower than that of the ones which the analysis gives (`Refiner`). A file
made so is read like any other.
"""

from tfcodec.refine.descent import Refiner

__all__ = ["Refiner"]
