"""A codec on images in memory: bytes, the model's own estimate, PSNR.

The part that the validation pass of training needs: NumPy and the codec.
"""

import numpy as np

from tfcodec.metrics import bpp
from tfcodec.metrics import psnr

QUALITIES = (1, 8, 16, 25, 35, 45, 55, 65, 75, 85, 95, 100)


def evaluate(codec, images, qualities=QUALITIES, report=None):
    """Codes all images at all qualities.

    Args:
        codec: `Codec` with tables.
        images: list of uint8 `(height, width, 3)`.
        qualities: floats, 1..100.
        report: function of one line of progress, or None.

    Returns:
        List of dicts, one per quality: "quality", and means over the images
        of "bpp" (real file, header included), "estimate" (the model's bits
        per pixel without a file), "psnr" (dB, RGB, of 8-bit pixels).
    """
    sums = np.zeros((len(qualities), 3))
    for number, image in enumerate(images):
        height, width = image.shape[:2]
        encoder = codec.encoder(image)
        for i, quality in enumerate(qualities):
            data = encoder.encode(quality)
            sums[i] += (
                bpp(len(data), height, width),
                estimated_bits(encoder, quality) / (height * width),
                psnr(image, codec.decompress(data)),
            )
        if report:
            report(f"{number + 1}/{len(images)} images")
    means = sums / len(images)
    return [
        {
            "quality": float(quality),
            "bpp": row[0],
            "estimate": row[1],
            "psnr": row[2],
        }
        for quality, row in zip(qualities, means.tolist(), strict=True)
    ]


def estimated_bits(encoder, quality):
    """Bits of an `ImageEncoder`'s image by the float priors, as a float."""
    quality = np.array([quality], np.float32)
    inputs = {"image": encoder.batch, "quality": quality}
    output = encoder.codec.predict_on_batch(inputs)
    return float(output.y_bits[0] + output.z_bits[0])
