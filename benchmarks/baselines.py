"""The systems of introductory articles beside `photo`, JPEG, WebP and AVIF.

`python benchmarks/baselines.py kodak/ --plot baselines.png`

Real files of every image, as `tfcodec eval` makes them. Prints three rates of
every system, for the peers those nearest to 0.25, 0.5 and 1 bit per pixel, and
the BD-rate against JPEG by PSNR over 0.1 to 1.2 bits per pixel (none where the
curves do not overlap). Times are medians of `--repeats` calls on the first
image, one codec after the other, pixels to bytes and back, after one to warm
up.
"""

import argparse
import pathlib
import shutil

import numpy as np
from common import milliseconds
from common import paths
from common import read_picture

import tfcodec
from tfcodec.evaluation import Settings
from tfcodec.evaluation import evaluate_folder

SYSTEMS = ("cnn-plain", "cnn-pool", "cnn-pool-dense", "deconvnet", "photo")
PEERS = ("jpeg", "webp", "avif:speed=4")
QUALITIES = (1, 10, 50, 90, 100)
SHOWN = (10, 50, 90)
RATES = (0.25, 0.5, 1.0)  # bits per pixel, of the peers that are shown


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", help="folder of images")
    parser.add_argument("--preset", action="append", help="others than these")
    parser.add_argument("--output", default="tfcodec-baselines", help="folder")
    parser.add_argument("--plot", help="where to copy the plot of PSNR, .png")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    systems = tuple(options.preset or SYSTEMS)
    settings = {
        "presets": systems,
        "against": PEERS,
        "qualities": QUALITIES,
        "output": options.output,
        "jobs": options.jobs,
        "slider_images": 0,
    }
    results = evaluate_folder(options.images, **settings)
    candidates = Settings(options.images, **settings).candidates()
    sizes = [count_parameters(name) for name in systems]
    sizes += [None] * len(PEERS)
    picture = np.asarray(read_picture(paths(options.images)[0]))
    print_table(results, candidates, sizes, picture, options.repeats)
    print()
    print_bd_rates(results)
    if options.plot:
        plot = pathlib.Path(options.output, "rd-psnr.png")
        shutil.copyfile(plot, options.plot)


def count_parameters(name):
    """How many weights a preset has."""
    return tfcodec.load(name).model.count_params()


def print_table(results, candidates, sizes, picture, repeats):
    print(
        "| codec | parameters | quality | bytes | bpp | PSNR | MS-SSIM "
        "| encode, ms | decode, ms |"
    )
    print("|---|" + "---:|" * 8)
    pixels = sum(i["width"] * i["height"] for i in results["images"])
    for codec, size in zip(candidates, sizes, strict=True):
        averages = results["codecs"][codec.name]["averages"]
        if size:
            rows = [row for row in averages if row["quality"] in SHOWN]
        else:
            rows = [
                min(averages, key=lambda row: abs(row["bpp"] - rate))
                for rate in RATES
            ]
        for row in rows:
            encode, decode = times(codec, picture, row["quality"], repeats)
            print(
                f"| {codec.name} | {f'{size:,}' if size else ''} "
                f"| {row['quality']:g} | {row['bpp'] * pixels / 8:,.0f} "
                f"| {row['bpp']:.3f} | {row['psnr']:.2f} "
                f"| {row['ms_ssim']:.4f} | {encode:.0f} | {decode:.0f} |",
                flush=True,
            )


def times(codec, picture, quality, repeats):
    """Milliseconds to encode and to decode."""
    data = codec.encode(picture, quality)
    return tuple(
        milliseconds(function, repeats)[0]
        for function in (
            lambda: codec.encode(picture, quality),
            lambda: codec.decode(data),
        )
    )


def print_bd_rates(results):
    print("| codec | BD-rate against JPEG |")
    print("|---|---:|")
    against = results["bd_rate"]["psnr"]["jpeg"]
    for name in results["codecs"]:
        if name != "jpeg":
            found = against.get(name)
            text = "no overlap" if found is None else f"{found:+.1f} %"
            print(f"| {name} | {text} |")


if __name__ == "__main__":
    main()
