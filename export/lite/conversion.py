"""From functions of a Keras model to the bytes of a TFLite file."""

import contextlib
import tempfile

import keras
import tensorflow as tf

from tfcodec import ops
from tfcodec.export.lite.subpixel import subpixel_convolutions


class Constants:
    """A model's weights as constants of a graph.

    A function that closes over variables converts to a file without them.

    Args:
        model: built `CodecModel`; later changes of its weights are not seen.
        subpixel: bool. Transposed convolutions in the sub-pixel form, which
            is faster, and has other weights.
    """

    def __init__(self, model, subpixel=True):
        self._model = model
        self._subpixel = subpixel
        self._weights = [
            (variable, keras.ops.convert_to_numpy(variable))
            for variable in model.variables
        ]

    @contextlib.contextmanager
    def __call__(self):
        """Within it the model is traced as TFLite likes it."""
        mapping = [(v, tf.constant(array)) for v, array in self._weights]
        form = subpixel_convolutions if self._subpixel else _as_they_are
        with (
            # First, since it reads the weights themselves.
            form(self._model),
            ops.single_op_shuffles(tf.nn.space_to_depth, tf.nn.depth_to_space),
            keras.StatelessScope(state_mapping=mapping),
        ):
            yield


def _as_they_are(model):
    return contextlib.nullcontext()


def convert(signatures):
    """The bytes that the converter makes, each signature by itself.

    Args:
        signatures: dict of `tf.function`s with input signatures.
    """
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(tf.Module(), folder, signatures=signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        return converter.convert()
