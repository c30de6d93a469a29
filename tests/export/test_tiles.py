"""Pictures in tiles: `examples/litert_tiles.py` and what it calls."""

import pathlib
import runpy

import numpy as np
import pytest
from PIL import Image

from tfcodec.bitstream import unpack
from tfcodec.export.graph.container_status import ContainerStatus
from tfcodec.export.lite.tflite_steps import ImageStatus

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples/litert_tiles.py"
TILE = (64, 128)
QUALITY = np.int32(5000)


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(EXAMPLE))


@pytest.fixture(scope="module")
def model_path(photo_files, tmp_path_factory):
    """A file for any size."""
    path = tmp_path_factory.mktemp("any") / "any.tflite"
    path.write_bytes(photo_files["none"])
    return path


@pytest.fixture(scope="module")
def tile_path(photo_codec, to_tflite, tmp_path_factory):
    """A file for one size, `TILE`."""
    files = to_tflite(photo_codec, TILE, 200_000, ["none"])
    path = tmp_path_factory.mktemp("one") / "one.tflite"
    path.write_bytes(files["none"])
    return path


@pytest.fixture(scope="module")
def whole(photo_files, open_tflite):
    return open_tflite(photo_files["none"])


@pytest.fixture(scope="module")
def one(tile_path, open_tflite):
    return open_tflite(tile_path.read_bytes())


@pytest.mark.parametrize("length", [*range(1, 200), 1000, 1023])
@pytest.mark.parametrize("size, margin", [(28, 12), (64, 12), (16, 0)])
def test_spans_cover_an_axis_once(example, length, size, margin):
    count = np.zeros(length, int)
    for start, first, last, stop in example["spans"](length, size, margin):
        assert start % 4 == first % 4 == 0
        assert 0 <= start <= first < last <= stop <= start + size
        assert first - start >= margin or first == 0
        assert stop - last >= margin or last == length
        assert last % 4 == 0 or last == length
        count[first:last] += 1
    assert (count == 1).all()


def test_margins_leave_no_seam(example, model_path, whole, photograph):
    """All symbols and pixels are those of one run for the whole picture."""
    model = example["Model"](model_path, 1)
    data = example["compress"](model, photograph, 5000, 448, 192)
    expected = whole("compress", pixels=photograph, quality=QUALITY)
    assert data == expected["compressed"].tobytes()
    found = example["decompress"](model, data, 448, 192)
    expected = whole("decompress", compressed=np.frombuffer(data, np.uint8))
    np.testing.assert_array_equal(found, expected["pixels"])
    # It was not one tile, and the margin is what does it.
    tiles = example["Tiles"](model, *photograph.shape[:2], 448, 192)
    assert len(list(tiles)) == 2
    found = example["decompress"](model, data, 256, 0)
    assert (found != expected["pixels"]).any()


@pytest.mark.slow
@pytest.mark.parametrize("margin", [0, 64])
def test_files_of_tiles_are_ordinary_ones(
    example, model_path, photo_codec, photograph, margin
):
    """Whatever the margin: its table rows are the file's."""
    model = example["Model"](model_path, 1)
    image = photograph[:200, :277]
    data = example["compress"](model, image, 4000, 192, margin)
    expected = photo_codec.decompress(data).astype(int)
    assert expected.shape == image.shape
    found = example["decompress"](model, data, 1024, 192)
    assert np.abs(found - expected).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("size", [(64, 128), (40, 100), (1, 65), (17, 16)])
