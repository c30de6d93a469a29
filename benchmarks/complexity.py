"""Multiply-accumulates per pixel of every part, counted from the model itself.

`python benchmarks/complexity.py [--preset photo | --model photo]`

`tfcodec info --preset photo` prints the same for presets; this also counts
models that nobody has trained yet.
"""

import argparse

import tfcodec
from tfcodec.complexity import macs_per_pixel
from tfcodec.models import MODELS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--model", choices=MODELS, help="untrained, by name")
    options = parser.parse_args()
    if options.model:
        model = MODELS[options.model]()
        model.build()
    else:
        model = tfcodec.load(options.preset).model
    for title, parts in macs_per_pixel(model).items():
        print(f"{title:28s} {sum(parts.values()) / 1e3:8.2f} kMAC/pixel")
        for name, number in sorted(parts.items(), key=lambda item: -item[1]):
            print(f"  {name:26s} {number / 1e3:8.2f}")
    print(f"{'parameters':28s} {model.count_params():8,d}")


if __name__ == "__main__":
    main()
