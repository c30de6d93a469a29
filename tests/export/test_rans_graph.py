"""The coder in tensor ops against the NumPy coder: bytes and verdicts."""

import json
import pathlib
import re

import numpy as np
import pytest
import tensorflow as tf

from tfcodec.coding import CdfTables
from tfcodec.coding import RansDecoder
from tfcodec.coding import encode
from tfcodec.coding import rans
from tfcodec.errors import BitstreamError
from tfcodec.export import lanes
from tfcodec.export.rans_graph import RansGraph
from tfcodec.export.rans_status import Status

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "rans.json"
SENTENCES = {
    "even number of bytes": Status.LENGTH,
    "lanes; 1 to 4096": Status.LANES,
    "too short for": Status.SHORT,
    "starts with a state": Status.STATE,
    "payload is empty": Status.EMPTY,
    "before its last symbol": Status.SYMBOLS,
    "before its last escape": Status.ESCAPES,
    "is not empty": Status.UNUSED,
    "are left over": Status.LEFT,
    "the right state": Status.FINAL,
}
MIXED = CdfTables.from_rows(
    [
        [0, 1000, 3000, 4000, 4096],  # values -1, 0, 1
        [0, 4096],  # skip: 7
        [0, 4095, 4096],  # value 5
        [0, 1, 4096],  # value -3, nearly always an escape
        [0, 4096],  # skip: 0
        np.arange(4097),  # values -2000..2094
    ],
    [-1, 7, 5, -3, 0, -2000],
)


@pytest.fixture(scope="module", autouse=True)
def small_numbers():
    """Several lanes, blocks and chunks for small data; short loop bodies."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rans, "BITS_PER_LANE", 3000)
        patch.setattr(lanes, "UNROLL", 4)
        patch.setattr(lanes, "CHUNK", 256)
        yield


class Coder(tf.Module):
    """A graph's coder for two segments, traced once."""

    def __init__(self, tables):
        super().__init__()
        self.graph = RansGraph(tables)
        matrix = tf.TensorSpec([None, None], tf.int32)
        octets = tf.TensorSpec([None, None], tf.uint8)
        vector = tf.TensorSpec([None], tf.int32)
        self.encode = tf.function(self._encode, [matrix] * 4)
        self.decode = tf.function(
            self._decode, [octets, vector, matrix, matrix]
        )

    def _encode(self, values_0, values_1, rows_0, rows_1):
        found = self.graph.encode([values_0, values_1], [rows_0, rows_1])
        names = ("payload", "num_bytes", "status", "numbers")
        return dict(zip(names, found, strict=True))

    def _decode(self, payload, num_bytes, rows_0, rows_1):
        values, state = self.graph.decode(payload, num_bytes, [rows_0, rows_1])
        return {
            "values_0": values[0],
            "values_1": values[1],
            "status": state.status,
            "numbers": state.numbers,
        }


@pytest.fixture(scope="module")
def coder():
    return Coder(MIXED)


def draw(rng, n):
    """Values and rows of `MIXED`, with escapes."""
    rows = rng.integers(0, MIXED.num_tables, n)
    values = MIXED.offset[rows] + rng.integers(
        0, np.maximum(MIXED.size[rows] - 1, 1)
    )
    wild = (rng.random(n) < 0.05) & (MIXED.size[rows] > 1)
    values[wild] = rng.integers(-32768, 32768, wild.sum())
    return values, rows


def padded(arrays, fill):
    """A matrix of rows of different lengths."""
    width = max(len(array) for array in arrays)
    matrix = np.full((len(arrays), width), fill, np.int32)
    for line, array in zip(matrix, arrays, strict=True):
        line[: len(array)] = array
    return matrix


def matrices(images):
    """Values and rows of two segments from images: lists of two segments."""
    return [
        padded([image[segment][k] for image in images], fill)
        for k, fill in ((0, 99), (1, -1))
        for segment in (0, 1)
    ]


