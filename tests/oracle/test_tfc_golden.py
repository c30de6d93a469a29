# Copyright 2026 The tfcodec authors
# SPDX-License-Identifier: Apache-2.0
"""Compares priors, GDN and tables with TensorFlow Compression's results.

Needs only the files in tests/golden/tfc, which `make_tfc_golden.py` wrote.
TFC computes in float32 and is itself off by more than 1e-5 in places (see
`manifest.json`): its own float64 result, or 60-digit arithmetic for the normal,
is stored beside it as `true_*`. Everything here must be within 1e-5 of that
truth, and within 1e-5 of TFC's float32 wherever TFC is accurate.
"""

import json
import math
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcodec.coding import quantize_pmf
from tfcodec.layers.gdn import GDN
from tfcodec.priors.deep_factorized import DeepFactorized
from tfcodec.priors.noisy_normal import noisy_normal_bits

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "tfc"
TOLERANCE = 1e-5
LN2 = math.log(2.0)

FACTORIZED = sorted(path.stem for path in GOLDEN.glob("deep_factorized_*.npz"))
NORMAL = sorted(path.stem for path in GOLDEN.glob("noisy_normal_*.npz"))
GDNS = sorted(path.stem for path in GOLDEN.glob("gdn_*.npz"))


def load(name):
    with np.load(GOLDEN / f"{name}.npz") as arrays:
        return dict(arrays)


def check(got, arrays, key, floor, tolerance=TOLERANCE):
    """Within 1e-5 of the truth, and of TFC where that is accurate.

    `floor` is the natural size of the quantity: errors are relative to the
    truth or, where that is smaller (a zero crossing, say), to this.
    """
    got = np.asarray(got, np.float64)
    truth = arrays[f"true_{key}"]
    tfc = arrays[f"tfc_{key}"].astype(np.float64)
    unit = np.maximum(np.abs(truth), floor)
    assert got.shape == truth.shape
    assert np.isfinite(got).all()
    excess = np.abs(got - truth) / unit / tolerance
    assert excess.max() <= 1.0, (key, excess.max(), (excess > 1.0).sum())
    is_accurate = np.abs(tfc - truth) / unit <= TOLERANCE / 4
    excess = (np.abs(got - tfc) / unit / tolerance)[is_accurate]
    assert (excess <= 1.0).all(), (key, excess.max())


def test_golden_files_are_complete():
    manifest = json.loads((GOLDEN / "manifest.json").read_text())
    assert manifest["versions"]["tensorflow_compression"] == "2.14.1"
    names = set(FACTORIZED + NORMAL + GDNS)
    assert names == set(manifest["tfc_float32_error"])
    assert len(FACTORIZED) == 5 and len(NORMAL) == 2 and len(GDNS) == 2


def deep_factorized(arrays):
    """The prior with TFC's raw parameters; `{golden name: variable}`."""
    filters = tuple(int(n) for n in arrays["num_filters"])
    prior = DeepFactorized(arrays["x"].shape[-1], filters=filters)
    if not prior.built:
        prior.build(arrays["x"].shape)
    variables = {}
    for kind, group in (
        ("matrix", prior.matrices),
        ("bias", prior.biases),
        ("factor", prior.factors),
    ):
        for i, variable in enumerate(group):
            variables[f"{kind}_{i}"] = variable
    assert set(variables) == {
        k for k in arrays if f"true_grad_{k}" in arrays
    } - {"x"}
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return prior, variables


@pytest.mark.parametrize("name", FACTORIZED)
def test_deep_factorized_likelihoods(name):
    arrays = load(name)
    prior, _ = deep_factorized(arrays)
    bits = np.asarray(prior.bits(arrays["x"]), np.float64)
    check(-LN2 * bits, arrays, "log_likelihood", floor=1.0)
    # In the far tails both differ from float64 by up to 1.6e-5 (here) and
    # 1.4e-5 (TFC): large logits, close to each other, are subtracted.
    tolerance = np.where(np.abs(arrays["x"]) <= 32.0, 1.0, 2.0) * TOLERANCE
    check(np.exp2(-bits), arrays, "likelihood", 1e-30, tolerance)


