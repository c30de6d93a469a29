"""From a source and a config to batches: the engines and the entry points.

Batch number k of a random-access source is a pure function of the source, the
config and k, see `IndexedBatches`; the `tf.data` engine and the NumPy engine
both call it, so they agree byte for byte, and a run resumes at any step at no
cost. Streams are shuffled window by window, each window by its own seed, so
their order is also a function of the seed alone; to resume, they read past the
earlier records without decoding them.
"""

import collections
import concurrent.futures
import dataclasses
import functools
import importlib
import numbers
import os
import warnings

from tfcodec.training.data import batching
from tfcodec.training.data import decode
from tfcodec.training.data import order
from tfcodec.training.data import sources
from tfcodec.training.data import streaming
from tfcodec.training.data import streams
from tfcodec.training.data.config import DataConfig

_AHEAD = 4  # batches prepared in advance
_SCHEMES = ("folder", "tfrecord", "tfds", "memory")


def open_source(source):
    """Opens what a source string, or the source of a config, names.

    Args:
        source: `DataConfig`; or a path or source string, which is opened with
            the default settings; or a sequence of uint8 arrays.
    Returns:
        `FolderImages`, `MemoryImages`, `TfrecordImages` or `TfdsImages`.
    Raises:
        FileNotFoundError: The files that it names do not exist.
        ImportError: A package that the source needs is not installed.
        ValueError: Unknown scheme, or nothing usable in the source.
    """
    if isinstance(source, str | os.PathLike):
        source = DataConfig(os.fspath(source))
    if not isinstance(source, DataConfig):
        return sources.MemoryImages(source)
    spec = source.source
    scheme, rest = _parse(spec)
    if scheme == "folder":
        return sources.FolderImages(rest, source.cache_bytes)
    if scheme == "tfrecord":
        return streams.TfrecordImages(os.path.expanduser(rest))
    if scheme == "tfds":
        name, _, split = rest.partition(":")
        return streams.TfdsImages(name, split or "train", source.data_dir)
    if not rest:
        raise ValueError(
            "The source 'memory' needs the arrays: pass them as `source`, or "
            "name a pack: 'memory:PATH'."
        )
    return sources.MemoryImages.load(rest)


def make_batches(source, config, *, split="train", start_step=0, engine="auto"):
    """Endless training batches.

    Args:
        source: An opened source; or anything `open_source` takes; or None for
            `config.source`.
        config: `DataConfig`.
        split: `"train"` or `"validation"`.
        start_step: Number of the first batch.
        engine: `"tf"`: a `tf.data` pipeline; `"numpy"`: threads, no TensorFlow,
            random-access sources only; `"auto"`: `"tf"` if the source needs it
            or Keras runs on TensorFlow. All give the same batches.
    Returns:
        Iterator over uint8 arrays `(batch_size, crop, crop, 3)`.
    Raises:
        ValueError: Bad argument, or no image left after the split and without
            those smaller than the crop.
    """
    if engine not in ("auto", "tf", "numpy"):
        raise ValueError(
            "`engine` must be 'auto', 'tf' or 'numpy'. "
            f"Received: engine={engine!r}"
        )
    source = opened(source, config)
    if engine == "auto":
        engine = "tf" if _is_stream(source) or _keras_on_tf() else "numpy"
    if engine == "tf":
        dataset = make_dataset(
            source, config, split=split, start_step=start_step
        )
        return dataset.as_numpy_iterator()
    if _is_stream(source):
        raise ValueError(
            f"The engine 'numpy' cannot read {source.label}; use 'tf'."
        )
    _check_step(start_step)
    batches = batching.IndexedBatches(source, config, split)
    return _threaded(batches, start_step, config.workers)


