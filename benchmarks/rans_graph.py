"""The coder in tensor ops beside the NumPy coder, in ms and symbols per second.

    python benchmarks/rans_graph.py [--preset photo]

One image on one thread, the best of several runs after one to warm up, and all
coders in one process. With `--preset` it is the bundled photograph, resized to
768x512, at quality 50; else random symbols, all of which take bits. Times are
CPU times, so that other work on the machine counts little. Every result is
compared with the reference. LiteRT is measured where `ai_edge_litert` is
installed.
"""

import argparse
import dataclasses
import math
import tempfile
import time

import numpy as np
import tensorflow as tf
from coder import NUM_SCALES
from coder import best
from coder import build_tables
from common import read_picture

import tfcodec
from tfcodec.coding import RansDecoder
from tfcodec.coding import code_length
from tfcodec.coding import encode
from tfcodec.evaluation.machine import processor
from tfcodec.export.graph import lanes
from tfcodec.export.graph.rans_graph import RansGraph


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", help="real symbols, of this preset")
    parser.add_argument("--symbols", type=int, default=100_000)
    parser.add_argument("--lanes", type=int, default=64)
    parser.add_argument("--unroll", type=int, default=lanes.UNROLL)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    lanes.UNROLL = options.unroll
    if options.preset:
        segments, tables = real_symbols(options.preset)
    else:
        segments, tables = random_symbols(options.symbols, options.lanes)
    payload = encode(segments, tables)
    count = sum(rows.size for _, rows in segments)
    coded = sum(int((tables.size[rows] > 1).sum()) for _, rows in segments)
    print(
        f"{processor()}, 1 thread; TensorFlow {tf.__version__}, "
        f"NumPy {np.__version__}; {count:,} symbols, {coded:,} of them take "
        f"bits, {len(payload):,} bytes, "
        f"{int.from_bytes(payload[:2], 'little')} lanes, "
        f"{options.unroll} steps unrolled; best of {options.repeats}\n"
    )
    print(
        "| coder | encode ms | decode ms | encode M/s | decode M/s "
        "| encode, coded M/s | decode, coded M/s |"
    )
    print("|--|--:|--:|--:|--:|--:|--:|")
    for name, run_encode, run_decode in coders(segments, payload, tables):
        if run_encode() != payload:
            raise RuntimeError(f"{name} wrote another payload.")
        for found, (values, _) in zip(run_decode(), segments, strict=True):
            if not np.array_equal(found, values):
                raise RuntimeError(f"{name} did not return what was encoded.")
        seconds = [
            best(function, options.repeats, time.process_time)
            for function in (run_encode, run_decode)
        ]
        times = " | ".join(f"{1e3 * s:.1f}" for s in seconds)
        speeds = " | ".join(
            f"{n / s / 1e6:.1f}" for n in (count, coded) for s in seconds
        )
        print(f"| {name} | {times} | {speeds} |", flush=True)


def random_symbols(count, num_lanes):
    """Two segments, the second one empty, and tables."""
    scales = np.exp(np.linspace(math.log(0.11), math.log(60), NUM_SCALES))
    tables = build_tables(scales)
    rng = np.random.default_rng(count)
    rows = rng.integers(0, scales.size, count).astype(np.int32)
    values = np.rint(rng.normal(size=rows.size) * scales[rows])
    values = values.astype(np.int32)
    # So many bits per lane that there are as many lanes as wanted.
    bits = code_length(values, rows, tables)
    tables = dataclasses.replace(tables, bits_per_lane=int(bits // num_lanes))
    nothing = np.zeros(0, np.int32)
    return [(values, rows), (nothing, nothing)], tables


def real_symbols(preset):
    """Hyper-latents and latents of the photograph, and the preset's tables."""
    codec = tfcodec.load(preset)
    segments = codec.encoder(np.asarray(read_picture())).segments(50)
    segments = [tuple(np.int32(x) for x in pair) for pair in segments]
    return segments, codec.coding.tables


def coders(segments, payload, tables):
    """Name, and functions that encode to bytes and decode to values."""
    yield (
        "NumPy",
        lambda: encode(segments, tables),
        lambda: decode_all(payload, segments, tables),
    )

    graph = RansGraph(tables)
    matrix = tf.TensorSpec([None, None], tf.int32)
    strings = tf.TensorSpec([None], tf.string)
    encode_strings = tf.function(
        lambda *x: graph.encode_strings(x[:2], x[2:]), [matrix] * 4
    )
    decode_strings = tf.function(
        lambda p, *rows: graph.decode_strings(p, rows),
        [strings, matrix, matrix],
    )
    values, rows = ([x[None] for x in y] for y in zip(*segments, strict=True))
    values_rows = [tf.constant(x) for x in (*values, *rows)]
    yield (
        "`tf.function`, strings",
        lambda: encode_strings(*values_rows).numpy()[0],
        lambda: [
            x.numpy()[0] for x in decode_strings([payload], *values_rows[2:])
        ],
    )
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        return
    model = to_tflite(graph)
    lite = Interpreter(model_content=model, num_threads=1)
    lite_encode = lite.get_signature_runner("encode")
    lite_decode = lite.get_signature_runner("decode")
    octets = np.frombuffer(payload, np.uint8)[None]
    size = np.array([len(payload)], np.int32)
    names = ("values_0", "values_1", "rows_0", "rows_1")
    inputs = dict(zip(names, (*values, *rows), strict=True))
    known = {k: inputs[k] for k in names[2:]}

    def decode_lite():
        found = lite_decode(payload=octets, num_bytes=size, **known)
        return [found[k][0] for k in names[:2]]

    yield (
        f"LiteRT, {len(model) / 1e6:.1f} MB",
        lambda: lite_encode(**inputs)["payload"].tobytes(),
        decode_lite,
    )


def decode_all(payload, segments, tables):
    """The values of a payload, segment by segment."""
    decoder = RansDecoder(payload, tables)
    found = [decoder.decode(rows) for _, rows in segments]
    decoder.finish()
    return found


def to_tflite(graph):
    """Both directions as signatures of one model, for one image."""
    matrix = tf.TensorSpec([1, None], tf.int32)

    def encode_core(values_0, values_1, rows_0, rows_1):
        payload, num_bytes, status, _ = graph.encode(
            [values_0, values_1], [rows_0, rows_1]
        )
        return {"payload": payload, "num_bytes": num_bytes, "status": status}

    def decode_core(payload, num_bytes, rows_0, rows_1):
        values, state = graph.decode(payload, num_bytes, [rows_0, rows_1])
        names = ("values_0", "values_1", "status")
        return dict(zip(names, [*values, state.status], strict=True))

    octets = tf.TensorSpec([1, None], tf.uint8)
    lengths = tf.TensorSpec([1], tf.int32)
    module = tf.Module()
    module.encode = tf.function(encode_core, [matrix] * 4)
    module.decode = tf.function(decode_core, [octets, lengths, matrix, matrix])
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(
            module,
            folder,
            signatures={"encode": module.encode, "decode": module.decode},
        )
        return tf.lite.TFLiteConverter.from_saved_model(folder).convert()


if __name__ == "__main__":
    main()
