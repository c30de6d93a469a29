"""The tables check themselves, and `quantize_pmf` is optimal."""

import dataclasses
import hashlib
import itertools

import numpy as np
import pytest

from tfcodec.coding import CdfTables
from tfcodec.coding import code_length
from tfcodec.coding import quantize_pmf
from tfcodec.coding.tables import ESCAPE

GOOD = {
    "cdf": [[0, 1, 4096], [0, 4096, 4096]],
    "size": [2, 1],
    "offset": [0] * 2,
}


@pytest.mark.parametrize(
    "change, match",
    [
        ({"cdf": [[1, 2, 4096], [0, 4096, 4096]]}, "from 0 to 4096"),
        ({"cdf": [[0, 1, 4095], [0, 4096, 4096]]}, "from 0 to 4096"),
        ({"cdf": [[0, 0, 4096], [0, 4096, 4096]]}, "increase strictly"),
        ({"cdf": [[0, 5000, 4096], [0, 4096, 4096]]}, "increase strictly"),
        ({"cdf": [[0, 1, 4096], [0, 4095, 4096]]}, "stay there"),
        ({"cdf": [0, 4096]}, "rank 2"),
        ({"cdf": [[0.0, 1, 4096], [0, 4096, 4096]]}, "integer"),
        ({"cdf": np.zeros((0, 3), int)}, "at least one row"),
        ({"cdf": [[0], [0]]}, "2 to 4097 columns"),
        ({"size": [2]}, "one entry per row"),
        ({"offset": [0, 0, 0]}, "one entry per row"),
        ({"size": [2, 0]}, "`size` must be in"),
        ({"size": [2, 3]}, "`size` must be in"),
        ({"size": [1, 1]}, "increase strictly"),
        ({"size": [2, 2]}, "increase strictly"),
        ({"offset": [0, -32769]}, "fit in int16"),
        ({"offset": [32768, 0]}, "fit in int16"),
        ({"offset": [2**31, 0]}, "fit in int32"),
    ],
)
def test_tables_reject(change, match):
    CdfTables(**GOOD)
    with pytest.raises(ValueError, match=match):
        CdfTables(**(GOOD | change))


def test_last_value_must_fit_in_int16():
    cdf = [0, 1, 2, 4096]
    assert CdfTables.from_rows([cdf], [32766]).offset[0] == 32766
    with pytest.raises(ValueError, match="int16"):
        CdfTables.from_rows([cdf], [32767])


def test_tables_are_immutable():
    cdf = np.array(GOOD["cdf"], np.int32)
    tables = CdfTables(cdf, GOOD["size"], GOOD["offset"])
    cdf[0, 1] = 77
    assert tables.cdf[0, 1] == 1
    with pytest.raises(ValueError, match="read-only"):
        tables.cdf[0, 1] = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        tables.size = tables.offset


def test_from_rows_pads():
    tables = CdfTables.from_rows([[0, 4096], [0, 9, 10, 4096]], [3, -1])
    np.testing.assert_array_equal(
        tables.cdf, [[0, 4096, 4096, 4096], [0, 9, 10, 4096]]
    )
    np.testing.assert_array_equal(tables.size, [1, 3])
    assert tables.cdf.dtype == tables.size.dtype == tables.offset.dtype == "i4"


def test_digest_is_what_the_format_says_and_sees_every_entry():
    tables = CdfTables(**GOOD)
    numbers = [12, 2, 3, 0, 1, 4096, 0, 4096, 4096, 2, 1, 0, 0]
    data = b"".join(n.to_bytes(4, "little") for n in numbers)
    assert tables.digest() == hashlib.sha256(data).digest()
    writer = CdfTables(**GOOD, bits_per_lane=100)
    assert writer.digest() == tables.digest()
    others = [
        CdfTables(**(GOOD | {"cdf": [[0, 2, 4096], [0, 4096, 4096]]})),
        CdfTables(**(GOOD | {"offset": [0, 1]})),
        CdfTables(**(GOOD | {"offset": [-1, 0]})),
    ]
    assert len({t.digest() for t in [tables, *others]}) == 4