def payload_matrix(payloads):
    octets = padded([list(payload) for payload in payloads], 0xAB)
    num_bytes = np.array([len(payload) for payload in payloads], np.int32)
    return octets.astype(np.uint8), num_bytes


def check_batch(coder, images, tables=MIXED):
    """Each image as the reference has it, both ways; the payloads."""
    values_0, values_1, rows_0, rows_1 = matrices(images)
    found = coder.encode(values_0, values_1, rows_0, rows_1)
    assert not found["status"].numpy().any()
    lengths = found["num_bytes"].numpy()
    payloads = [
        line[:length].tobytes()
        for line, length in zip(found["payload"].numpy(), lengths, strict=True)
    ]
    assert payloads == [encode(image, tables) for image in images]
    check_decoding(coder, payloads, images)
    return payloads


def check_decoding(coder, payloads, images):
    rows = matrices(images)[2:]
    found = coder.decode(*payload_matrix(payloads), *rows)
    assert not found["status"].numpy().any()
    for i, image in enumerate(images):
        for k, (values, _) in enumerate(image):
            line = found[f"values_{k}"].numpy()[i]
            np.testing.assert_array_equal(line[: len(values)], values)
            assert not line[len(values) :].any()


def reference(payload, rows):
    """Values or the message of the reference."""
    try:
        decoder = RansDecoder(payload, MIXED)
        values = [decoder.decode(segment) for segment in rows]
        decoder.finish()
        return values
    except BitstreamError as error:
        return str(error)


def check_verdicts(coder, payloads, rows):
    """Status and values of any bytes are the reference's; the status."""
    matrix = [np.tile(np.int32(r), (len(payloads), 1)) for r in rows]
    found = coder.decode(*payload_matrix(payloads), *matrix)
    status = found["status"].numpy()
    for i, payload in enumerate(payloads):
        expected = reference(payload, rows)
        if isinstance(expected, str):
            (code,) = {c for part, c in SENTENCES.items() if part in expected}
            assert Status(status[i]) == code, (i, expected)
            # The sentence's first number. (In "16 lanes; 1 to 4096" too.)
            numbers = re.findall(r"\d+", expected)
            if code in (Status.EMPTY, Status.LEFT, Status.LANES):
                assert found["numbers"][i, 0] == int(numbers[0])
        else:
            assert status[i] == 0, (i, Status(status[i]))
            for k in (0, 1):
                np.testing.assert_array_equal(
                    found[f"values_{k}"][i], expected[k]
                )
    return status


def test_golden_vectors():
    coders = {}
    for name, case in json.loads(GOLDEN.read_text()).items():
        tables = CdfTables(*(case[k] for k in ("cdf", "size", "offset")))
        coder = coders.setdefault(tables.digest(), Coder(tables))
        segments = [(s["values"], s["rows"]) for s in case["segments"]]
        image = (segments + [([], []), ([], [])])[:2]
        (payload,) = check_batch(coder, [image], tables)
        assert payload.hex() == case["payload"], name
    assert len(coders) == 2


def test_random_batches(coder):
    rng = np.random.default_rng(0)
    for sizes in (
        [(0, 0)],
        [(0, 1)],
        [(1, 0), (0, 0), (2, 3)],
        [(100, 3000), (1, 1), (0, 700), (1000, 0), (64, 2999)],
    ):
        images = [[draw(rng, n) for n in pair] for pair in sizes]
        check_batch(coder, images)


def test_no_images(coder):
    nothing = np.zeros((0, 3), np.int32)
    found = coder.encode(*[nothing] * 4)
    assert found["payload"].shape == (0, 0)
    found = coder.decode(found["payload"], found["num_bytes"], nothing, nothing)
    assert found["status"].shape == (0,)


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
    payloads = check_batch(coder, images)
    assert {payload[0] for payload in payloads} == {num_lanes}


