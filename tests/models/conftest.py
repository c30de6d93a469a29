"""Pictures that the models' tests share."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def images():
    """Smooth pictures with some noise, uint8 `(2, 48, 80, 3)`."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:48, :80]
    waves = [
        127 + 60 * np.sin(rows / 7 + k) + 50 * np.cos(columns / (5 + k))
        for k in range(6)
    ]
    picture = np.stack(waves, -1).reshape(48, 80, 2, 3).transpose(2, 0, 1, 3)
    noisy = picture + rng.normal(0, 4, picture.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
