"""TensorBoard: scalars, and reconstructions of one validation image."""

import pathlib

import numpy as np


def open_board(output):
    """A `Board` in `output`, or None where there is no TensorFlow."""
    try:
        import tensorflow as tf
    except ImportError:
        return None
    return Board(tf, pathlib.Path(output) / "tensorboard")


class Board:
    """Writes what `tensorboard --logdir FOLDER` shows.

    Args:
        tf: the tensorflow module.
        folder: where the event files go.
    """

    def __init__(self, tf, folder):
        self._tf = tf
        self._writer = tf.summary.create_file_writer(str(folder))

    def scalars(self, step, values):
        """Each of a dict of floats as a curve under `train/`."""
        with self._writer.as_default(step=step):
            for name, value in values.items():
                self._tf.summary.scalar(f"train/{name}", value)

    def validation(self, step, rows, pictures):
        """Curves of bpp and PSNR per quality, and pictures.

        Args:
            step: int.
            rows: list of dicts with "quality", "bpp", "psnr".
            pictures: dict from a name to uint8 `(height, width, 3)`.
        """
        with self._writer.as_default(step=step):
            for row in rows:
                for name in ("bpp", "psnr"):
                    self._tf.summary.scalar(
                        f"validation/{name}/q{row['quality']:g}", row[name]
                    )
            for name, picture in pictures.items():
                self._tf.summary.image(name, np.asarray(picture)[None])
        self._writer.flush()
