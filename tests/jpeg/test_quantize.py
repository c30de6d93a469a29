"""Levels by rate and distortion."""

import itertools

import numpy as np

from tfcodec.jpeg import quantize
from tfcodec.jpeg.quantize import Rates
from tfcodec.jpeg.quantize import round_blocks


def cost_of(levels, block, steps, lmbda, rates):
    """Squared error plus `lmbda` times bits, of one block's AC."""
    total = np.square(block - levels * steps)[1:].sum()
    places = np.flatnonzero(levels[1:]) + 1
    if not len(places):
        return total + lmbda * rates.empty
    before = 0
    for place in places:
        run = place - before - 1
        size = int(abs(levels[place])).bit_length()
        bits = run // 16 * rates.symbols[0xF0] + size
        bits += rates.symbols[(run % 16) << 4 | size]
        total += lmbda * bits
        before = place
    return total + lmbda * rates.symbols[0] * (before < 63)


def test_trellis_finds_the_best_of_all_choices():
    rng = np.random.default_rng(2)
    rates = Rates(rng.uniform(1, 12, 256).astype(np.float32), 0.7)
    steps = rng.integers(4, 12, 64)
    for _ in range(20):
        block = np.zeros(64)
        places = rng.choice(np.arange(1, 64), 6, replace=False)
        block[places] = rng.normal(0, 14, 6)
        lmbda = rng.uniform(1, 20)
        found = quantize._trellis(
            block[None].astype(np.float32), steps, lmbda, rates
        )
        found = np.concatenate([[0], found[0]])
        nearest = np.rint(block / steps).astype(int)
        choices = [
            sorted({0, n, n - np.sign(n)}) if p in places else [0]
            for p, n in enumerate(nearest)
        ]
        best = min(
            cost_of(np.array(levels), block, steps, lmbda, rates)
            for levels in itertools.product(*choices)
        )
        cost = cost_of(found, block, steps, lmbda, rates)
        assert abs(cost - best) < 1e-3 * best


def test_no_price_gives_the_nearest_levels():
    rng = np.random.default_rng(4)
    blocks = rng.normal(0, 40, (50, 64)).astype(np.float32)
    steps = rng.integers(1, 30, 64)
    found = quantize.optimize(blocks, steps, 0)
    np.testing.assert_array_equal(found, round_blocks(blocks, steps, 0.5))


def test_a_higher_price_means_fewer_levels():
    rng = np.random.default_rng(4)
    blocks = rng.laplace(0, 20, (80, 64)).astype(np.float32)
    steps = np.full(64, 16)
    counts = [
        np.count_nonzero(quantize.optimize(blocks, steps, lmbda))
        for lmbda in (0, 10, 40, 200)
    ]
    assert sorted(counts, reverse=True) == counts
    assert counts[-1] < 0.6 * counts[0]


def test_levels_stay_within_what_files_hold():
    blocks = np.full((1, 64), -1e5, np.float32)
    levels = round_blocks(blocks, np.ones(64))
    assert (levels == -1023).all()
    levels = quantize.optimize(blocks, np.ones(64), 0)
    assert (levels == -1023).all()