def test_a_tile_of_one_size_ends_where_the_picture_does(
    example, tile_path, whole, photograph, size
):
    """Exactly: other decoders have zeros beyond the edge, in every layer."""
    model = example["Model"](tile_path, 1)
    image = photograph[: size[0], : size[1]]
    data = np.frombuffer(
        whole("compress", pixels=image, quality=QUALITY)["compressed"],
        np.uint8,
    )
    expected = whole("decompress", compressed=data)["pixels"]
    found = example["decompress"](model, data.tobytes(), 1024, 0)
    np.testing.assert_array_equal(found, expected)

    tiles = example["Tiles"](model, *size, 1024, 0)
    (tile,) = tiles
    coded = whole("entropy_decode", compressed=data)
    latents = whole("latents", pixels=image, quality=QUALITY)
    arguments = {"z": coded["z"], "quality": QUALITY}
    sizes = {"height": np.int32(size[0]), "width": np.int32(size[1])}
    indexes = whole("indexes", **arguments, **sizes)["indexes"]
    found = model(
        "residuals",
        y=tiles.cut(latents["y"], tile, 1),
        z=tiles.cut(coded["z"], tile, 1 / 4),
        indexes=tiles.cut(indexes, tile, 1),
        quality=QUALITY,
        **sizes,
    )["residual"]
    rows, columns = coded["residual"].shape[:2]
    np.testing.assert_array_equal(found[:rows, :columns], coded["residual"])


@pytest.mark.slow
def test_tiles_of_one_size_make_ordinary_files(
    example, tile_path, photo_codec, photograph
):
    model = example["Model"](tile_path, 1)
    image = photograph[:150, :277]
    data = example["compress"](model, image, 3000, 1024, 0)
    assert unpack(data).quality == 30.0
    assert photo_codec.decompress(data).shape == image.shape


def test_wrong_tensors_get_a_status(whole, photograph):
    image = photograph[:40, :70]
    coded = whole("latents", pixels=image, quality=QUALITY)
    assert coded.pop("status") == 0
    sizes = {"height": np.int32(40), "width": np.int32(70)}
    z = {"z": coded["z"]}
    found = whole("indexes", **z, **sizes, quality=QUALITY)
    assert found.pop("status") == 0
    residuals = {**coded, **found}
    bad = np.int32(99)
    for signature, arguments, status in (
        ("latents", {"pixels": image, "quality": bad}, ContainerStatus.QUALITY),
        ("indexes", {**z, **sizes, "quality": bad}, ContainerStatus.QUALITY),
        (
            "indexes",
            {**z, **sizes, "height": np.int32(200), "quality": QUALITY},
            ImageStatus.GRID,
        ),
        (
            "indexes",
            {"z": z["z"] + 1000, **sizes, "quality": QUALITY},
            ImageStatus.HYPER_LATENT,
        ),
        (
            "residuals",
            {**residuals, "y": coded["y"][1:], "quality": QUALITY},
            ImageStatus.GRID,
        ),
    ):
        found = whole(signature, **arguments)
        assert found.pop("status") == status
        assert all(not x.any() for x in found.values())


@pytest.mark.slow
def test_wrong_parts_of_a_tile_get_a_status(one):
    z, y = np.zeros((1, 2, 4), np.int32), np.zeros((4, 8, 6), np.int32)
    arguments = {"z": z, "residual": y, "width": np.int32(128)}
    for height in (0, 65):
        found = one(
            "synthesis_tile",
            **arguments,
            height=np.int32(height),
            quality=QUALITY,
        )
        assert found["status"] == ImageStatus.GRID
        assert not found["pixels"].any()


def test_the_command_line(example, model_path, photo_codec, tmp_path, capsys):
    picture, file, back = (tmp_path / name for name in ("a.png", "a.tfc", "b"))
    pixels = np.random.default_rng(0).integers(0, 256, (70, 200, 3), np.uint8)
    Image.fromarray(pixels).save(picture)
    back = back.with_suffix(".png")
    options = ["--tile", "128", "--margin", "0"]
    main = example["main"]
    main(["compress", str(model_path), str(picture), str(file), *options])
    main(["decompress", str(model_path), str(file), str(back)])
    expected = photo_codec.decompress(file.read_bytes()).astype(int)
    with Image.open(back) as found:
        assert np.abs(np.array(found) - expected).max() <= 1
    main(["check", str(model_path), str(picture), "--margins", "0"])
    assert (
        "| 0 | 1 | 0 | 0 | 0.00000 | 0 | 0.00000 |" in capsys.readouterr().out
    )
    for wrong, message in (
        (["--margin", "10"], "multiples of 64"),
        (["--tile", "128", "--margin", "64"], "smaller --margin"),
        (["--quality", "0"], "status 115"),
    ):
        with pytest.raises(SystemExit, match=message):
            main(["compress", str(model_path), str(picture), str(file), *wrong])
