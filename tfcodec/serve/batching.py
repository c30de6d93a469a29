"""Requests that come at about the same time, run as one.

As with TensorFlow Serving's `--enable_batching`, inputs are joined along their
first axis and outputs are split along it; an error of the model is the error
of every request in the batch, and one request may not be larger than a batch.
"""

import threading

import numpy as np

from tfcodec.serve.status import StatusError
from tfcodec.serve.status import invalid


class _Batch:
    def __init__(self):
        self.requests = []
        self.size = 0
        self.full = threading.Event()
        self.done = threading.Event()
        self.outputs = None
        self.error = None

    def add(self, inputs, size):
        """Adds a request; returns its first row."""
        self.requests.append(inputs)
        self.size += size
        return self.size - size


class Batcher:
    """Runs predictions in batches. The first request of a batch runs it.

    Args:
        max_size: int, rows in a batch.
        max_wait: float, seconds that the first waits for others.
    """

    def __init__(self, max_size, max_wait):
        self._max_size = max_size
        self._max_wait = max_wait
        self._lock = threading.Lock()
        self._open = {}

    def __call__(self, servable, signature_name, inputs):
        """Runs a signature; see `Servable.predict`.

        Raises:
            StatusError: The inputs or outputs have no common first axis, or
                the request is larger than a batch.
        """
        size = _size(inputs, invalid)
        if size > self._max_size:
            raise invalid(
                f"Task size {size} is larger than maximum input batch size "
                f"{self._max_size}"
            )
        shapes = tuple(
            (name, inputs[name].shape[1:]) for name in sorted(inputs)
        )
        key = (servable.name, servable.version, signature_name, shapes)
        with self._lock:
            batch = self._open.get(key)
            is_first = batch is None or batch.size + size > self._max_size
            if is_first:
                if batch is not None:
                    batch.full.set()
                batch = self._open[key] = _Batch()
            begin = batch.add(inputs, size)
            if batch.size == self._max_size:
                batch.full.set()
                del self._open[key]
        if is_first:
            batch.full.wait(self._max_wait)
            with self._lock:
                if self._open.get(key) is batch:
                    del self._open[key]
            self._run(batch, servable, signature_name)
        batch.done.wait()
        if batch.error is not None:
            raise batch.error
        return {
            name: array[begin : begin + size]
            for name, array in batch.outputs.items()
        }

    def _run(self, batch, servable, signature_name):
        try:
            joined = {
                name: np.concatenate([r[name] for r in batch.requests])
                for name in batch.requests[0]
            }
            batch.outputs = servable.predict(signature_name, joined)
            if _size(batch.outputs, _unsplittable) != batch.size:
                raise _unsplittable("it is not that of the inputs")
        except BaseException as error:
            batch.error = error
        finally:
            batch.done.set()


def _size(arrays, error):
    sizes = {
        array.shape[0] if array.ndim else None for array in arrays.values()
    }
    if len(sizes) != 1 or None in sizes:
        raise error("Batching input tensors must have equal 0th-dimension size")
    return sizes.pop()


def _unsplittable(reason):
    return StatusError(
        "FAILED_PRECONDITION",
        f"0th dimension of the outputs cannot be split into requests: {reason}",
    )
