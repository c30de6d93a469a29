"""What `tfcodec restore` gains on JPEG files.

`python benchmarks/restoration.py kodak/`

Mean PSNR over RGB and MS-SSIM of Pillow's JPEG (4:2:0) at qualities 10 to 50,
as it is and restored, and the worst picture's gain.
"""

import argparse
import io

import numpy as np
from common import paths
from common import read_picture
from PIL import Image

from tfcodec import restoration
from tfcodec.evaluation.ms_ssim import ms_ssim
from tfcodec.metrics import psnr

QUALITIES = (10, 20, 30, 40, 50)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", help="folder of images")
    options = parser.parse_args()
    pictures = [np.asarray(read_picture(p)) for p in paths(options.images)]
    restorer = restoration.load()
    print(
        "| quality | JPEG, dB | restored, dB | gain, dB | smallest gain, dB "
        "| MS-SSIM | restored |"
    )
    print("|---:|" + "---:|" * 6)
    for quality in QUALITIES:
        rows = np.array([measure(p, quality, restorer) for p in pictures])
        before, after, ssim_before, ssim_after = rows.mean(axis=0)
        worst = (rows[:, 1] - rows[:, 0]).min()
        print(
            f"| {quality} | {before:.2f} | {after:.2f} "
            f"| {after - before:+.2f} | {worst:+.2f} "
            f"| {ssim_before:.4f} | {ssim_after:.4f} |",
            flush=True,
        )


def measure(picture, quality, restorer):
    """PSNR before and after, MS-SSIM before and after."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    with Image.open(file) as opened:
        spoilt = np.array(opened)
    cleaned = restorer.restore(spoilt)
    return (
        psnr(picture, spoilt),
        psnr(picture, cleaned),
        ms_ssim(picture, spoilt),
        ms_ssim(picture, cleaned),
    )


if __name__ == "__main__":
    main()
