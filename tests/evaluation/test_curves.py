"""BD-rates against published ones, and what cutting to a range does."""

import json
import math
import pathlib

import numpy as np
import pytest

from tfcodec.evaluation.curves import bd_matrix
from tfcodec.evaluation.curves import bd_rate
from tfcodec.evaluation.curves import cut
from tfcodec.evaluation.curves import points
from tfcodec.evaluation.published import read_published

ROOT = pathlib.Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "results" / "published_kodak.json"


def line(rates, slope=6.0, offset=30.0):
    """A curve whose PSNR is linear in the logarithm of the rate."""
    return [{"bpp": r, "psnr": offset + slope * math.log2(r)} for r in rates]


def test_published_bd_rates():
    """The papers' own: ELIC against VTM 9.1, mbt2018-mean against BPG."""
    curves, _ = read_published(PUBLISHED)
    claims = json.loads(PUBLISHED.read_text())["bd_rate"]
    assert len(claims) == 2
    for claim in claims:
        rate = bd_rate(curves[claim["anchor"]], curves[claim["test"]])
        assert rate == pytest.approx(claim["percent"], abs=0.2)


def test_equal_and_halved_rates():
    anchor = line([0.1, 0.3, 0.7, 1.5])
    halved = [{**row, "bpp": row["bpp"] / 2} for row in anchor]
    assert bd_rate(anchor, anchor) == pytest.approx(0, abs=1e-9)
    assert bd_rate(anchor, halved) == pytest.approx(-50)
    assert bd_rate(halved, anchor) == pytest.approx(100)


def test_only_the_range_counts():
    """Half the rate below 0.5 bits per pixel, the same above."""
    anchor = line(np.geomspace(0.05, 4, 60))
    test = [
        {**row, "bpp": row["bpp"] / (2 if row["bpp"] < 0.5 else 1)}
        for row in anchor
    ]
    assert bd_rate(anchor, test, bpp_range=(0.6, 2)) == pytest.approx(0)
    low = bd_rate(anchor, test, bpp_range=(0.05, 0.24))
    assert low == pytest.approx(-50)
    assert -50 < bd_rate(anchor, test) < 0


@pytest.mark.parametrize("count", [4, 9, 40])
def test_number_and_reach_of_points_do_not_matter(count):
    anchor = line(np.geomspace(0.1, 1.2, 12))
    test = line(np.geomspace(0.01, 20, count), offset=31)
    expected = 100 * (2 ** (-1 / 6) - 1)
    rate = bd_rate(anchor, test, bpp_range=(0.1, 1.2))
    assert rate == pytest.approx(expected, abs=1e-6)


def test_cut_puts_points_at_the_ends():
    rates, values = points(line([0.05, 0.2, 0.8, 3.2]), "psnr")
    new_rates, new_values = cut(rates, values, 0.1, 1.2)
    np.testing.assert_allclose(new_rates, [0.1, 0.2, 0.8, 1.2])
    np.testing.assert_allclose(new_values, 30 + 6 * np.log2(new_rates))
    new_rates, _ = cut(rates, values, 0.01, 100)
    np.testing.assert_array_equal(new_rates, rates)


def test_points_rise():
    rows = [
        {"bpp": 0.5, "psnr": 30},
        {"bpp": 0.2, "psnr": 25},
        {"bpp": 0.3, "psnr": 24},
        {"bpp": 0.9, "psnr": None},
    ]
    rates, values = points(rows, "psnr")
    assert rates.tolist() == [0.2, 0.5] and values.tolist() == [25, 30]


def test_nothing_in_common():
    low, high = line([0.1, 0.2, 0.3]), line([1.0, 2.0, 3.0])
    assert bd_rate(low, high) is None
    assert bd_rate(low, [], "psnr") is None
    assert bd_rate(low, low, "ms_ssim_db") is None
    assert bd_rate(low, high, bpp_range=(0.1, 0.3)) is None
    matrix = bd_matrix({"a": low, "b": high}, "psnr", (0.1, 3))
    assert matrix == {"a": {"b": None}, "b": {"a": None}}
