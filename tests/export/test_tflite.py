"""LiteRT files: the same `.tfc` files as `Codec`, and statuses for bad ones."""

import dataclasses
import pathlib

import numpy as np
import pytest

from tfcodec.bitstream import Container
from tfcodec.bitstream import pack
from tfcodec.bitstream import unpack
from tfcodec.export.graph.container_status import ContainerStatus
from tfcodec.export.graph.rans_status import Status
from tfcodec.export.lite import tflite
from tfcodec.export.lite import tflite_file
from tfcodec.export.lite import tflite_quantize
from tfcodec.export.lite.tflite_quantize import MODES
from tfcodec.export.lite.tflite_steps import ImageStatus

SIZES = [(1, 1), (16, 16), (17, 63), (65, 40), (130, 5)]


@pytest.fixture(scope="module")
def codec(photo_codec):
    return photo_codec


@pytest.fixture(scope="module")
def files(photo_files):
    return photo_files


@pytest.fixture(scope="module")
def lite(files, open_tflite):
    return open_tflite(files["none"])


def symbols(codec, data):
    z, residual = codec.decode_symbols(unpack(data))
    return z[0].astype(int), residual[0].astype(int)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("quality", [1.0, 33.37, 100.0])
def test_both_ways_with_the_codec(codec, lite, photograph, size, quality):
    image = photograph[: size[0], : size[1]]
    data = codec.compress(image, quality)
    compressed = np.frombuffer(data, np.uint8)
    found = lite("decompress", compressed=compressed)
    assert found["status"] == 0
    expected = codec.decompress(data).astype(int)
    assert found["pixels"].shape == expected.shape
    assert np.abs(found["pixels"] - expected).max() <= 1

    coded = lite("entropy_decode", compressed=compressed)
    for name, value in zip(
        ("z", "residual"), symbols(codec, data), strict=True
    ):
        np.testing.assert_array_equal(coded[name], value)
    assert (coded["height"], coded["width"]) == size
    assert coded["quality"] == round(100 * quality)

    hundredths = np.int32(round(100 * quality))
    found = lite("compress", pixels=image, quality=hundredths)
    assert found["status"] == 0
    own = found["compressed"].tobytes()
    # A mean that differs in its last bit may round the other way.
    for one, other in zip(
        symbols(codec, own), symbols(codec, data), strict=True
    ):
        assert (one != other).mean() < 0.01
    found = lite("decompress", compressed=np.frombuffer(own, np.uint8))
    expected = codec.decompress(own).astype(int)
    assert np.abs(found["pixels"] - expected).max() <= 1


def test_the_parts_make_the_whole(lite, photograph):
    image = photograph[:50, :70]
    whole = lite("compress", pixels=image, quality=np.int32(5000))
    parts = lite("analysis", pixels=image, quality=np.int32(5000))
    assert parts.pop("status") == 0
    sizes = {"height": np.int32(50), "width": np.int32(70)}
    file = lite("entropy_encode", quality=np.int32(5000), **sizes, **parts)
    assert file["status"] == 0
    np.testing.assert_array_equal(file["compressed"], whole["compressed"])
    image = lite("decompress", compressed=file["compressed"])["pixels"]
    blocks = lite("synthesis", quality=np.int32(5000), **parts)
    assert blocks["status"] == 0
    assert blocks["pixels"].shape == (64, 80, 3)
    np.testing.assert_array_equal(blocks["pixels"][:50, :70], image)


def test_damaged_files_get_a_status_and_nothing_else(codec, lite, photograph):
    data = codec.compress(photograph[:40, :40], 30.0)
    container = unpack(data)
    wrong = [data[:n] for n in range(0, len(data), 5)]
    wrong += [b"\x89PNG\r\n\x1a\n" + bytes(40), data + b"\0"]
    for place in range(0, len(container.latents), 7):
        payload = bytearray(container.latents)
        payload[place] ^= 0x55
        wrong.append(
            pack(dataclasses.replace(container, latents=bytes(payload)))
        )
    other = 0
    for file in wrong:
        found = lite("decompress", compressed=np.frombuffer(file, np.uint8))
        if found["status"] == 0:  # A symbol for another, in a sound payload.
            expected = codec.decompress(file).astype(int)
            assert np.abs(found["pixels"] - expected).max() <= 1
            other += 1
            continue
        assert found["pixels"].shape == (1, 1, 3)
        assert not found["pixels"].any()
        assert found["status"] in {*ContainerStatus, *Status, *ImageStatus}
        with pytest.raises(ValueError):
            codec.decompress(file)
    assert other < len(wrong) / 4


@pytest.mark.parametrize(
    "change, status",
    [
        ({"model_hash": b"\0\0\0\0"}, ContainerStatus.OTHER_TABLES),
        ({"width": 5001}, ContainerStatus.PIXELS),
        ({"latents": b""}, Status.EMPTY),
    ],
)
def test_statuses_have_their_numbers(codec, lite, photograph, change, status):
    container = unpack(codec.compress(photograph[:40, :40]))
    file = np.frombuffer(
        pack(dataclasses.replace(container, **change)), np.uint8
    )
    for name in ("decompress", "entropy_decode"):
        found = lite(name, compressed=file)
        assert found.pop("status") == status
        assert all(not x.any() for x in found.values())


@pytest.mark.parametrize(
    "shape, quality, status",
    [
        ((0, 5, 3), 5000, ContainerStatus.ZERO_SIZE),
        ((500, 401, 3), 5000, ContainerStatus.PIXELS),
        ((5, 5, 3), 99, ContainerStatus.QUALITY),
        ((5, 5, 3), 10001, ContainerStatus.QUALITY),
    ],
)
def test_wrong_pictures_get_a_status(lite, shape, quality, status):
    arguments = {
        "pixels": np.zeros(shape, np.uint8),
        "quality": np.int32(quality),
    }
    for name in ("compress", "analysis"):
        found = lite(name, **arguments)
        assert found.pop("status") == status
        assert all(not x.any() for x in found.values())


