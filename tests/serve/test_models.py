"""Which SavedModels there are, and those that do not load."""

import shutil

import pytest

from tfcodec.errors import TfcodecError
from tfcodec.serve.models import Models
from tfcodec.serve.models import Servable
from tfcodec.serve.models import find_models
from tfcodec.serve.status import StatusError


@pytest.fixture
def empty(tmp_path):
    """A function that makes empty SavedModels."""

    def make(*paths):
        for path in paths:
            (tmp_path / path).mkdir(parents=True)
            (tmp_path / path / "saved_model.pb").touch()
        return tmp_path

    return make


def test_folder_of_models(empty):
    folder = empty("a/1", "a/12", "a/003", "b/7", "b/tmp", "c/x")
    (folder / "file").touch()
    found = find_models(folder)
    assert {name: list(found[name]) for name in found} == {
        "a": [1, 3, 12],
        "b": [7],
    }
    assert found["a"][3] == folder / "a" / "003"


def test_folder_of_one_model(empty):
    folder = empty("a/1", "a/2")
    assert find_models(folder / "a") == {
        "a": {1: folder / "a" / "1", 2: folder / "a" / "2"}
    }


def test_no_models(empty):
    folder = empty("a/1")
    with pytest.raises(TfcodecError, match="none: there is no such folder"):
        find_models(folder / "none")
    with pytest.raises(TfcodecError, match="name it by its number"):
        find_models(folder / "a" / "1")
    (folder / "empty").mkdir()
    with pytest.raises(TfcodecError, match="empty: no <model>/<version>/"):
        find_models(folder / "empty")


def test_broken_models(empty, model_folder, tmp_path):
    folder = empty("a/1") / "a" / "1"
    with pytest.raises(TfcodecError, match="1: does not load: .* tag 'serve'"):
        Servable("a", 1, folder)
    (folder / "saved_model.pb").write_bytes(b"\xff" * 100)
    with pytest.raises(TfcodecError, match=f"{folder}: does not load: "):
        Servable("a", 1, folder)
    copy = tmp_path / "b" / "1"
    shutil.copytree(model_folder / "png" / "1", copy)
    shutil.rmtree(copy / "variables")
    with pytest.raises(TfcodecError, match=f"{copy}: does not load: "):
        Servable("b", 1, copy)


def test_labels(models):
    assert models.find("png").version == 3
    assert models.find("png", label="stable").version == 1
    assert models.versions("png", label="stable") == [1]
    with pytest.raises(StatusError, match="label: new"):
        models.versions("png", label="new")
    with pytest.raises(TfcodecError, match="label new: there is no version 2"):
        Models(models, {("png", "new"): 2})
