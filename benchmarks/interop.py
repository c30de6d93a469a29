"""Do other processes, thread counts and backends decode the same?

`python benchmarks/interop.py --images kodak/ [--qualities 5,50,95]`

Encodes in this process (Keras on TensorFlow), decodes in one process per
variant, and compares symbols (by hash) and pixels (by their largest
difference). Exit code 1 if a symbol differs anywhere, or a pixel by more than
one level.
"""

import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

VARIANTS = {
    "TensorFlow, 1 thread": {
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
    },
    "TensorFlow, 2 threads": {"TF_NUM_INTRAOP_THREADS": "2"},
    "TensorFlow, oneDNN off": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "JAX": {"KERAS_BACKEND": "jax"},
}


def decode_all(folder, preset):
    """In a process of its own: decodes all files, writes pixels and hashes."""
    import numpy as np

    import tfcodec
    from tfcodec.bitstream import unpack

    codec = tfcodec.load(preset)
    hashes = {}
    for path in sorted(pathlib.Path(folder).glob("*.tfc")):
        data = path.read_bytes()
        hashes[path.name] = symbols_hash(codec, unpack(data))
        np.save(path.with_suffix(".npy"), codec.decompress(data))
    print(json.dumps(hashes))


def symbols_hash(codec, container):
    sha = hashlib.sha256()
    for symbols in codec.decode_symbols(container):
        sha.update(symbols.astype("<i4").tobytes())
    return sha.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", required=True)
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--qualities", default="5,50,95")
    options = parser.parse_args()

    import numpy as np

    import tfcodec
    from tfcodec.bitstream import unpack
    from tfcodec.evaluation import read_images

    codec = tfcodec.load(options.preset)
    names, images = read_images(options.images)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        expected, pixels = {}, {}
        for name, image in zip(names, images, strict=True):
            encoder = codec.encoder(image)
            for quality in options.qualities.split(","):
                file = f"{name}-{quality}.tfc"
                data = encoder.encode(float(quality))
                pathlib.Path(folder, file).write_bytes(data)
                expected[file] = symbols_hash(codec, unpack(data))
                pixels[file] = codec.decompress(data).astype(int)
        print(
            "| decoded by | files | symbols equal | pixels off by one | more |"
        )
        print("|---|---:|---:|---:|---:|")
        for variant, environment in VARIANTS.items():
            command = [sys.executable, __file__, "--decode", folder]
            run = subprocess.run(
                [*command, options.preset],
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                check=True,
            )
            hashes = json.loads(run.stdout.splitlines()[-1])
            equal = sum(hashes[file] == expected[file] for file in expected)
            histogram = np.zeros(256, int)
            for file, reference in pixels.items():
                other = np.load(pathlib.Path(folder, file[:-4] + ".npy"))
                difference = np.abs(other.astype(int) - reference)
                histogram += np.bincount(difference.ravel(), minlength=256)
            share = histogram[1] / histogram.sum()
            print(
                f"| {variant} | {len(expected)} | {equal} | "
                f"{100 * share:.5f} % | {histogram[2:].sum()} |",
                flush=True,
            )
            failed |= equal < len(expected) or histogram[2:].any()
    return int(failed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--decode"]:
        decode_all(*sys.argv[2:])
    else:
        sys.exit(main())
