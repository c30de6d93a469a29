"""Multiply-accumulates per pixel of every part, counted from the model itself.

The coding steps are traced for a 768x512 image, and every convolution and
matrix product in the graph is counted with the shapes it has there. Needs
TensorFlow, whose graphs are what is read.
"""

import collections
import math

import keras
import numpy as np

from tfcodec.errors import TfcodecError

HEIGHT, WIDTH = 512, 768


def macs_per_pixel(model):
    """What encoding (at effort 1) and decoding cost.

    Args:
        model: built `CodecModel`.

    Returns:
        `{"encode": parts, "decode": parts}`: dicts of layer name to
        multiply-accumulates per pixel. The integer network runs in both.

    Raises:
        TfcodecError: Keras runs on another backend than TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise TfcodecError(
            "Counting needs KERAS_BACKEND=tensorflow. Received: "
            f"{keras.backend.backend()}"
        )
    h, w = HEIGHT // 16, WIDTH // 16
    y = (1, h, w, model.latent_channels)
    has_scales = hasattr(model, "scale_network")
    block = 4 if has_scales else 1
    z = (1, h // block, w // block, model.bottleneck.channels)
    one = (1,)
    encode = _count(model.analyse, [(1, HEIGHT, WIDTH, 3)])
    encode.update(_count(model.hyper, [y, one]))
    decode = collections.Counter()
    if has_scales:
        like = np.zeros(y, np.float32)
        decode = _count(lambda z, q: model.scale_network(z, q, like), [z, one])
        encode.update(decode)
        encode.update(_count(model.residuals, [y, z, y, one]))
    residual = y if has_scales else (1, 1, 1, 1)
    decode.update(_count(model.reconstruct, [z, residual, one]))
    return {"encode": dict(encode), "decode": dict(decode)}


def _count(function, shapes):
    """Counter of MACs per pixel by layer, of a function of float32 tensors."""
    import tensorflow as tf

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
        name = op.name.split("/")[0].rstrip("_0123456789")
        macs[name] += number / (HEIGHT * WIDTH)
    return macs
