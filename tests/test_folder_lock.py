"""One run at a time in an output folder."""

import pytest

from tfcodec.errors import TfcodecError
from tfcodec.evaluation.store import Store
from tfcodec.folder_lock import only_run

fcntl = pytest.importorskip("fcntl")


def test_second_run_is_kept_out_until_the_first_ends(tmp_path):
    folder = tmp_path / "new" / "folder"
    with only_run(folder):
        with pytest.raises(TfcodecError, match="Another run .*folder"):
            with only_run(folder):
                pass
    with only_run(folder):
        pass


def test_evaluation_store_is_one_runs_alone(tmp_path):
    row = {"sha256": "a", "fingerprint": "b", "quality": 1.0}
    first = Store(tmp_path)
    first.add(row)
    with pytest.raises(TfcodecError, match="Another run"):
        Store(tmp_path, fresh=True)  # and has not emptied it
    first.close()
    second = Store(tmp_path)
    assert second.get("a", "b", 1) == row
    second.close()
