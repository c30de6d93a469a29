"""The container in tensor ops against `tfcodec.bitstream`: bytes."""

import pathlib
import re

import numpy as np
import pytest
import tensorflow as tf

from tfcodec.bitstream import Container
from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack
from tfcodec.export.graph.container_graph import ContainerGraph

DOCUMENT = pathlib.Path(__file__).parents[3] / "docs" / "format.md"
HASH = b"\xfa\xfb\xfc\xfd"


@pytest.fixture(scope="module")
def files(make_files):
    return make_files(65535, HASH, 1 << 40)


def draw_container(rng, size, ancillary=0):
    width = int(2 ** rng.uniform(0, 24))
    height = int(rng.integers(1, min(2**24, 2**40 // width + 1)))
    sections = [
        (int(rng.integers(128, 256)), rng.bytes(rng.choice([0, 1, 9, 300])))
        for _ in range(ancillary)
    ]
    quality = rng.integers(100, 10001) / 100
    latents = rng.bytes(size)
    return Container(
        65535, HASH, width, height, quality, latents, tuple(sections)
    )


def formatted(files, containers, octet_matrix):
    octets, num_bytes = octet_matrix([c.latents for c in containers])
    sizes = np.array([(c.width, c.height) for c in containers], np.int32)
    quality = np.array([c.quality for c in containers])
    hundredths = np.rint(quality * 100).astype(np.int32)
    found, lengths = files.format(octets, num_bytes, *sizes.T, hundredths)
    for line, length in zip(found.numpy(), lengths.numpy(), strict=True):
        assert not line[length:].any()
    return [
        line[:length].tobytes()
        for line, length in zip(found.numpy(), lengths.numpy(), strict=True)
    ]


def test_worked_example_of_the_document(octet_matrix, make_files):
    example = DOCUMENT.read_text().split("## Worked example")[1]
    block = re.search(r"```hex\n(.*?)```", example, re.DOTALL)[1]
    lines = (line.split("#")[0] for line in block.splitlines())
    data = bytes.fromhex("".join(lines))
    files = make_files(65535, data[7:11], None)
    (found,) = files.check([data])
    assert found[:3] == (40, 30, 5000)
    container = unpack(data)
    assert formatted(files, [container], octet_matrix) == [data]


def test_random_batches(files, octet_matrix):
    rng = np.random.default_rng(0)
    for sizes in ([0], [5], [64, 0, 3, 1000], rng.integers(0, 400, 50)):
        containers = [draw_container(rng, size) for size in sizes]
        data = formatted(files, containers, octet_matrix)
        assert data == [pack(container) for container in containers]
        for found in files.check(data):
            assert isinstance(found, tuple)


def test_ancillary_sections_are_walked_over(files):
    rng = np.random.default_rng(1)
    counts = [0, 1, 2, 3, 7, 8, 40, 0]
    containers = [draw_container(rng, 50, ancillary=n) for n in counts]
    for container, found in zip(
        containers, files.check([pack(c) for c in containers]), strict=True
    ):
        assert found[3] == container.latents


def test_many_empty_sections(files):
    sections = ((128, b""),) * 30_000
    files.check([pack(Container(65535, HASH, 9, 8, 50.0, b"x", sections))])


@pytest.mark.parametrize("size", [127, 128, 16383, 16384, 2_100_000])
def test_lengths_of_sections(files, octet_matrix, size):
    container = Container(65535, HASH, 1, 1, 1.0, bytes(size))
    (data,) = formatted(files, [container], octet_matrix)
    assert data == pack(container)
    (found,) = files.check([data])
    assert found == (1, 1, 100, bytes(size))


def test_num_bytes_is_clamped(files, octet_matrix):
    container = draw_container(np.random.default_rng(2), 5)
    data = np.frombuffer(pack(container), np.uint8)
    octets = np.tile(data, (3, 1))
    found = files.parse(octets, np.array([99, data.size, -1], np.int32))
    assert found.status.numpy().tolist() == [0, 0, 101]
    payload = np.zeros((3, 5), np.uint8)
    one = np.ones(3, np.int32)
    octets, num_bytes = files.format(
        payload, np.array([7, 5, -1], np.int32), one, one, 100 * one
    )
    assert num_bytes.numpy().tolist() == [30, 30, 25]
    np.testing.assert_array_equal(octets[0], octets[1])


def test_no_files(files):
    found = files.parse(np.zeros((0, 9), np.uint8), np.zeros(0, np.int32))
    assert found.status.shape == (0,)
    assert files.latents(np.zeros((0, 9), np.uint8), *found[3:5]).shape[0] == 0
    files.graph.check(found.status, found.numbers)
    octets, num_bytes = files.format(
        np.zeros((0, 9), np.uint8), *[np.zeros(0, np.int32)] * 4
    )
    assert octets.shape[0] == num_bytes.shape[0] == 0


def test_format_refuses_what_a_container_refuses(files):
    good = (9, 8, 5000)
    cases = [
        good,
        (0, 8, 5000),
        (9, -1, 5000),
        (1 << 24, 1, 5000),
        (1, 1 << 24, 5000),
        (2**31 - 1, 2**31 - 1, 5000),
        ((1 << 20) + 1, 1 << 20, 5000),
        (9, 8, 99),
        (9, 8, 10001),
    ]
    payload = np.full((len(cases), 4), 7, np.uint8)
    columns = np.array(cases, np.int32).T
    octets, num_bytes = files.format(
        payload, np.full(len(cases), 4, np.int32), *columns
    )
    assert num_bytes.numpy().tolist() == [29] + [0] * (len(cases) - 1)
    assert not octets[1:].numpy().any()


class Lite(tf.Module):
    """Signatures for the converter."""

    def __init__(self):
        super().__init__()
        self.graph = ContainerGraph(65535, HASH)
        octets = tf.TensorSpec([None, None], tf.uint8)
        vector = tf.TensorSpec([None], tf.int32)
        self.parse = tf.function(self._parse, [octets, vector])
        self.format = tf.function(self._format, [octets] + [vector] * 4)

    def _parse(self, octets, num_bytes):
        found = self.graph.parse(octets, num_bytes)
        latents = self.graph.latents(octets, found.begin, found.length)
        return {**found._asdict(), "latents": latents}

    def _format(self, payload, num_bytes, width, height, hundredths):
        octets, num_bytes = self.graph.format(
            payload, num_bytes, width, height, hundredths
        )
        return {"octets": octets, "num_bytes": num_bytes}


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_tflite_has_the_same_results(tmp_path, octet_matrix):
    module = Lite()
    signatures = {
        "parse": module.parse.get_concrete_function(),
        "format": module.format.get_concrete_function(),
    }
    tf.saved_model.save(module, str(tmp_path), signatures=signatures)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    lite = {k: interpreter.get_signature_runner(k) for k in signatures}

    rng = np.random.default_rng(3)
    datas = [pack(draw_container(rng, 90, ancillary=n)) for n in (0, 1, 5)]
    datas.append(pack(Container(65535, HASH, 60, 50, 70.5, rng.bytes(700))))
    first = datas[-1]
    datas += [first[:n] for n in range(0, 800, 9)]
    datas += [first[:n] + b"?" + first[n + 1 :] for n in range(60)]
    datas += [first + b"more", first * 2, b"\x89PNG1234", first[:30] + b"\xff"]
    for batch in (datas, datas[:1], [b""], [first]):
        octets, num_bytes = octet_matrix(batch)
        arguments = {"octets": octets, "num_bytes": num_bytes}
        found, expected = lite["parse"](**arguments), module.parse(**arguments)
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value, key)
    assert found["latents"].tobytes() == unpack(first).latents
    arguments = {
        "payload": found["latents"],
        "num_bytes": found["length"],
        **{k: found[k] for k in ("width", "height", "hundredths")},
    }
    found = lite["format"](**arguments)
    assert found["octets"][0, : found["num_bytes"][0]].tobytes() == first
