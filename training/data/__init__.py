"""Training images: folders, TFRecords, TFDS or memory to batches of crops.

One string names the source (`folder:`, `tfrecord:`, `tfds:`, `memory:` or a
plain path), one frozen `DataConfig` says what is done with it:

```python
config = DataConfig("folder:photos", batch_size=8, crop=256, seed=1)
source = open_source(config)
for batch in make_batches(source, config, start_step=1000):
    ...  # uint8 NumPy array (8, 256, 256, 3)
```

Parts: `config` the settings, `decode` image files to arrays, `sources` random
access, `streams` TFRecord and TFDS, `packs` writing packs and TFRecords,
`order` seeded permutations and the split, `augment` one image to one crop,
`batching` a batch, `streaming` the order of a stream, `pipeline` all together.
TensorFlow is imported only for TFRecord and TFDS and for the `tf.data` engine;
folders and memory work without it.
"""

from tfcodec.training.data.config import DataConfig
from tfcodec.training.data.packs import pack_images
from tfcodec.training.data.packs import write_tfrecords
from tfcodec.training.data.pipeline import make_batches
from tfcodec.training.data.pipeline import make_dataset
from tfcodec.training.data.pipeline import open_source
from tfcodec.training.data.pipeline import validation_images
from tfcodec.training.data.sources import FolderImages
from tfcodec.training.data.sources import MemoryImages
from tfcodec.training.data.streams import TfdsImages
from tfcodec.training.data.streams import TfrecordImages

__all__ = [
    "DataConfig",
    "FolderImages",
    "MemoryImages",
    "TfdsImages",
    "TfrecordImages",
    "make_batches",
    "make_dataset",
    "open_source",
    "pack_images",
    "validation_images",
    "write_tfrecords",
]
