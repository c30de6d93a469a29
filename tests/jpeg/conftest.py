"""A network without a say, so that tests need not the trained one."""

import numpy as np
import pytest

from tfcodec.jpeg.tables import QUALITIES
from tfcodec.jpeg.tables import TableNetwork


@pytest.fixture(scope="session")
def flat():
    """A `TableNetwork` of the tables that high rates would have."""
    log_steps = np.linspace(7.5, 1, len(QUALITIES))
    return TableNetwork({"fixed": np.zeros((4, 192)), "log_steps": log_steps})


@pytest.fixture(scope="session")
def small(photograph):
    """uint8 `(90, 125, 3)`: sides that fill up no block."""
    return photograph[60:150, 150:275]