def test_number_of_lanes_is_exact(coder):
    """One symbol on either side of a threshold, which is met exactly."""
    images = [
        [(np.full(n, 0), np.full(n, 5)), ([], [])] for n in (499, 500, 749, 750)
    ]
    payloads = check_batch(coder, images)
    assert [payload[0] for payload in payloads] == [1, 2, 2, 3]


def test_many_lanes_beside_one(coder, monkeypatch):
    """The decoder takes any number of lanes; memory stays small."""
    images, payloads = [], []
    for n, bits in ((600, 12), (3000, 1 << 40), (1, 1 << 40)):
        values = np.random.default_rng(n).integers(-2000, 2095, n)
        images.append([(values, np.full(n, 5)), ([], [])])
        monkeypatch.setattr(rans, "BITS_PER_LANE", bits)
        payloads.append(encode(images[-1], MIXED))
    counts = [int.from_bytes(p[:2], "little") for p in payloads]
    assert counts == [600, 1, 1]
    check_decoding(coder, payloads, images)


def test_absent_elements_may_be_anywhere(coder):
    rng = np.random.default_rng(4)
    values, rows = draw(rng, 400)
    there = rng.random(400) < 0.5
    nothing = np.zeros((1, 0), np.int32)
    gaps = np.where(there, rows, -1)[None].astype(np.int32)
    found = coder.encode(values[None].astype("i4"), nothing, gaps, nothing)
    payload = encode([(values[there], rows[there])], MIXED)
    assert found["payload"].numpy().tobytes() == payload
    found = coder.decode(*payload_matrix([payload]), gaps, nothing)
    expected = np.where(there, values, 0)[None]
    np.testing.assert_array_equal(found["values_0"], expected)


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(8)
    dense = (rng.integers(-2000, 2095, 550), np.full(550, 5))
    image = [draw(rng, 100), dense]
    payload = encode(image, MIXED)
    assert payload[0] == 2 and len(payload) < 1400
    return payload, [rows for _, rows in image]


def test_every_truncation_has_the_same_verdict(coder, sample):
    payload, rows = sample
    cut = [payload[:n] for n in range(len(payload) + 1)] + [payload + b"\0\0"]
    status = check_verdicts(coder, cut, rows)
    assert (
        status[len(payload)] == 0 and status.astype(bool).sum() == len(cut) - 1
    )
    assert {1, 3, 5, 6, 7, 9} >= set(status) - {0} >= {1, 3, 5, 6, 9}


def test_changed_bytes_have_the_same_verdict(coder, sample):
    payload, rows = sample
    rng = np.random.default_rng(1)
    changed = []
    for position in [*range(24), *rng.integers(24, len(payload), 200)]:
        data = bytearray(payload)
        data[position] ^= int(rng.integers(1, 256))
        changed.append(bytes(data))
    status = check_verdicts(coder, changed, rows)
    assert len(set(status)) > 3


