"""Rate and distortion of a codec, from real files and decoded 8-bit images.

`python -m tfcodec.training.evaluate --preset photo --images kodak/` prints a
table over qualities, Bjøntegaard rates against codecs of Pillow on the same
images, and how far the files are from the model's own estimate.
"""

import argparse
import io
import json
import pathlib
import sys

import numpy as np
from PIL import Image

from tfcodec import load
from tfcodec.errors import TfcodecError
from tfcodec.metrics import bpp
from tfcodec.metrics import psnr

QUALITIES = (1, 8, 16, 25, 35, 45, 55, 65, 75, 85, 95, 100)
# Peers, as Pillow writes them: 4:4:4 where the format has a choice.
PEERS = {
    "jpeg": (
        (5, 8, 12, 17, 23, 30, 40, 50, 60, 70, 78, 85, 90, 94, 97),
        {"format": "JPEG", "subsampling": 0, "optimize": True},
    ),
    "webp": (
        (1, 5, 15, 30, 45, 60, 75, 85, 92, 97),
        {"format": "WEBP", "method": 6},
    ),
    "avif": (
        (15, 25, 35, 45, 55, 65, 75, 85, 93),
        {"format": "AVIF", "subsampling": "4:4:4", "speed": 4},
    ),
}


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


def evaluate_peer(name, images):
    """The same table, without estimates, for a codec of `PEERS`."""
    qualities, options = PEERS[name]
    rows = []
    for quality in qualities:
        values = []
        for image in images:
            file = io.BytesIO()
            Image.fromarray(image).save(file, quality=quality, **options)
            decoded = np.asarray(Image.open(file).convert("RGB"))
            size = file.getbuffer().nbytes
            values.append((bpp(size, *image.shape[:2]), psnr(image, decoded)))
        rate, distortion = np.mean(values, axis=0)
        rows.append(
            {"quality": quality, "bpp": float(rate), "psnr": float(distortion)}
        )
    return rows


def bd_rate(anchor, test):
    """Bjøntegaard delta rate in percent; negative: `test` needs fewer bits.

    Args:
        anchor, test: lists of dicts with "bpp" and "psnr".
    """
    import bjontegaard

    anchor, test = _increasing(anchor), _increasing(test)
    return float(
        bjontegaard.bd_rate(
            [row["bpp"] for row in anchor],
            [row["psnr"] for row in anchor],
            [row["bpp"] for row in test],
            [row["psnr"] for row in test],
            method="pchip",
            require_matching_points=False,
            min_overlap=0,
        )
    )


def read_images(folder):
    """`(names, images)` of all pictures in a folder, as RGB."""
    paths = [
        path
        for path in sorted(pathlib.Path(folder).iterdir())
        if path.suffix.lower() in (".png", ".webp", ".jpg", ".jpeg")
    ]
    if not paths:
        raise TfcodecError(f"There are no images in {folder}.")
    images = []
    for path in paths:
        with Image.open(path) as image:
            images.append(np.asarray(image.convert("RGB")))
    return [path.name for path in paths], images


def format_table(rows):
    """Rows of `evaluate` as a Markdown table."""
    lines = [
        "| quality | bpp (file) | bpp (estimate) | file / estimate | PSNR dB |",
        "|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        excess = 100 * (row["bpp"] / row["estimate"] - 1)
        lines.append(
            f"| {row['quality']:g} | {row['bpp']:.4f} | "
            f"{row['estimate']:.4f} | {excess:+.2f} % | {row['psnr']:.3f} |"
        )
    return "\n".join(lines)


def _increasing(rows):
    """Rows by rising rate, without those where the PSNR does not rise."""
    kept = []
    for row in sorted(rows, key=lambda row: row["bpp"]):
        if not kept or row["psnr"] > kept[-1]["psnr"]:
            kept.append(row)
    return kept


def main(arguments=None):
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tfcodec.training.evaluate")
    parser.add_argument("--preset", default="photo", help="name or folder")
    parser.add_argument("--images", required=True, help="folder of images")
    parser.add_argument("--qualities", help="numbers separated by commas")
    parser.add_argument(
        "--against", default="jpeg", help="some of " + ",".join(PEERS)
    )
    parser.add_argument("--limit", type=int, help="only the first N images")
    parser.add_argument("--json", help="file for the numbers")
    options = parser.parse_args(arguments)
    try:
        against = options.against.split(",")
        for name in against:
            if name not in PEERS:
                raise ValueError(
                    f"`--against` takes {', '.join(PEERS)}. Received: {name!r}"
                )
        codec = load(options.preset)
        names, images = read_images(options.images)
        images = images[: options.limit]
        qualities = QUALITIES
        if options.qualities:
            qualities = [float(q) for q in options.qualities.split(",")]
        rows = evaluate(codec, images, qualities, _progress)
        peers = {}
        for name in against:
            _progress(name)
            peers[name] = evaluate_peer(name, images)
        rates = {name: bd_rate(peer, rows) for name, peer in peers.items()}
    except (TfcodecError, OSError, ValueError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    print(format_table(rows))
    print()
    for name, rate in rates.items():
        settings = ", ".join(f"{k} {v}" for k, v in PEERS[name][1].items())
        print(f"BD-rate against Pillow, {settings}: {rate:+.1f} %")
    if options.json:
        result = {
            "preset": options.preset,
            "images": names[: options.limit],
            "tfcodec": rows,
            "peers": peers,
            "bd_rate": rates,
        }
        pathlib.Path(options.json).write_text(json.dumps(result, indent=1))
    return 0


def _progress(line):
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
