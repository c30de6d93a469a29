"""The systems of introductory articles beside `photo`, JPEG, WebP and AVIF.

`python benchmarks/baselines.py kodak/ --plot baselines.png`

Real files of every image, as `tfcodec eval` makes them. Prints, for every
codec, the quality whose files come nearest to each of three rates, and the
BD-rate against JPEG by PSNR over 0.1 to 1.2 bits per pixel (none where the
curves do not overlap).
"""

import argparse
import pathlib
import shutil

import tfcodec
from tfcodec.evaluation import evaluate_folder

SYSTEMS = ("cnn-plain", "cnn-pool", "cnn-pool-dense", "deconvnet", "photo")
PEERS = ("jpeg", "webp", "avif:speed=6")
QUALITIES = (1, 10, 25, 45, 70, 100)
RATES = (0.25, 0.5, 1.0)  # bits per pixel


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", help="folder of images")
    parser.add_argument("--preset", action="append", help="others than these")
    parser.add_argument("--output", default="tfcodec-baselines", help="folder")
    parser.add_argument("--plot", help="where to copy the plot of PSNR, .png")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    systems = tuple(options.preset or SYSTEMS)
    results = evaluate_folder(
        options.images,
        presets=systems,
        against=PEERS,
        qualities=QUALITIES,
        output=options.output,
        jobs=options.jobs,
    )
    sizes = {name: count_parameters(name) for name in systems}
    names = dict(zip(results["codecs"], [*systems, *PEERS], strict=False))
    pixels = sum(i["width"] * i["height"] for i in results["images"])
    print_table(results, {n: sizes.get(names[n]) for n in names}, pixels)
    print()
    print_bd_rates(results)
    if options.plot:
        plot = pathlib.Path(options.output, "rd-psnr.png")
        shutil.copyfile(plot, options.plot)


def count_parameters(name):
    """How many weights a preset has."""
    return tfcodec.load(name).model.count_params()


def print_table(results, sizes, pixels):
    print(
        "| codec | parameters | quality | bytes | bpp | PSNR | MS-SSIM "
        "| encode, ms | decode, ms |"
    )
    print("|---|" + "---:|" * 8)
    for name, size in sizes.items():
        averages = results["codecs"][name]["averages"]
        for rate in RATES:
            row = min(averages, key=lambda r: abs(r["bpp"] - rate))
            num_bytes = row["bpp"] * pixels / 8
            print(
                f"| {name} | {f'{size:,}' if size else ''} "
                f"| {row['quality']:g} | {num_bytes:,.0f} | {row['bpp']:.3f} "
                f"| {row['psnr']:.2f} | {row['ms_ssim']:.4f} "
                f"| {row['encode_ms']:.0f} | {row['decode_ms']:.0f} |"
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