def test_random_bytes_have_the_same_verdict(coder):
    rng = np.random.default_rng(2)
    payloads = []
    for seed in range(200):
        data = bytearray(rng.bytes(2 * rng.integers(0, 200) + seed // 190))
        count = int(rng.integers(0, 5))
        if seed % 4 and len(data) > 2 + 4 * count:
            data[:2] = count.to_bytes(2, "little")
            for lane in range(count):
                data[5 + 4 * lane : 6 + 4 * lane] = b"\x55"
        payloads.append(bytes(data))
    rows = [rng.integers(0, 6, 60), rng.integers(0, 6, 5)]
    check_verdicts(coder, payloads, rows)
    check_verdicts(coder, payloads, [np.array([1, 4]), np.array([2])])
    check_verdicts(coder, payloads, [np.array([1, 4]), np.array([4])])


def test_bad_states_and_numbers_of_lanes(coder):
    def payload_of(count, *states, words=()):
        data = np.array([count], "<u2").tobytes()
        data += np.array(states, "<u4").tobytes()
        return data + np.array(words, "<u2").tobytes()

    start = 1 << 15
    payloads = [
        payload_of(0, start),
        payload_of(4097, *[start] * 4097),
        payload_of(65535, start),
        payload_of(4096, *[start] * 4095),
        payload_of(4096, *[start] * 4096),
        payload_of(2, start, start - 1),
        payload_of(2, 1 << 31, start),
        payload_of(1, (1 << 32) - 1),
        payload_of(1, 0),
        payload_of(1, start + 4096),
        payload_of(2, (1 << 31) - 1, start, words=[0xFFFF] * 99),
    ]
    check_verdicts(coder, payloads, [np.full(1, 2), np.full(0, 0)])
    check_verdicts(coder, payloads, [np.full(99, 3), np.full(9, 5)])
    check_verdicts(coder, payloads, [np.full(1, 1), np.full(1, 4)])


def test_callers_mistakes_have_their_status(coder):
    good = (0, 5)
    values, rows = zip(
        good,
        (32768, 0),
        (-32769, 5),
        (8, 1),
        (1, 4),
        (0, 6),
        (0, -2),
        (123456, -1),
        strict=True,
    )
    values, rows = (np.array(x, np.int32)[:, None] for x in (values, rows))
    fine, zero = np.full_like(rows, 5), np.zeros_like(rows)
    found = coder.encode(values, zero, rows, fine)
    expected = [0, 12, 12, 13, 13, 11, 11, 0]
    assert found["status"].numpy().tolist() == expected
    np.testing.assert_array_equal(
        found["num_bytes"].numpy() == 0, np.array(expected) > 0
    )
    found = coder.decode(found["payload"], found["num_bytes"], rows, fine)
    assert found["status"].numpy().tolist() == [0, 5, 5, 5, 5, 11, 11, 0]


def test_strings_and_sentences(sample):
    """Eager, so that it runs without a function around it, too."""
    graph = RansGraph(MIXED)
    payload = encode([([0, 1, 4321, 0], [0] * 4)], MIXED)
    rows = [np.zeros((3, 4), np.int32)]
    rows[0][1] = -1
    values = graph.decode_strings([payload, b"", payload], rows)
    expected = [[0, 1, 4321, 0], [0] * 4, [0, 1, 4321, 0]]
    assert values[0].numpy().tolist() == expected
    strings = graph.encode_strings(values, rows)
    assert strings.numpy().tolist() == [payload, b"", payload]
    for bad, row in (
        (payload[:-1], 0),
        (payload[:-2], 0),
        (b"\1\0" + payload, 0),
        (b"\0\0" + payload, 0),
        (b"\x11\0" + payload, 0),
        (b"", 0),
        (payload, 1),
        (payload, 2),
        (payload + b"abcd", 0),
        (b"\1\0\0\x90\0\0", 2),
    ):
        wrong = np.full((3, 4), row, np.int32)
        wrong[0] = -1
        message = reference(bad, [wrong[1]])
        assert isinstance(message, str)
        with pytest.raises(
            tf.errors.InvalidArgumentError,
            match="Image 1: " + re.escape(message),
        ):
            graph.decode_strings([b"", bad, b""], [wrong])
    for value, row, match in (
        (40_000, 0, "`values` must be in -32768..32767"),
        (8, 1, "where the row is a skip row"),
        (0, 6, "`rows` must be in 0..5, or -1"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=match):
            graph.encode_strings([np.int32([[value]])], [np.int32([[row]])])


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_tflite_has_the_same_bytes_and_verdicts(coder, sample, tmp_path):
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
        arguments = dict(zip(names, matrices(images), strict=True))
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
    octets, num_bytes = payload_matrix(payloads)
    arguments = {
        f"rows_{k}": np.tile(np.int32(r), (len(payloads), 1))
        for k, r in enumerate(rows)
    }
    arguments.update(payload=octets, num_bytes=num_bytes)
    found, expected = lite["decode"](**arguments), coder.decode(**arguments)
    np.testing.assert_array_equal(found["status"], expected["status"])
    assert found["status"].all()
