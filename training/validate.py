"""The validation pass: real files, made with the averaged weights."""

import contextlib

import keras

from tfcodec.codec import Codec
from tfcodec.evaluation import evaluate
from tfcodec.model_presets import make_coding


@contextlib.contextmanager
def averaged_weights(model):
    """Inside, the model has the running averages of its optimizer as weights.

    Nothing happens for an optimizer that keeps none.
    """
    averages = running_averages(model)
    saved = [keras.ops.convert_to_numpy(v) for v, _ in averages]
    for variable, average in averages:
        variable.assign(average)
    try:
        yield model
    finally:
        for (variable, _), value in zip(averages, saved, strict=True):
            variable.assign(value)


def running_averages(model):
    """List of `(variable, average)`, empty if none are kept."""
    optimizer = model.optimizer
    if optimizer is None or not optimizer.use_ema:
        return []
    # Keras offers them only by overwriting the weights for good.
    averages = optimizer._model_variables_moving_average
    return list(zip(model.trainable_variables, averages, strict=True))


def validate(model, images, qualities):
    """Rows of `evaluate`, and the first image as decoded at each quality.

    Args:
        model: compiled `CodecModel`.
        images: list of uint8 `(height, width, 3)`.
        qualities: floats, 1..100.

    Returns:
        `(rows, pictures)`; `pictures` maps a name to a uint8 image.
    """
    with averaged_weights(model):
        codec = Codec(model, make_coding(model))
        rows = evaluate(codec, images, qualities)
        encoder = codec.encoder(images[0])
        pictures = {
            f"quality {quality:g}": codec.decompress(encoder.encode(quality))
            for quality in qualities
        }
    return rows, pictures
