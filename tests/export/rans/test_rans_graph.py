"""The coder in tensor ops against the NumPy coder: bytes."""

import dataclasses
import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from tfcodec.coding import CdfTables
from tfcodec.coding import encode

GOLDEN = pathlib.Path(__file__).parents[2] / "golden" / "rans.json"


def test_golden_vectors(make_coder):
    coders = {}
    for name, case in json.loads(GOLDEN.read_text()).items():
        arrays = (case[k] for k in ("cdf", "size", "offset"))
        tables = CdfTables(*arrays, bits_per_lane=3000)
        coder = coders.setdefault(tables.digest(), make_coder(tables))
        segments = [(s["values"], s["rows"]) for s in case["segments"]]
        image = (segments + [([], []), ([], [])])[:2]
        (payload,) = coder.check_batch([image])
        assert payload.hex() == case["payload"], name
    assert len(coders) == 2


def test_random_batches(coder, draw):
    rng = np.random.default_rng(0)
    for sizes in (
        [(0, 0)],
        [(0, 1)],
        [(1, 0), (0, 0), (2, 3)],
        [(100, 3000), (1, 1), (0, 700), (1000, 0), (64, 2999)],
    ):
        images = [[draw(rng, n) for n in pair] for pair in sizes]
        coder.check_batch(images)


def test_no_images(coder):
    nothing = np.zeros((0, 3), np.int32)
    found = coder.encode(*[nothing] * 4)
    assert found["payload"].shape == (0, 0)
    found = coder.decode(found["payload"], found["num_bytes"], nothing, nothing)
    assert found["status"].shape == (0,)


def test_one_image_is_known_to_be_one(coder, draw):
    """In each segment, so that none goes through the steps of a batch."""
    segments = [draw(np.random.default_rng(1), n) for n in (70, 900)]
    decoder = coder.graph.decoder
    matrix = tf.TensorSpec([1, None], tf.int32)
    octets = tf.TensorSpec([1, None], tf.uint8)
    lengths = tf.TensorSpec([1], tf.int32)

    @tf.function(input_signature=[octets, lengths, matrix, matrix])
    def decode(payload, num_bytes, *rows):
        state, found = decoder.start(payload, num_bytes), []
        for segment in rows:
            state, values = decoder.decode_segment(state, segment)
            assert {x.shape[0] for x in state} == {1}
            found.append(values)
        return found, decoder.finish(state).status

    payload = np.frombuffer(encode(segments, coder.tables), np.uint8)
    rows = [rows[None].astype(np.int32) for _, rows in segments]
    found, status = decode(payload[None], [payload.size], *rows)
    assert status == [0]
    for values, (expected, _) in zip(found, segments, strict=True):
        np.testing.assert_array_equal(values[0], expected)


@pytest.mark.parametrize("offset", [-32768, -32767, 32765])
def test_values_at_the_ends_of_16_bits(make_coder, offset):
    """No value of a table is taken for an escape."""
    cdf = [[0, 1000, 2000, 4000, 4096]]
    tables = CdfTables.from_rows(cdf, [offset], bits_per_lane=3000)
    coder = make_coder(tables)
    values = np.int32([offset, offset + 1, offset + 2, -32768, 0, 32767] * 9)
    image = [(values, np.zeros(values.size, np.int32)), ([], [])]
    coder.check_batch([image, image])


@pytest.mark.parametrize("num_lanes", [1, 2, 3, 9])
def test_lane_boundaries(coder, num_lanes):
    """Full and partial last steps; 12 bits a symbol, 250 symbols a lane."""
    rng = np.random.default_rng(num_lanes)
    images = []
    for first in (num_lanes - 1, num_lanes, num_lanes + 1):
        sizes = (first, 250 * num_lanes - first)
        images.append(
            [(rng.integers(-2000, 2095, n), np.full(n, 5)) for n in sizes]
        )
    payloads = coder.check_batch(images)
    assert {payload[0] for payload in payloads} == {num_lanes}


