"""Whether a preset gains on photographs it has not been trained on.

`python benchmarks/generalisation.py --data folder:photos OLD NEW`

The middle 256x256 pixels of training photographs, of validation photographs,
and of the latter enlarged by 1.5: the mean change, from preset OLD to NEW, of
the logarithm of `bpp + lmbda * distortion` as the model estimates it. Where
training gains and validation does not, pictures run out.
"""

import argparse

import keras
import numpy as np
from PIL import Image

import tfcodec
from tfcodec.training.data import DataConfig
from tfcodec.training.data import open_source
from tfcodec.training.data.batching import split_indexes

QUALITIES = (10, 30, 50, 75, 95)
SIDE, ENLARGED, BATCH = 256, 1.5, 8


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs=2, metavar="PRESET")
    parser.add_argument("--data", required=True, help="source of photographs")
    parser.add_argument("--count", type=int, default=48, help="of each split")
    options = parser.parse_args()
    config = DataConfig(options.data)
    source = open_source(config)
    sets = {}
    for split in ("train", "validation"):
        indexes = split_indexes(source, config, split)
        np.random.default_rng(1).shuffle(indexes)
        images = [source.image(i) for i in indexes[: options.count]]
        images = [i for i in images if min(i.shape[:2]) >= SIDE]
        sets[split] = [middle(image, SIDE) for image in images]
    part = round(SIDE / ENLARGED)
    sets[f"validation, {ENLARGED} times"] = [
        np.asarray(
            Image.fromarray(middle(image, part)).resize(
                (SIDE, SIDE), Image.Resampling.LANCZOS
            )
        )
        for image in sets["validation"]
    ]
    models = [tfcodec.load(preset).model for preset in options.presets]
    print("| crops | " + " | ".join(f"q{q}" for q in QUALITIES) + " |")
    print("|---|" + "---:|" * len(QUALITIES))
    for name, crops in sets.items():
        cells = []
        for quality in QUALITIES:
            old, new = (log_costs(model, crops, quality) for model in models)
            cells.append(f"{100 * np.mean(new - old):+.2f} %")
        print(f"| {name} ({len(crops)}) | {' | '.join(cells)} |", flush=True)


def middle(image, side):
    top, left = ((n - side) // 2 for n in image.shape[:2])
    return image[top : top + side, left : left + side]


def log_costs(model, crops, quality):
    found = []
    for first in range(0, len(crops), BATCH):
        image = np.stack(crops[first : first + BATCH]).astype(np.float32)
        qualities = np.full(len(image), quality, np.float32)
        output = model({"image": image, "quality": qualities})
        pixels = np.clip(keras.ops.convert_to_numpy(output.x_hat), 0, 255)
        bits = keras.ops.convert_to_numpy(output.y_bits + output.z_bits)
        distortion = keras.ops.convert_to_numpy(
            model.distortions(keras.ops.convert_to_tensor(pixels), image)
        )
        weight = keras.ops.convert_to_numpy(model.lmbda(qualities))
        found.append(np.log(bits / SIDE**2 + weight * distortion))
    return np.concatenate(found)


if __name__ == "__main__":
    main()
