"""A folder of small pictures, and one small evaluation of it."""

import pytest
from PIL import Image

QUALITIES = (10.0, 50.0, 90.0)


@pytest.fixture(scope="session")
def folder(tmp_path_factory, photograph):
    """Two PNGs: one just large enough for MS-SSIM, one smaller."""
    folder = tmp_path_factory.mktemp("pictures")
    Image.fromarray(photograph[100:264, 200:368]).save(folder / "a <b>.png")
    Image.fromarray(photograph[:48, :80]).save(folder / "small.png")
    return folder


@pytest.fixture
def settings(tiny_preset, tmp_path):
    """Arguments of `evaluate_folder` for a quick evaluation."""
    return {
        "presets": (str(tiny_preset),),
        "qualities": QUALITIES,
        "against": ("jpeg", "avif:speed=10"),
        "bpp_range": (0.1, 4.0),
        "output": str(tmp_path / "out"),
        "slider_bpp": 2.0,
    }


@pytest.fixture(scope="session")
def evaluated(folder, tiny_preset, tmp_path_factory):
    """`(output folder, results)` of an evaluation with published curves."""
    from tfcodec.evaluation import evaluate_folder

    output = tmp_path_factory.mktemp("evaluated")
    published = output / "published.json"
    published.write_text(
        '{"codecs": {"paper": {"bpp": [0.2, 0.9, 3], "psnr_rgb": [24, 29, 36],'
        ' "source": "a <paper>"}}}'
    )
    results = evaluate_folder(
        folder,
        presets=(str(tiny_preset),),
        qualities=QUALITIES,
        against=("jpeg", "avif:speed=10"),
        bpp_range=(0.1, 4.0),
        output=str(output),
        published=str(published),
        slider_bpp=2.0,
    )
    return output, results