def make_dataset(source, config, *, split="train", start_step=0):
    """The same batches as an endless `tf.data.Dataset`.

    Args, Raises: see `make_batches`.
    Returns:
        Dataset of uint8 tensors `(batch_size, crop, crop, 3)`.
    """
    tf = streams.require_tensorflow("A tf.data pipeline")
    _check_step(start_step)
    if not _keras_on_tf():
        _leave_gpus_alone(tf)
    source = opened(source, config)
    if _is_stream(source):
        steps = streaming.stream_steps(source, config, split, start_step)
        function = batching.StreamedBatches(config)
    else:
        steps = tf.data.Dataset.range(start_step, 2**62).map(lambda k: (k,))
        function = batching.IndexedBatches(source, config, split)

    def batch(*inputs):
        out = tf.numpy_function(function, inputs, tf.uint8)
        out.set_shape((config.batch_size, config.crop, config.crop, 3))
        return out

    return steps.map(
        batch, num_parallel_calls=config.workers, deterministic=True
    ).prefetch(_AHEAD)


def validation_images(source, config, count=None):
    """Whole images of the validation split, always the same ones.

    Args:
        source: See `make_batches`.
        config: `DataConfig`.
        count: At most that many; None: all. Random-access sources give those
            first whose names hash lowest, streams the first that are stored.
    Returns:
        List of uint8 arrays `(height, width, 3)`.
    Raises:
        ValueError: No image falls into the validation split.
    """
    source = opened(source, config)
    if _is_stream(source):
        decoders = (
            functools.partial(decode.decode_image, encoded, name.decode())
            for name, encoded in streaming.stored_images(source, config)
        )
    else:
        indexes = batching.split_indexes(source, config, "validation")
        indexes.sort(key=lambda index: order.hash_fraction(source.names[index]))
        decoders = (functools.partial(source.image, index) for index in indexes)
    images = []
    while count is None or len(images) < count:
        try:
            images.append(next(decoders)())
        except StopIteration:
            break
        except OSError as error:
            warnings.warn(f"{error} It is left out.", stacklevel=2)
    if not images:
        raise ValueError(batching.empty_split_message("validation", config))
    return images


def opened(source, config):
    """The source itself if it is opened, else what it or `config` names."""
    if source is None:
        return open_source(config)
    if hasattr(source, "image") or _is_stream(source):
        return source
    if isinstance(source, str | os.PathLike):
        return open_source(
            dataclasses.replace(config, source=os.fspath(source))
        )
    return open_source(source)


def _is_stream(source):
    return hasattr(source, "records")


def _parse(spec):
    """Splits a source string into one of `_SCHEMES` and the rest."""
    scheme, colon, rest = spec.partition(":")
    if spec == "memory" or (colon and scheme in _SCHEMES):
        return scheme, rest
    path = os.path.expanduser(spec)
    if os.path.isdir(path):
        return "folder", path
    if path.endswith((".npz", ".npy")):
        return "memory", path
    if colon and len(scheme) > 1 and not os.path.exists(path):
        known = ", ".join(f"{name}:" for name in _SCHEMES)
        raise ValueError(
            f"`source` must be a directory, a .npz or .npy file, or begin with "
            f"one of {known}. Received: source={spec!r}"
        )
    if os.path.exists(path):
        raise ValueError(
            "`source` must be a directory or a .npz or .npy file. "
            f"Received: source={spec!r}"
        )
    raise FileNotFoundError(f"No such image folder: {spec}")


def _check_step(start_step):
    if not isinstance(start_step, numbers.Integral) or start_step < 0:
        raise ValueError(
            "`start_step` must be an integer of at least 0. "
            f"Received: start_step={start_step!r}"
        )


def _threaded(function, step, workers):
    """Yields `function(step)`, `function(step + 1)`, ..., made in threads."""
    pending = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        while True:
            while len(pending) <= _AHEAD:
                pending.append(pool.submit(function, step))
                step += 1
            yield pending.popleft().result()


def _keras_on_tf():
    return importlib.import_module("keras").config.backend() == "tensorflow"


def _leave_gpus_alone(tf):
    """Keeps TensorFlow from taking the GPU memory of another backend."""
    try:
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError:  # TensorFlow is in use already: leave it as it is.
        pass
