"""The container in a graph, beside the code that it must agree with."""

import re
import types
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf

from tfcodec import file_codec
from tfcodec.codec import Codec
from tfcodec.errors import BitstreamError
from tfcodec.export.graph.container_graph import ContainerGraph
from tfcodec.export.graph.container_status import ContainerStatus


class _ReadError(Exception):
    """Nothing is wrong; with the container."""


class _Reader:
    """What `Codec` does with a file before it decodes the symbols."""

    decompress = Codec.decompress
    require_coding = Codec.require_coding
    _check_preset = Codec._check_preset

    def __init__(self, identifier, model_hash):
        self.identifier = identifier
        self.coding = types.SimpleNamespace(model_hash=model_hash)

    def decode_symbols(self, container):
        raise _ReadError(container)


class Files:
    """A graph's container, traced once, and the verdicts of the reference."""

    def __init__(self, octet_matrix, identifier, model_hash, max_pixels):
        self.octet_matrix = octet_matrix
        self.max_pixels = max_pixels
        self.reader = _Reader(identifier, model_hash)
        self.graph = ContainerGraph(identifier, model_hash, max_pixels)
        octets = tf.TensorSpec([None, None], tf.uint8)
        vector = tf.TensorSpec([None], tf.int32)
        matrix = tf.TensorSpec([None, 4], tf.int32)
        self.parse = tf.function(self.graph.parse, [octets, vector])
        self.latents = tf.function(self.graph.latents, [octets] + [vector] * 2)
        self.format = tf.function(self.graph.format, [octets] + [vector] * 4)
        self.raise_status = tf.function(self._raise, [vector, matrix])
        self._sentences = {}

    def _raise(self, status, numbers):
        self.graph.check(status, numbers)

    def check(self, files):
        """The graph's verdicts, which must be the reference's.

        Returns:
            For each file its width, height, hundredths and latents, or its
            sentence.
        """
        octets, num_bytes = self.octet_matrix(files)
        found = self.parse(octets, num_bytes)
        latents = self.latents(octets, found.begin, found.length).numpy()
        contents = np.stack(found[:5], axis=1)
        status, numbers = found.status.numpy(), found.numbers.numpy()
        assert not contents[status > 0].any()
        verdicts = []
        for i, data in enumerate(files):
            if status[i]:
                verdict = self._sentence(status[i], numbers[i])
            else:
                *header, _, length = contents[i].tolist()
                payload = latents[i, :length].tobytes()
                verdict = (*header, payload)
            assert verdict == self._expected(data), (i, data[:100].hex())
            verdicts.append(verdict)
        return verdicts

    def _expected(self, data):
        # The graphs ignore what goes beside the picture.
        beside = mock.patch.object(file_codec, "known_sections", lambda _: {})
        try:
            with beside:
                self.reader.decompress(data, self.max_pixels)
        except BitstreamError as error:
            return str(error)
        except _ReadError as fine:
            (container,) = fine.args
            hundredths = round(container.quality * 100)
            size = (container.width, container.height)
            return (*size, hundredths, container.latents)

    def _sentence(self, status, numbers):
        key = (ContainerStatus(status), *numbers)
        if key not in self._sentences:
            with pytest.raises(tf.errors.InvalidArgumentError) as caught:
                self.raise_status(
                    np.stack([0, status]).astype(np.int32),
                    np.stack([0 * numbers, numbers]),
                )
            message = caught.value.message.replace("\\'", "'")
            found = re.search(r"Image 1: (.*?\.)\]", message)
            self._sentences[key] = found[1]
        return self._sentences[key]


@pytest.fixture(scope="session")
def make_files(octet_matrix):
    """`Files` of an identifier, a model hash and the most pixels."""
    return lambda *arguments: Files(octet_matrix, *arguments)