def test_decode_tables_invert_the_cdf(mixed_tables):
    tables = mixed_tables
    for row in range(tables.num_tables):
        cdf, size = tables.cdf[row], tables.size[row]
        for slot in (0, 1, 999, 1000, 2048, 4094, 4095):
            symbol = np.flatnonzero(cdf <= slot)[-1]
            freq, bias = tables.decode_step[row * 4096 + slot]
            assert freq == cdf[symbol + 1] - cdf[symbol]
            assert bias == slot - cdf[symbol]
            escape = size > 1 and symbol == size - 1
            expected = ESCAPE if escape else symbol + tables.offset[row]
            assert tables.decode_value[row * 4096 + slot] == expected


def test_code_length(mixed_tables):
    # 1000/4096, 2000/4096, escape 96/4096 + 16, skip, 4095/4096, escape.
    values = [-1, 0, 2, 7, 5, 6]
    rows = [0, 0, 0, 1, 2, 2]
    expected = (
        np.log2(4096 / np.array([1000, 2000, 96, 4095, 1])).sum() + 2 * 16
    )
    assert code_length(values, rows, mixed_tables) == pytest.approx(
        expected, abs=1e-6
    )
    assert code_length([], [], mixed_tables) == 0.0


def expected_bits(pmf, cdf):
    freq = np.diff(cdf).astype(float)
    return -(np.asarray(pmf) * np.log2(freq / freq.sum())).sum()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_quantize_pmf_beats_brute_force(n, seed):
    rng = np.random.default_rng(seed)
    pmf = rng.dirichlet(np.full(n, 0.4))
    total = 1 << 4
    best = min(
        expected_bits(pmf, np.concatenate([[0], np.cumsum(freq)]))
        for freq in itertools.product(range(1, total + 1), repeat=n)
        if sum(freq) == total
    )
    cdf = quantize_pmf(pmf, precision=4)
    assert expected_bits(pmf, cdf) == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 17, 300, 4095, 4096])
def test_quantize_pmf_properties(n):
    rng = np.random.default_rng(n)
    pmf = rng.gamma(0.3, size=n)
    pmf[:: max(n // 3, 2)] += 1e-9
    cdf = quantize_pmf(pmf)
    assert cdf.dtype == np.int32 and cdf.shape == (n + 1,)
    assert cdf[0] == 0 and cdf[-1] == 4096 and (np.diff(cdf) >= 1).all()
    np.testing.assert_array_equal(cdf, quantize_pmf(pmf.copy()))
    # No single unit can move to a better place.
    freq = np.diff(cdf).astype(float)
    gain = pmf * np.log2((freq + 1) / freq)
    rich = freq > 1
    if rich.any():
        loss = pmf[rich] * np.log2(freq[rich] / (freq[rich] - 1))
        assert gain.max() <= loss.min() * (1 + 1e-9)


def test_quantize_pmf_exact_cases():
    np.testing.assert_array_equal(quantize_pmf([0.3]), [0, 4096])
    np.testing.assert_array_equal(
        np.diff(quantize_pmf([0.5, 0.25, 0.125, 0.125])),
        [2048, 1024, 512, 512],
    )
    np.testing.assert_array_equal(
        np.diff(quantize_pmf([0, 1, 0])), [1, 4094, 1]
    )
    # Equal gains go to the lower symbols first.
    np.testing.assert_array_equal(
        np.diff(quantize_pmf(np.ones(3))), [1366, 1365, 1365]
    )
    # The sum does not matter.
    np.testing.assert_array_equal(
        quantize_pmf([1e-300, 3e-300]), quantize_pmf([1.0, 3.0])
    )


@pytest.mark.parametrize(
    "pmf", [[], [[0.5, 0.5]], [0, 0], [0.5, -0.1], [np.nan, 1], [np.inf, 1]]
)
def test_quantize_pmf_rejects(pmf):
    with pytest.raises(ValueError, match="`pmf` must be"):
        quantize_pmf(pmf)


def test_quantize_pmf_rejects_too_many_symbols():
    with pytest.raises(ValueError, match="1 to 4096 entries"):
        quantize_pmf(np.ones(4097))