def test_number_of_lanes_is_exact(coder):
    """One symbol on either side of a threshold, which is met exactly."""
    images = [
        [(np.full(n, 0), np.full(n, 5)), ([], [])] for n in (499, 500, 749, 750)
    ]
    payloads = coder.check_batch(images)
    assert [payload[0] for payload in payloads] == [1, 2, 2, 3]


def test_many_lanes_beside_one(coder):
    """The decoder takes any number of lanes; memory stays small."""
    images, payloads = [], []
    for n, bits in ((1400, 28), (3000, 2**31 - 1), (1, 2**31 - 1)):
        values = np.random.default_rng(n).integers(-2000, 2095, n)
        images.append([(values, np.full(n, 5)), ([], [])])
        tables = dataclasses.replace(coder.tables, bits_per_lane=bits)
        payloads.append(encode(images[-1], tables))
    counts = [int.from_bytes(p[:2], "little") for p in payloads]
    assert counts == [600, 1, 1]
    coder.check_decoding(payloads, images)


def test_absent_elements_may_be_anywhere(coder, draw, octet_matrix):
    rng = np.random.default_rng(4)
    values, rows = draw(rng, 400)
    there = rng.random(400) < 0.5
    nothing = np.zeros((1, 0), np.int32)
    gaps = np.where(there, rows, -1)[None].astype(np.int32)
    found = coder.encode(values[None].astype("i4"), nothing, gaps, nothing)
    payload = encode([(values[there], rows[there])], coder.tables)
    assert found["payload"].numpy().tobytes() == payload
    found = coder.decode(*octet_matrix([payload]), gaps, nothing)
    expected = np.where(there, values, 0)[None]
    np.testing.assert_array_equal(found["values_0"], expected)


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_tflite_has_the_same_bytes_and_verdicts(
    coder, sample, draw, octet_matrix, tmp_path
):
    """The converter allows builtin ops only, unless told otherwise."""
    signatures = {
        "encode": coder.encode.get_concrete_function(),
        "decode": coder.decode.get_concrete_function(),
    }
    tf.saved_model.save(coder, str(tmp_path), signatures=signatures)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path))
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    lite = {k: interpreter.get_signature_runner(k) for k in signatures}

    rng = np.random.default_rng(6)
    for sizes in ([(30, 900)], [(0, 0)], [(5, 0), (300, 99), (0, 0)]):
        images = [[draw(rng, n) for n in pair] for pair in sizes]
        names = ("values_0", "values_1", "rows_0", "rows_1")
        arguments = dict(zip(names, coder.matrices(images), strict=True))
        found = lite["encode"](**arguments)
        expected = coder.encode(**arguments)
        for key in ("payload", "num_bytes", "status"):
            np.testing.assert_array_equal(found[key], expected[key])
        rows = {k: arguments[k] for k in ("rows_0", "rows_1")}
        payload, num_bytes = found["payload"], found["num_bytes"]
        found = lite["decode"](payload=payload, num_bytes=num_bytes, **rows)
        assert not found["status"].any()
        for key in ("values_0", "values_1"):
            there = rows[key.replace("values", "rows")] >= 0
            expected = np.where(there, arguments[key], 0)
            np.testing.assert_array_equal(found[key], expected)

    payload, rows = sample
    payloads = [payload[:n] for n in range(0, len(payload), 7)]
    payloads += [b"\xff" * 40, b"\1\0" * 20, payload[:300] + payload[302:]]
    octets, num_bytes = octet_matrix(payloads)
    arguments = {
        f"rows_{k}": np.tile(np.int32(r), (len(payloads), 1))
        for k, r in enumerate(rows)
    }
    arguments.update(payload=octets, num_bytes=num_bytes)
    found, expected = lite["decode"](**arguments), coder.decode(**arguments)
    np.testing.assert_array_equal(found["status"], expected["status"])
    assert found["status"].all()
