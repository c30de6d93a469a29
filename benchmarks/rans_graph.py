"""The coder in tensor ops beside the NumPy coder, in ms and symbols per second.

    python benchmarks/rans_graph.py [--symbols 100000] [--lanes 64]

One image on one thread, the best of several runs after one to warm up, and all
coders in one process. Times are CPU times, so that other work on the machine
counts little. Every result is compared with the reference. LiteRT is measured
where `ai_edge_litert` is installed.
"""

import argparse
import math
import tempfile
import time

import numpy as np
import tensorflow as tf
from coder import NUM_SCALES
from coder import best
from coder import build_tables
from coder import decode_all

from tfcodec.coding import code_length
from tfcodec.coding import encode
from tfcodec.coding import rans
from tfcodec.evaluation.machine import processor
from tfcodec.export.graph import lanes
from tfcodec.export.graph.rans_graph import RansGraph


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--symbols", type=int, default=100_000)
    parser.add_argument("--lanes", type=int, default=64)
    parser.add_argument("--unroll", type=int, default=lanes.UNROLL)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    lanes.UNROLL = options.unroll
    scales = np.exp(np.linspace(math.log(0.11), math.log(60), NUM_SCALES))
    tables = build_tables(scales)
    rng = np.random.default_rng(options.symbols)
    rows = rng.integers(0, scales.size, options.symbols).astype(np.int32)
    values = np.rint(rng.normal(size=rows.size) * scales[rows])
    values = values.astype(np.int32)
    # So many bits per lane that there are as many lanes as wanted.
    bits = code_length(values, rows, tables)
    rans.BITS_PER_LANE = int(bits // options.lanes)
    payload = encode([(values, rows)], tables)
    print(
        f"{processor()}, 1 thread; TensorFlow {tf.__version__}, "
        f"NumPy {np.__version__}; {rows.size:,} symbols, {len(payload):,} "
        f"bytes, {int.from_bytes(payload[:2], 'little')} lanes, "
        f"{options.unroll} steps unrolled; best of {options.repeats}\n"
    )
    print("| coder | encode ms | decode ms | encode M/s | decode M/s |")
    print("|--|--:|--:|--:|--:|")
    for name, run_encode, run_decode in coders(values, rows, payload, tables):
        if run_encode() != payload:
            raise RuntimeError(f"{name} wrote another payload.")
        if not np.array_equal(run_decode(), values):
            raise RuntimeError(f"{name} did not return what was encoded.")
        seconds = [
            best(function, options.repeats, time.process_time)
            for function in (run_encode, run_decode)
        ]
        speeds = [rows.size / s / 1e6 for s in seconds]
        print(
            f"| {name} | {1e3 * seconds[0]:.1f} | {1e3 * seconds[1]:.1f} "
            f"| {speeds[0]:.1f} | {speeds[1]:.1f} |",
            flush=True,
        )


def coders(values, rows, payload, tables):
    """Name, and functions that encode to bytes and decode to values."""
    yield (
        "NumPy",
        lambda: encode([(values, rows)], tables),
        lambda: decode_all(payload, rows, tables),
    )

    graph = RansGraph(tables)
    matrix = tf.TensorSpec([1, None], tf.int32)
    strings = tf.TensorSpec([1], tf.string)
    encode_strings = tf.function(
        lambda v, r: graph.encode_strings([v], [r]), [matrix, matrix]
    )
    decode_strings = tf.function(
        lambda p, r: graph.decode_strings(p, [r])[0], [strings, matrix]
    )
    v, r = tf.constant(values[None]), tf.constant(rows[None])
    yield (
        "`tf.function`, strings",
        lambda: encode_strings(v, r).numpy()[0],
        lambda: decode_strings([payload], r).numpy()[0],
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
    yield (
        f"LiteRT, {len(model) / 1e6:.1f} MB",
        lambda: lite_encode(values=v.numpy(), rows=r.numpy())[
            "payload"
        ].tobytes(),
        lambda: lite_decode(payload=octets, num_bytes=size, rows=r.numpy())[
            "values"
        ][0],
    )


def to_tflite(graph):
    """Both directions as signatures of one model, for one image."""
    matrix = tf.TensorSpec([1, None], tf.int32)

    def encode_core(values, rows):
        payload, num_bytes, status, _ = graph.encode([values], [rows])
        return {"payload": payload, "num_bytes": num_bytes, "status": status}

    def decode_core(payload, num_bytes, rows):
        values, state = graph.decode(payload, num_bytes, [rows])
        return {"values": values[0], "status": state.status}

    octets = tf.TensorSpec([1, None], tf.uint8)
    lengths = tf.TensorSpec([1], tf.int32)
    module = tf.Module()
    module.encode = tf.function(encode_core, [matrix, matrix])
    module.decode = tf.function(decode_core, [octets, lengths, matrix])
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(
            module,
            folder,
            signatures={"encode": module.encode, "decode": module.decode},
        )
        return tf.lite.TFLiteConverter.from_saved_model(folder).convert()


if __name__ == "__main__":
    main()
