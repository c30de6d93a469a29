"""The bits that refinement counts are those of the coder."""

import numpy as np
import pytest

from tfcodec.coding import code_length
from tfcodec.refine.costs import BitCosts


@pytest.fixture(scope="module")
def tables(tiny_codec):
    return tiny_codec.coding.tables


@pytest.fixture(scope="module")
def costs(tables):
    return BitCosts(tables, 0, tables.num_tables)


def test_integers_cost_what_the_coder_says(tables, costs):
    rng = np.random.default_rng(3)
    rows = np.flatnonzero(tables.size > 1)
    rows = rng.choice(rows, 400)
    # Escapes too: most rows are narrower than this.
    values = rng.integers(-40, 41, 400)
    expected = code_length(values, rows, tables)
    ours = costs(rows.astype(np.int32), values.astype(np.float32), 0.0)
    assert np.sum(ours) == pytest.approx(expected, rel=1e-6)
    np.testing.assert_array_equal(costs.of_integers(rows, values), ours)


def test_far_values_are_escapes(tables, costs):
    row = tables.num_tables - 1
    far = costs(np.int32(row), np.float32(30000), 0.0)
    assert float(far) == pytest.approx(
        code_length(np.array([30000]), np.array([row]), tables), rel=1e-6
    )


def test_linear_between(costs, tables):
    row = np.int32(tables.num_tables - 20)
    low, high, middle = (
        float(costs(row, np.float32(3), np.float32(f))) for f in (0, 1, 0.25)
    )
    assert low < high
    assert middle == pytest.approx(0.75 * low + 0.25 * high)
    assert high == pytest.approx(float(costs(row, np.float32(4), 0.0)))


def test_skip_rows_cost_nothing(costs, tables):
    skipped = np.flatnonzero(tables.size == 1)
    assert skipped.size and not costs.bits[skipped].any()
