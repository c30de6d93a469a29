"""TensorBoard files hold the curves and the pictures."""

import numpy as np
import tensorflow as tf

from tfcodec.training.board import open_board


def events(folder):
    """`{(tag, step): plugin name}` of all event files below a folder."""
    found = {}
    for path in folder.rglob("events.out.*"):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                plugin = value.metadata.plugin_data.plugin_name
                found[value.tag, event.step] = (plugin, value.tensor)
    return found


def test_scalars_and_pictures(tmp_path):
    board = open_board(tmp_path)
    board.scalars(5, {"loss": 2.5})
    picture = np.zeros((8, 6, 3), np.uint8)
    picture[2] = 200
    rows = [{"quality": 40.0, "bpp": 0.5, "psnr": 31.0, "estimate": 0.49}]
    board.validation(10, rows, {"quality 40": picture})
    found = events(tmp_path)
    plugin, value = found["train/loss", 5]
    assert plugin == "scalars" and tf.make_ndarray(value) == 2.5
    assert tf.make_ndarray(found["validation/bpp/q40", 10][1]) == 0.5
    assert tf.make_ndarray(found["validation/psnr/q40", 10][1]) == 31.0
    plugin, value = found["quality 40", 10]
    assert plugin == "images"
    decoded = tf.io.decode_png(tf.make_ndarray(value)[2]).numpy()
    np.testing.assert_array_equal(decoded, picture)
