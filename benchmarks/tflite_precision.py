"""What `--quantize dynamic` loses, by which weights it leaves at float16.

    python benchmarks/tflite_precision.py [--images DIR] [--limit N]

The preset's decoder in LiteRT with 1 thread, all other weights int8, quality
50: the PSNR lost against float32, mean over the pictures, and the CPU time of
the first.
"""

import argparse
import statistics

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from common import milliseconds
from common import paths
from common import read_picture

import tfcodec
from tfcodec.bitstream import unpack
from tfcodec.export.lite import tflite_file
from tfcodec.export.lite.tflite_quantize import quantize
from tfcodec.litert.graph_file import GraphFile
from tfcodec.metrics import psnr

QUALITY = 50.0
STEPS = ("dequantize", "synthesise")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--images", help="default: the demo's photograph")
    parser.add_argument("--limit", type=int, help="only the first images")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    codec = tfcodec.load(options.preset)
    graphs = GraphFile(codec.preset.directory)
    graphs = {step: graphs.read(step) for step in STEPS}
    pictures = [
        np.asarray(read_picture(path))
        for path in paths(options.images)[: options.limit]
    ]
    symbols = [
        codec.decode_symbols(unpack(codec.compress(picture, QUALITY)))
        for picture in pictures
    ]
    best = psnrs(decoder(graphs), symbols, pictures)
    print(f"| at float16 | PSNR lost dB, of {len(pictures)} | CPU ms |")
    print("|--|--:|--:|")
    for name, kernels in kinds(codec.model).items():
        decode = decoder(
            {step: quantized(data, kernels) for step, data in graphs.items()}
        )
        lost = statistics.mean(
            a - b
            for a, b in zip(best, psnrs(decode, symbols, pictures), strict=True)
        )
        _, cpu = milliseconds(
            lambda decode=decode: decode(*symbols[0]), options.repeats
        )
        print(f"| {name} | {lost:.3f} | {cpu:.0f} |", flush=True)


def kinds(model):
    """Weights that stay float16, by a name; each has those before it too."""
    groups = {
        "nothing": [],
        "the linear transforms": [
            model.analysis.bypass.kernel,
            model.synthesis.bypass.kernel,
        ],
        "`hyper_mean`": kernels_of(model.hyper_mean),
        "what reads known latents": [
            mean.enter.kernel for mean in model.means if mean.inputs
        ],
        "all mean networks": [
            kernel for mean in model.means for kernel in kernels_of(mean)
        ],
        "everything": kernels_of(model.synthesis),
    }
    found, sums = [], {}
    for name, kernels in groups.items():
        found = found + [np.asarray(kernel) for kernel in kernels]
        sums[f"... and {name}" if len(sums) > 1 else name] = found
    return sums


def kernels_of(layer):
    return [weight for weight in layer.weights if len(weight.shape) == 4]


def quantized(data, kernels):
    """A `.tflite` file without weights in float32 but for some in float16."""
    model = tflite_file.read(data)
    quantize(model, "dynamic", (), kernels)
    return tflite_file.write(model)


def decoder(graphs):
    """Function of hyper-latents and residuals to uint8 pixels."""
    first, last = (
        Interpreter(
            model_content=graphs[step], num_threads=1
        ).get_signature_runner(step)
        for step in STEPS
    )
    quality = np.array([QUALITY], np.float32)

    def decode(z, residual):
        z, residual = (np.asarray(x, np.float32) for x in (z, residual))
        y_hat = first(input_0=z, input_1=residual, input_2=quality)["output"]
        found = last(input_0=y_hat, input_1=quality)
        return found["output"][0].astype(np.uint8)

    return decode


def psnrs(decode, symbols, pictures):
    """PSNR of each picture; what is beyond its edges does not count."""
    return [
        psnr(picture, decode(*coded)[: picture.shape[0], : picture.shape[1]])
        for coded, picture in zip(symbols, pictures, strict=True)
    ]


if __name__ == "__main__":
    main()
