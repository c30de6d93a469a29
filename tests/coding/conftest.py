"""Tables that the coder's tests share."""

import math

import numpy as np
import pytest

from tfcodec.coding import CdfTables
from tfcodec.coding import quantize_pmf


def _gaussian(scale):
    """cdf and offset of a rounded normal; the escape gets the tails."""
    reach = max(1, math.ceil(4 * scale))
    edges = np.arange(-reach, reach + 2) - 0.5
    below = [0.5 * math.erfc(-edge / scale / math.sqrt(2)) for edge in edges]
    pmf = np.diff(below)
    return quantize_pmf(np.append(pmf, max(1 - pmf.sum(), 1e-6))), -reach


@pytest.fixture(scope="session")
def scales():
    return np.exp(np.linspace(math.log(0.15), math.log(60), 10))


@pytest.fixture(scope="session")
def gaussian_tables(scales):
    cdfs, offsets = zip(*map(_gaussian, scales), strict=True)
    return CdfTables.from_rows(cdfs, offsets, bits_per_lane=3000)
