"""Writes a folder of images as one memory pack or as TFRecord files."""

import pathlib
import warnings

import numpy as np

from tfcodec.training.data import sources
from tfcodec.training.data import streams


def pack_images(folder, out):
    """Decodes a folder of images into one `.npz` file of uint8 pixels.

    Such a pack opens fast and needs neither an image decoder nor TensorFlow
    where it is used: handy on rented GPU machines. Names are kept, so the
    validation split of the pack is that of the folder.

    Args:
        folder: Directory of images.
        out: Path of the pack; must end in `.npz`.
    Returns:
        Number of images in the pack.
    """
    out = pathlib.Path(out)
    if out.suffix != ".npz":
        raise ValueError(f"`out` must end in .npz. Received: out={str(out)!r}")
    images = sources.FolderImages(folder, cache_bytes=0)
    pixels = np.empty(3 * int(images.sizes.prod(axis=1).sum()), np.uint8)
    used, kept = 0, []
    for index in range(len(images.names)):
        try:
            image = images.image(index)
        except OSError as error:
            warnings.warn(f"{error} It is left out.", stacklevel=2)
            continue
        pixels[used : used + image.size] = image.ravel()
        used += image.size
        kept.append(index)
    if not kept:
        raise ValueError(f"No image of {folder} can be decoded.")
    names = np.array([images.names[index] for index in kept])
    shapes = images.sizes[kept].astype(np.int32)
    np.savez(out, pixels=pixels[:used], shapes=shapes, names=names)
    return len(kept)


def write_tfrecords(images_dir, out, shards=1):
    """Copies the encoded images of a folder into TFRecord files.

    The records hold the bytes of the file in `image/encoded` and its relative
    path, which decides its split, in `image/filename`.

    Args:
        images_dir: Directory of images.
        out: Start of the file names: `data/train` gives
            `data/train-00000-of-00004.tfrecord` and so on.
        shards: Number of files; the images are dealt out in turn.
    Returns:
        List of the paths written.
    """
    images = sources.FolderImages(images_dir, cache_bytes=0)
    if not 1 <= shards <= len(images.names):
        raise ValueError(
            "`shards` must be between 1 and the number of images "
            f"({len(images.names)}). Received: shards={shards}"
        )
    tf = streams.require_tensorflow("Writing TFRecord files")
    pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
    paths = []
    for shard in range(shards):
        path = f"{out}-{shard:05d}-of-{shards:05d}.tfrecord"
        with tf.io.TFRecordWriter(path) as writer:
            for name in images.names[shard::shards]:
                encoded = (images.root / name).read_bytes()
                feature = {
                    "image/encoded": _bytes_feature(tf, encoded),
                    "image/filename": _bytes_feature(tf, name.encode()),
                }
                features = tf.train.Features(feature=feature)
                example = tf.train.Example(features=features)
                writer.write(example.SerializeToString())
        paths.append(path)
    return paths


def _bytes_feature(tf, value):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
