"""Multiply-accumulates per pixel of every part, counted from the model itself.

`python benchmarks/complexity.py [--preset photo | --model photo]`

The coding steps are traced for a 768x512 image, and every convolution and
matrix product in the graph is counted with the shapes it has there.
"""

import argparse
import collections
import math

import numpy as np
import tensorflow as tf

import tfcodec
from tfcodec.models import MODELS

HEIGHT, WIDTH = 512, 768


def count(function, shapes):
    """MACs per pixel by layer of a function of float32 tensors."""
    specs = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
    graph = tf.function(function, input_signature=specs, autograph=False)
    macs = collections.Counter()
    for op in graph.get_concrete_function().graph.get_operations():
        if op.type == "Conv2D":
            out, kernel = op.outputs[0].shape, op.inputs[1].shape
            number = math.prod(out) * math.prod(kernel[:3])
        elif op.type == "Conv2DBackpropInput":  # Conv2DTranspose
            small, kernel = op.inputs[2].shape, op.inputs[1].shape
            number = math.prod(small) * math.prod(kernel[:3])
        elif op.type in ("MatMul", "BatchMatMulV2"):
            number = math.prod(op.outputs[0].shape) * op.inputs[0].shape[-1]
        else:
            continue
        macs[op.name.split("/")[0].rstrip("_0123456789")] += number
    return {name: n / (HEIGHT * WIDTH) for name, n in macs.items()}


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
    h, w = HEIGHT // 16, WIDTH // 16
    y = (1, h, w, model.latent_channels)
    has_scales = hasattr(model, "scale_network")
    block = 4 if has_scales else 1
    z = (1, h // block, w // block, model.bottleneck.channels)
    image, one = (1, HEIGHT, WIDTH, 3), (1,)
    encode = count(model.analyse, [image])
    encode.update(count(model.hyper, [y, one]))
    decode = {}
    if has_scales:
        decode.update(
            count(
                lambda z, q: model.scale_network(z, q, np.zeros(y, "float32")),
                [z, one],
            )
        )
    residual = y if has_scales else (1, 1, 1, 1)
    decode.update(count(model.reconstruct, [z, residual, one]))
    for title, parts in (("encoder only", encode), ("decoder", decode)):
        print(f"{title:28s} {sum(parts.values()) / 1e3:8.2f} kMAC/pixel")
        for name, number in sorted(parts.items(), key=lambda item: -item[1]):
            print(f"  {name:26s} {number / 1e3:8.2f}")
    print(f"{'parameters':28s} {model.count_params():8,d}")


if __name__ == "__main__":
    main()
