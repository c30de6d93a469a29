"""The coder in a graph, beside the NumPy coder, for tests of both."""

import re

import numpy as np
import pytest
import tensorflow as tf

from tfcodec.coding import RansDecoder
from tfcodec.coding import encode
from tfcodec.errors import BitstreamError
from tfcodec.export.graph import lanes
from tfcodec.export.graph.rans_graph import RansGraph
from tfcodec.export.graph.rans_status import Status

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


def _padded(arrays, fill):
    """A matrix of rows of different lengths."""
    width = max(len(array) for array in arrays)
    matrix = np.full((len(arrays), width), fill, np.int32)
    for line, array in zip(matrix, arrays, strict=True):
        line[: len(array)] = array
    return matrix


def _reference(payload, rows, tables):
    """Values or the message of the reference."""
    try:
        decoder = RansDecoder(payload, tables)
        values = [decoder.decode(segment) for segment in rows]
        decoder.finish()
        return values
    except BitstreamError as error:
        return str(error)


class Coder(tf.Module):
    """A graph's coder for two segments, traced once."""

    def __init__(self, tables, octet_matrix):
        super().__init__()
        self.tables = tables
        self.graph = RansGraph(tables)
        self._octet_matrix = octet_matrix
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

    @staticmethod
    def matrices(images):
        """Values and rows of two segments from images: lists of segments."""
        return [
            _padded([image[segment][k] for image in images], fill)
            for k, fill in ((0, 99), (1, -1))
            for segment in (0, 1)
        ]

    def check_batch(self, images):
        """Each image as the reference has it, both ways; the payloads."""
        values_0, values_1, rows_0, rows_1 = self.matrices(images)
        found = self.encode(values_0, values_1, rows_0, rows_1)
        assert not found["status"].numpy().any()
        lines, lengths = found["payload"].numpy(), found["num_bytes"].numpy()
        payloads = [
            line[:length].tobytes()
            for line, length in zip(lines, lengths, strict=True)
        ]
        assert payloads == [encode(image, self.tables) for image in images]
        self.check_decoding(payloads, images)
        return payloads

    def check_decoding(self, payloads, images):
        rows = self.matrices(images)[2:]
        found = self.decode(*self._octet_matrix(payloads), *rows)
        assert not found["status"].numpy().any()
        for i, image in enumerate(images):
            for k, (values, _) in enumerate(image):
                line = found[f"values_{k}"].numpy()[i]
                np.testing.assert_array_equal(line[: len(values)], values)
                assert not line[len(values) :].any()

    def check_verdicts(self, payloads, rows):
        """Status and values of any bytes are the reference's; the status."""
        matrix = [np.tile(np.int32(r), (len(payloads), 1)) for r in rows]
        found = self.decode(*self._octet_matrix(payloads), *matrix)
        status = found["status"].numpy()
        for i, payload in enumerate(payloads):
            expected = _reference(payload, rows, self.tables)
            if isinstance(expected, str):
                (code,) = {
                    code for part, code in SENTENCES.items() if part in expected
                }
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


@pytest.fixture(scope="session")
def reference():
    """`reference(payload, rows, tables)`: its values or its message."""
    return _reference


@pytest.fixture(scope="module")
def make_coder(octet_matrix):
    """`Coder` of tables; several lanes, blocks and chunks for small data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lanes, "UNROLL", 4)
        patch.setattr(lanes, "CHUNK", 256)
        yield lambda tables: Coder(tables, octet_matrix)


@pytest.fixture(scope="module")
def coder(make_coder, mixed_tables):
    return make_coder(mixed_tables)


@pytest.fixture(scope="module")
def sample(coder, draw):
    """A payload of two lanes and the rows of its segments."""
    rng = np.random.default_rng(8)
    dense = (rng.integers(-2000, 2095, 550), np.full(550, 5))
    image = [draw(rng, 100), dense]
    payload = encode(image, coder.tables)
    assert payload[0] == 2 and len(payload) < 1400
    return payload, [rows for _, rows in image]
