"""Order of a stream: filter, shuffle window by window, batch, skip to a step.

Everything here handles encoded images; nothing is decoded before the skip, so
resuming costs reading and no more. TensorFlow's own `shuffle` is not used: its
order depends on the global seed of the program.
"""

import warnings

import numpy as np

from tfcodec.training.data import batching
from tfcodec.training.data import decode
from tfcodec.training.data import order
from tfcodec.training.data.streams import require_tensorflow


class RecordFilter:
    """`keep(name, encoded)`: is the record in the split, readable, big enough?

    Looks at the header of the image only. A record without a name is assigned
    to a split by its bytes.

    Args:
        config: `DataConfig`.
        split: `"train"` or `"validation"`.
        min_side: Smallest side to keep, in pixels.
    Warns:
        UserWarning: For each unreadable image; and for the 1st, 10th, 100th,
            ... image that is too small.
    """

    def __init__(self, config, split, min_side):
        self._fraction = config.validation_fraction
        self._validation = batching.check_split(split) == "validation"
        self._min_side = min_side
        self.unreadable, self.small = set(), set()

    def __call__(self, name, encoded):
        key = name or encoded
        if order.in_validation(key, self._fraction) != self._validation:
            return np.False_
        mark = order.hash_fraction(key)
        label = name.decode(errors="replace")
        try:
            size = decode.read_size(encoded, label)
        except OSError as error:
            if mark not in self.unreadable:
                self.unreadable.add(mark)
                warnings.warn(f"{error} It is left out.", stacklevel=2)
            return np.False_
        if min(size) >= self._min_side:
            return np.True_
        if mark not in self.small:
            self.small.add(mark)
            self._report_small(label)
        return np.False_

    def _report_small(self, label):
        count = len(self.small)
        if str(count).strip("0") == "1":
            warnings.warn(
                f"{count} images are smaller than the crop of {self._min_side} "
                f"pixels so far and are left out; the last one is {label}.",
                stacklevel=3,
            )


def stream_steps(stream, config, split, start_step):
    """The encoded images of each batch, from `start_step` on, without end.

    Returns:
        `tf.data.Dataset` of `(step, names, encoded)`: int64 scalar and two
        string vectors of length `batch_size`.
    """
    tf = require_tensorflow("A streaming source")
    keep = RecordFilter(config, split, config.crop)

    def one_epoch(epoch):
        def shuffled(window, records):
            def permute(epoch, window, length):
                key = (order.WINDOW_ORDER, epoch, window)
                return order.permutation(int(length), config.seed, *key)

            length = tf.size(records[0])
            inputs = [epoch, window, length]
            chosen = tf.numpy_function(permute, inputs, tf.int64)
            chosen.set_shape((None,))
            moved = tuple(tf.gather(part, chosen) for part in records)
            return tf.data.Dataset.from_tensor_slices(moved)

        windows = _kept(tf, stream.records(epoch, config.seed), keep)
        return (
            windows.batch(config.shuffle_window).enumerate().flat_map(shuffled)
        )

    _check_any(stream, keep, one_epoch, config, split)
    steps = tf.data.Dataset.range(2**62).flat_map(one_epoch)
    steps = steps.batch(config.batch_size, drop_remainder=True)
    return (
        steps.enumerate().skip(start_step).map(lambda step, pair: (step, *pair))
    )


def stored_images(stream, config):
    """Yields `(name, encoded)` of the validation split in the stored order."""
    tf = require_tensorflow("A streaming source")
    keep = RecordFilter(config, "validation", 1)
    records = stream.records(tf.constant(0, tf.int64), None)
    yield from _kept(tf, records, keep).as_numpy_iterator()


def _kept(tf, records, keep):
    def with_verdict(name, encoded):
        verdict = tf.numpy_function(keep, [name, encoded], tf.bool)
        verdict.set_shape(())
        return name, encoded, verdict

    judged = records.map(with_verdict).filter(lambda *record: record[2])
    return judged.map(lambda name, encoded, _: (name, encoded))


def _check_any(stream, keep, one_epoch, config, split):
    """Raises unless there is a first image: an empty epoch would never end."""
    tf = require_tensorflow("A streaming source")
    first = stream.records(tf.constant(0, tf.int64), config.seed)
    if any(True for _ in _kept(tf, first, keep).take(1)):
        return
    if keep.unreadable or keep.small:
        raise ValueError(
            f"No usable image in {stream.label}: {len(keep.unreadable)} "
            f"unreadable, {len(keep.small)} smaller than the crop. "
            f"Received: crop={config.crop}"
        )
    raise ValueError(
        f"{batching.empty_split_message(split, config)}, source={stream.label}"
    )
