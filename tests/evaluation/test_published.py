"""Files of published curves."""

import json

import pytest

from tfcodec.errors import TfcodecError
from tfcodec.evaluation.published import read_published


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "published.json"
        path.write_text(
            content if isinstance(content, str) else json.dumps(content)
        )
        return path

    return write


def test_curves(write):
    path = write(
        {
            "codecs": {
                "x": {
                    "bpp": [1, 0.5],
                    "psnr_rgb": [35, 30],
                    "ms_ssim": [0.99, 0.9],
                    "source": "paper",
                },
                "y": {"bpp": [1], "ms_ssim": [0.999]},
            }
        }
    )
    curves, sources = read_published(path)
    assert curves["x"] == [
        {"bpp": 0.5, "psnr": 30, "ms_ssim_db": pytest.approx(10)},
        {"bpp": 1, "psnr": 35, "ms_ssim_db": pytest.approx(20)},
    ]
    assert set(curves["y"][0]) == {"bpp", "ms_ssim_db"}
    assert sources == {"x": "paper", "y": ""}
    assert list(read_published(path, ["y"])[0]) == ["y"]


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        {"curves": {}},
        {"codecs": {"x": {"bpp": [1]}}},
        {"codecs": {"x": {"bpp": [1, 2], "psnr_rgb": [30]}}},
        {"codecs": {"x": {"bpp": [1], "psnr_rgb": ["much"]}}},
        {"codecs": {"x": [1, 2]}},
    ],
)
def test_bad_files(write, content):
    with pytest.raises(TfcodecError, match="published.json"):
        read_published(write(content))


def test_names(write, tmp_path):
    curve = {"bpp": [1], "psnr_rgb": [30]}
    path = write({"codecs": {f"c{i}": curve for i in range(9)}})
    with pytest.raises(TfcodecError, match="9 curves.*--published-names"):
        read_published(path)
    with pytest.raises(TfcodecError, match="no curve 'x'. Curves: c0, c1"):
        read_published(path, ["c1", "x"])
    with pytest.raises(TfcodecError, match="none.json: No such file"):
        read_published(tmp_path / "none.json")