@pytest.mark.parametrize("name", FACTORIZED)
def test_deep_factorized_gradients(name):
    arrays = load(name)
    prior, variables = deep_factorized(arrays)
    x = tf.constant(arrays["x"])
    sources = {"x": x}
    sources |= {key: variable.value for key, variable in variables.items()}
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = keras.ops.sum(prior.bits(x))
    gradients = tape.gradient(total, sources)
    for key, gradient in gradients.items():
        # Sums of terms of either sign: relative to the tensor's largest entry.
        floor = np.abs(arrays[f"true_grad_{key}"]).max()
        check(-LN2 * gradient.numpy(), arrays, f"grad_{key}", floor)


@pytest.mark.parametrize("name", NORMAL)
def test_noisy_normal(name):
    arrays = load(name)
    x = tf.constant(arrays["x"])
    scale = tf.broadcast_to(arrays["scale"][:, None], x.shape)
    with tf.GradientTape() as tape:
        tape.watch([x, scale])
        bits = noisy_normal_bits(x, scale)
        total = keras.ops.sum(bits)
    grad_x, grad_scale = tape.gradient(total, [x, scale])
    unit = 1.0 / arrays["scale"][:, None]  # natural size of both gradients
    log_likelihood = -LN2 * np.asarray(bits, np.float64)
    # A relative error of 1e-5 of log-likelihoods, however close to zero. TFC's
    # own are off by up to 6e-4 there (scale 0.11, x = 0).
    check(log_likelihood, arrays, "log_likelihood", floor=1e-12)
    # And of likelihoods above 1e-9. TFC's own are off by up to 1.7e-4.
    truth = arrays["true_log_likelihood"]
    error = np.abs(log_likelihood - truth)[truth > math.log(1e-9)]
    assert error.max() <= TOLERANCE
    # TFC's gradients are off by up to 1.1e-4 at scales above 4.
    check(-LN2 * np.asarray(grad_x), arrays, "grad_x", floor=unit)
    check(-LN2 * np.asarray(grad_scale), arrays, "grad_scale", floor=unit)


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("form", ["classic", "simple"])
@pytest.mark.parametrize("name", GDNS)
def test_gdn(name, form, inverse):
    arrays = load(name)
    exponents = (arrays[f"{form}_alpha"], arrays[f"{form}_epsilon"])
    assert exponents == {"classic": (2.0, 0.5), "simple": (1.0, 1.0)}[form]
    layer = GDN(inverse=inverse, form=form)
    layer.build(arrays["x"].shape)
    layer.set_parameters(arrays["beta"], arrays["gamma"])
    key = f"{form}_{'inverse' if inverse else 'forward'}"
    check(layer(arrays["x"]), arrays, key, floor=1e-6)


def code_length(pmf, cdf, precision):
    frequencies = np.diff(np.asarray(cdf, np.int64))
    assert frequencies.min() >= 1 and frequencies.sum() == 1 << precision
    return np.sum(pmf * (precision - np.log2(frequencies)))


@pytest.mark.parametrize("precision", [12, 16])
def test_tables_cost_what_tfc_tables_cost(precision):
    arrays = load("tables")
    names = [key[: -len("_pmf")] for key in arrays if key.endswith("_pmf")]
    assert len(names) == 17
    for name in names:
        pmf = arrays[f"{name}_pmf"].astype(np.float64)
        ours = code_length(pmf, quantize_pmf(pmf, precision), precision)
        theirs = arrays[f"{name}_cdf{precision}"]
        theirs = code_length(pmf, theirs, precision)
        assert ours == pytest.approx(theirs, rel=1e-3), name
        # Ours are optimal for the frequencies' sum, so never longer.
        assert ours <= theirs * (1 + 1e-9), name
