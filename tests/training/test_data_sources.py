"""Folders, packs and arrays: what is found, decoded, left out, refused."""

import numpy as np
import pytest
from PIL import Image

from tfcodec.training import data
from tfcodec.training.data.decode import decode_image


def photo(height, width, seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3))
    return noise.astype(np.uint8)


def save(path, image, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, **options)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "images"
    save(root / "b.png", photo(20, 30, 1))
    save(root / "a.webp", photo(24, 18, 2), lossless=True)
    save(root / "sub/deep/c.PNG", photo(16, 16, 3))
    save(root / ".thumbnails/d.png", photo(16, 16, 4))
    (root / "README.txt").write_text("no image")
    return root


def test_folder_is_sorted_recursive_and_exact(folder):
    images = data.open_source(f"folder:{folder}")
    assert images.names == ("a.webp", "b.png", "sub/deep/c.PNG")
    assert images.sizes.tolist() == [[24, 18], [20, 30], [16, 16]]
    for index, seed in enumerate((2, 1, 3)):
        expected = photo(*images.sizes[index], seed)
        np.testing.assert_array_equal(images.image(index), expected)
    assert data.open_source(folder).names == images.names


def test_cache_keeps_what_fits(folder):
    images = data.FolderImages(folder, cache_bytes=20 * 30 * 3)
    big, small, third = images.image(1), images.image(0), images.image(2)
    assert images.image(1) is big
    assert images.image(0) is not small
    assert images.image(2) is not third
    assert not big.flags.writeable


def test_bad_header_is_named_and_left_out(folder):
    (folder / "broken.png").write_bytes(b"not an image")
    with pytest.warns(UserWarning, match=r"broken\.png .*left out"):
        images = data.FolderImages(folder)
    assert "broken.png" not in images.names


def test_truncated_pixels_are_named(folder):
    path = folder / "b.png"
    path.write_bytes(path.read_bytes()[:-300])
    images = data.FolderImages(folder)
    for _ in range(2):
        with pytest.raises(OSError, match=r"Cannot read the image .*b\.png"):
            images.image(1)


def test_folder_of_broken_images_only(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no")
    with pytest.warns(UserWarning, match="x.png"):
        with pytest.raises(ValueError, match="No images .*1 unreadable"):
            data.FolderImages(tmp_path)


@pytest.mark.parametrize(
    ("spec", "kind", "message"),
    [
        ("folder:{0}/none", FileNotFoundError, "No such image folder"),
        ("{0}/none", FileNotFoundError, "No such image folder"),
        ("{0}", ValueError, "No images in the folder"),
        ("memory:{0}/none.npz", FileNotFoundError, "No such image pack"),
        ("ftp:somewhere", ValueError, "folder:, tfrecord:, tfds:, memory:"),
        ("memory", ValueError, "needs the arrays"),
        ("{0}/notes.txt", ValueError, "must be a directory"),
        ("{0}/notes.npz", ValueError, "Not an image pack"),
    ],
)
def test_clear_errors(tmp_path, spec, kind, message):
    for name in ("notes.txt", "notes.npz"):
        (tmp_path / name).write_text("nothing")
    with pytest.raises(kind, match=message):
        data.open_source(spec.format(tmp_path))


def test_pack_equals_folder(folder, tmp_path):
    broken = folder / "z.png"
    save(broken, photo(16, 16, 5))
    broken.write_bytes(broken.read_bytes()[:-300])
    pack = tmp_path / "pack.npz"
    with pytest.warns(UserWarning, match=r"z\.png"):
        assert data.pack_images(folder, pack) == 3
    packed, images = (
        data.open_source(f"memory:{pack}"),
        data.open_source(folder),
    )
    assert packed.names == images.names[:3]
    for index in range(3):
        np.testing.assert_array_equal(packed.image(index), images.image(index))
    with pytest.raises(ValueError, match="must end in .npz"):
        data.pack_images(folder, tmp_path / "pack.zip")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shapes": np.array([[2, 3]])}, "add up"),
        ({"shapes": np.array([[2, -2], [3, 2]])}, "positive"),
        ({"pixels": np.zeros(24)}, "flat uint8"),
        ({"names": np.array(["one"])}, "one entry per image"),
        ({"names": np.array([object()])}, "pickle"),
    ],
)
def test_damaged_pack(tmp_path, change, message):
    good = {
        "pixels": np.zeros(30, np.uint8),
        "shapes": np.array([[2, 2], [3, 2]]),
        "names": np.array(["a", "b"]),
    }
    path = tmp_path / "pack.npz"
    np.savez(path, **good)
    assert data.MemoryImages.load(path).image(1).shape == (3, 2, 3)
    np.savez(path, **{**good, **change})
    with pytest.raises(ValueError, match=f"Not an image pack.*{message}"):
        data.MemoryImages.load(path)


def test_npy_and_arrays(tmp_path):
    stack = np.stack([photo(10, 12, seed) for seed in range(3)])
    np.save(tmp_path / "stack.npy", stack)
    stored = data.open_source(tmp_path / "stack.npy")
    given = data.open_source(list(stack))
    assert stored.names == given.names == data.open_source(stack).names
    np.testing.assert_array_equal(stored.image(2), stack[2])
    for wrong in (stack / 255, stack[..., 0], [stack[0, 0]], [1, 2]):
        with pytest.raises(ValueError, match="must be uint8 arrays"):
            data.open_source(wrong)
    with pytest.raises(ValueError, match="must not be empty"):
        data.open_source([])


def test_unusual_modes_become_rgb(tmp_path):
    grey16 = np.full((4, 4), 0x8000, np.uint16)
    clear = np.zeros((4, 4, 4), np.uint8)
    cases = {
        "grey16.png": (Image.fromarray(grey16), 128),
        "clear.png": (Image.fromarray(clear), 255),
        "grey.png": (Image.new("L", (4, 4), 7), 7),
        "palette.gif": (Image.new("P", (4, 4), 0), 0),
        "cmyk.jpg": (Image.new("CMYK", (4, 4), (0, 0, 0, 255)), 0),
    }
    for name, (image, value) in cases.items():
        image.save(tmp_path / name)
        decoded = decode_image(tmp_path / name)
        assert decoded.shape == (4, 4, 3) and decoded.dtype == np.uint8
        assert (decoded == value).all(), name