def test_wrong_tensors_get_a_status(lite, photograph):
    parts = lite(
        "analysis", pixels=photograph[:40, :40], quality=np.int32(5000)
    )
    del parts["status"]
    sizes = {"height": np.int32(40), "width": np.int32(40)}
    arguments = {**parts, **sizes, "quality": np.int32(5000)}
    large = {**arguments, "z": parts["z"] + 1000}
    beyond = {**arguments, "residual": parts["residual"] + 100_000}
    for wrong, status in (
        ({**arguments, "height": np.int32(60)}, ImageStatus.GRID),
        (large, ImageStatus.HYPER_LATENT),
        (beyond, Status.VALUES),
    ):
        found = lite("entropy_encode", **wrong)
        assert found["status"] == status
        assert not found["compressed"].any()


@pytest.mark.parametrize("mode", MODES)
def test_parsing_is_exact_in_every_form(codec, files, open_tflite, mode):
    """Files of any hyper-latents: a wrong index ruins all that follows."""
    lite = open_tflite(files[mode])
    rng = np.random.default_rng(5)
    network, channels = codec.coding.network, codec.first_channels()
    from tfcodec.coding import encode
    from tfcodec.image_encoder import first_rows

    indexes_seen = set()
    for trial in range(200):
        limit = (1, 4, 30, 128)[trial % 4]
        z = rng.integers(-limit, limit, (2, 1, channels), endpoint=True)
        hundredths = int(rng.integers(100, 10001))
        indexes = network(z, hundredths, 5, 3)
        indexes_seen.update(indexes.ravel())
        residual = np.zeros(indexes.size, int)
        rows = channels + indexes.ravel()
        coded = codec.coding.tables.size[rows] > 1
        residual[coded] = rng.integers(-2, 3, coded.sum())
        residual[~coded] = codec.coding.tables.offset[rows[~coded]]
        payload = encode(
            [(z.ravel(), first_rows((2, 1), channels)), (residual, rows)],
            codec.coding.tables,
        )
        file = Container(
            codec.identifier,
            codec.coding.model_hash,
            48,
            80,
            hundredths / 100,
            payload,
        )
        compressed = np.frombuffer(pack(file), np.uint8)
        found = lite("entropy_decode", compressed=compressed)
        assert found["status"] == 0
        np.testing.assert_array_equal(found["z"], z)
        np.testing.assert_array_equal(found["residual"].ravel(), residual)
    assert len(indexes_seen) > 10


def test_forms_are_smaller_and_say_what_they_are(codec, files):
    sizes = {mode: len(data) for mode, data in files.items()}
    assert sizes["dynamic"] < sizes["float16"] < sizes["none"]
    for mode, data in files.items():
        facts = tflite_file.read_metadata(data)
        assert facts["quantize"] == mode
        assert facts["model_hash"] == codec.coding.model_hash.hex()
        assert facts["license"] == "Apache-2.0"
    with pytest.raises(ValueError, match="not a TFLite file"):
        tflite_file.read_metadata(b"nothing of that kind")


def test_eight_bits_are_not_for_means(codec, files, monkeypatch):
    """Nor for the linear transforms: most of the loss would come from them."""
    monkeypatch.setattr(tflite_quantize, "_MIN_SIZE", 1)
    model = tflite_file.read(files["none"])
    exact = tflite_quantize.exact_weights(codec.coding.network)
    precise = tflite._precise_weights(codec.model)
    tflite_quantize.quantize(model, "dynamic", exact, precise)
    there = {
        bytes(bytearray(buffer.data))
        for buffer in model.buffers
        if buffer.data is not None
    }
    assert len(precise) == 2 + 4 + 5 + 3 * 7
    for kernel in precise:
        stored = np.moveaxis(kernel, -1, 0).astype(np.float16)
        assert np.ascontiguousarray(stored).tobytes() in there
    kinds = {tensor.type for g in model.subgraphs for tensor in g.tensors}
    assert tflite_quantize.schema.TensorType.INT8 in kinds


@pytest.mark.parametrize("mode", ["float16", "dynamic"])
def test_smaller_forms_show_nearly_the_same(
    codec, files, open_tflite, photograph, mode
):
    lite = open_tflite(files[mode])
    data = codec.compress(photograph[:64, :64], 50.0)
    found = lite("decompress", compressed=np.frombuffer(data, np.uint8))
    expected = codec.decompress(data).astype(int)
    error = np.abs(found["pixels"] - expected)
    assert error.mean() < (0.5 if mode == "float16" else 8)


def test_the_example_runs(codec, files, photograph, tmp_path):
    import runpy

    from PIL import Image

    path = tmp_path / "model.tflite"
    path.write_bytes(files["none"])
    Image.fromarray(photograph[:40, :60]).save(tmp_path / "picture.png")
    example = pathlib.Path(__file__).parents[2] / "examples/litert.py"
    main = runpy.run_path(str(example))["main"]
    main(str(path), tmp_path / "picture.png", "70")
    data = (tmp_path / "picture.tfc").read_bytes()
    assert unpack(data).quality == 70.0
    with Image.open(tmp_path / "picture.decoded.png") as decoded:
        found = np.array(decoded)
    expected = codec.decompress(data).astype(int)
    assert np.abs(found - expected).max() <= 1
    with pytest.raises(SystemExit, match="status 115"):
        main(str(path), tmp_path / "picture.png", "0")
