# Copyright 2026 The tfcodec authors
# SPDX-License-Identifier: Apache-2.0
"""Writes golden vectors computed by TensorFlow Compression 2.14.1.

TensorFlow Compression (TFC) is the authority that the priors, GDN and the
quantized tables are tested against, but it runs on Python <= 3.11 with
TensorFlow 2.14 only. So this script runs in an environment of its own (see
README.md beside it) and stores inputs and results as small `.npz` files, which
`test_tfc_golden.py` reads in the ordinary environment:

    python tests/oracle/make_tfc_golden.py --out tests/golden/tfc

Names of arrays: no suffix or `tfc_*` is what TFC computed in float32; `true_*`
is float64, computed from the very same float32 inputs with 60 digits (normal)
or by TFC itself in float64 (deep factorized, GDN). `manifest.json` records the
versions and how far TFC's float32 is from that truth.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import platform

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import mpmath  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tensorflow_compression as tfc  # noqa: E402
import tensorflow_probability as tfp  # noqa: E402

# (channels, num_filters): the default (3, 3, 3) and the older (3, 3).
FACTORIZED = [
    (1, (3, 3, 3)),
    (3, (3, 3, 3)),
    (8, (3, 3, 3)),
    (3, (3, 3)),
    (5, (3, 3)),
]
# (smallest, largest) of 64 log-spaced scales.
SCALE_RANGES = [(0.11, 256.0), (0.11, 100.0)]
NUM_SCALES = 64
# name: (alpha, epsilon); tfc.GDN's own defaults are alpha=1, epsilon=1.
GDN_FORMS = {"classic": (2, 0.5), "simple": (1, 1)}
PRECISIONS = (12, 16)
# Errors below are relative to max(|truth|, floor of that quantity).
INACCURATE = 1e-5


def relative_error(got, truth, floor):
    """Error relative to `truth`, or to `floor` where truth is smaller."""
    got = np.asarray(got, np.float64)
    error = np.abs(got - truth) / np.maximum(np.abs(truth), floor)
    return np.where(np.isfinite(got), error, np.inf)


def error_summary(error, at):
    """Worst finite error, where it is, and the counts of bad points."""
    finite = np.where(np.isfinite(error), error, 0.0)
    worst = np.unravel_index(np.argmax(finite), finite.shape)
    return {
        "worst": float(finite[worst]),
        "worst_at": {k: float(v[worst]) for k, v in at.items()},
        "points": int(error.size),
        "above_1e-5": int((finite > INACCURATE).sum()),
        "not_finite": int((~np.isfinite(error)).sum()),
    }


# --- deep factorized prior -------------------------------------------------


def perturbed_parameters(channels, num_filters, seed):
    """Float32 parameters near TFC's initial ones, none of them trivial."""
    rng = np.random.default_rng(seed)
    prior = tfc.DeepFactorized(batch_shape=(channels,), num_filters=num_filters)
    parameters = {}
    for i, matrix in enumerate(prior._matrices):
        noise = rng.normal(0.0, 0.4, matrix.shape)
        parameters[f"matrix_{i}"] = matrix.numpy() + noise
    for i, bias in enumerate(prior._biases):
        # TFC draws biases from its own generator: replace, do not add.
        parameters[f"bias_{i}"] = rng.uniform(-1.0, 1.0, bias.shape)
    for i, factor in enumerate(prior._factors):
        parameters[f"factor_{i}"] = rng.normal(0.0, 0.6, factor.shape)
    return {k: v.astype(np.float32) for k, v in parameters.items()}


def noisy_deep_factorized(parameters, num_filters, x, dtype):
    """Likelihoods, and gradients of sum(log-likelihood)."""
    prior = tfc.NoisyDeepFactorized(
        batch_shape=x.shape[-1:], num_filters=num_filters, dtype=dtype
    )
    variables = {}
    for kind in ("matrix", "bias", "factor"):
        plural = {"matrix": "matrices", "bias": "biases", "factor": "factors"}
        for i, variable in enumerate(getattr(prior.base, f"_{plural[kind]}")):
            variable.assign(tf.cast(parameters[f"{kind}_{i}"], dtype))
            variables[f"{kind}_{i}"] = variable
    x = tf.constant(x, dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        log_likelihood = prior.log_prob(x)
        total = tf.reduce_sum(log_likelihood)
    gradients = tape.gradient(total, {"x": x, **variables})
    result = {
        "log_likelihood": log_likelihood.numpy(),
        "likelihood": prior.prob(x).numpy(),
    }
    for name, gradient in gradients.items():
        result[f"grad_{name}"] = gradient.numpy()
    return result


def make_deep_factorized(out, channels, num_filters, seed):
    rng = np.random.default_rng(seed + 1000)
    integers = np.arange(-12, 13).astype(np.float64)
    fractions = rng.uniform(-20.0, 20.0, 20)
    tails = np.array([-80.0, -41.3, 37.5, 80.0])
    x = np.concatenate([integers, fractions, tails])[:, None]
    # A different shift per channel; channel 0 keeps the integers.
    x = (x + 0.37 * np.arange(channels)).astype(np.float32)
    parameters = perturbed_parameters(channels, num_filters, seed)
    tfc32 = noisy_deep_factorized(parameters, num_filters, x, tf.float32)
    true = noisy_deep_factorized(parameters, num_filters, x, tf.float64)
    name = f"deep_factorized_c{channels}_f{''.join(map(str, num_filters))}"
    np.savez_compressed(
        out / f"{name}.npz",
        x=x,
        num_filters=np.array(num_filters),
        **parameters,
        **{f"tfc_{k}": v for k, v in tfc32.items()},
        **{f"true_{k}": v for k, v in true.items()},
    )
    report = {}
    for key, truth in true.items():
        # Parameter gradients are sums: relative to the largest of the tensor.
        floor = {"likelihood": 1e-30, "log_likelihood": 1e-3, "grad_x": 1e-3}
        error = relative_error(
            tfc32[key], truth, floor.get(key, np.abs(truth).max())
        )
        report[key] = error_summary(error, {})
    return {name: report}


# --- noisy normal ----------------------------------------------------------


def noisy_normal_inputs(smallest, largest):
    """Float32 `(x, scale)`, each `(64, n)`: one row for one scale."""
    scale = np.exp(np.linspace(np.log(smallest), np.log(largest), NUM_SCALES))
    fixed = [0, 1, -1, 2, -3, 0.5, -0.3, 0.45, 0.6]
    fixed += [1.7, -10.25, 30, -300, 2000]
    fixed = np.broadcast_to(np.array(fixed), (NUM_SCALES, len(fixed)))
    sigmas = scale[:, None] * np.array([0.7, -1.6, 3.1, -5.2, 8.4, -20.0])
    x = np.concatenate([fixed, sigmas, np.rint(sigmas[:, 1:])], axis=1)
    scale = np.broadcast_to(scale[:, None], x.shape)
    return x.astype(np.float32), scale.astype(np.float32)


def noisy_normal_tfc(x, scale):
    x, scale = tf.constant(x), tf.constant(scale)
    with tf.GradientTape() as tape:
        tape.watch([x, scale])
        # NoisyNormal is UniformNoiseAdapter(tfp.distributions.Normal).
        prior = tfc.NoisyNormal(loc=0.0, scale=scale)
        log_likelihood = prior.log_prob(x)
        total = tf.reduce_sum(log_likelihood)
    grad_x, grad_scale = tape.gradient(total, [x, scale])
    return {
        "log_likelihood": log_likelihood.numpy(),
        "grad_x": grad_x.numpy(),
        "grad_scale": grad_scale.numpy(),
    }


def noisy_normal_true(x, scale):
    """The same with 60 digits, for one pair of floats."""
    sign = -1 if x < 0 else 1
    x, scale = abs(mpmath.mpf(float(x))), mpmath.mpf(float(scale))
    lower, upper = (x - 0.5) / scale, (x + 0.5) / scale
    root = mpmath.sqrt(2)
    # Both in the upper tail, where erfc keeps its relative accuracy.
    mass = (mpmath.erfc(lower / root) - mpmath.erfc(upper / root)) / 2
    at_lower, at_upper = mpmath.npdf(lower), mpmath.npdf(upper)
    grad_x = sign * (at_upper - at_lower) / (scale * mass)
    grad_scale = (lower * at_lower - upper * at_upper) / (scale * mass)
    return float(mpmath.log(mass)), float(grad_x), float(grad_scale)


def make_noisy_normal(out, smallest, largest):
    mpmath.mp.dps = 60
    x, scale = noisy_normal_inputs(smallest, largest)
    tfc32 = noisy_normal_tfc(x, scale)
    pairs = zip(x.flat, scale.flat, strict=True)
    points = np.array([noisy_normal_true(*pair) for pair in pairs])
    points = points.T.reshape(3, *x.shape)
    true = {
        "log_likelihood": points[0],
        "grad_x": points[1],
        "grad_scale": points[2],
    }
    name = f"noisy_normal_{smallest:g}_{largest:g}"
    np.savez_compressed(
        out / f"{name}.npz",
        x=x,
        scale=scale[:, 0],
        **{f"tfc_{k}": v for k, v in tfc32.items()},
        **{f"true_{k}": v for k, v in true.items()},
    )
    at = {"x": x, "scale": scale}
    unit = 1.0 / scale  # natural size of both gradients, which cross zero
    # The relative error of a likelihood is the error of its logarithm.
    likely = true["log_likelihood"] > -60.0
    errors = {
        "likelihood": np.where(
            likely, abs(tfc32["log_likelihood"] - true["log_likelihood"]), 0
        ),
        "log_likelihood": relative_error(
            tfc32["log_likelihood"], true["log_likelihood"], 1.0
        ),
        "grad_x": relative_error(tfc32["grad_x"], true["grad_x"], unit),
        "grad_scale": relative_error(
            tfc32["grad_scale"], true["grad_scale"], unit
        ),
    }
    return {name: {k: error_summary(e, at) for k, e in errors.items()}}


# --- GDN -------------------------------------------------------------------


def make_gdn(out, channels, seed):
    rng = np.random.default_rng(seed)
    beta = rng.uniform(0.3, 2.0, channels).astype(np.float32)
    gamma = rng.uniform(0.0, 0.2, (channels, channels))
    gamma[rng.uniform(size=gamma.shape) < 0.2] = 0.0
    gamma = (gamma + 0.1 * np.eye(channels)).astype(np.float32)
    x = rng.normal(0.0, 3.0, (2, 4, 5, channels)).astype(np.float32)
    x[0, 0, 0] = 0.0
    x[0, 0, 1] *= 30.0
    arrays = {"x": x, "beta": beta, "gamma": gamma}
    report = {}
    for form, (alpha, epsilon) in GDN_FORMS.items():
        arrays[f"{form}_alpha"] = np.float64(alpha)
        arrays[f"{form}_epsilon"] = np.float64(epsilon)
        for inverse in (False, True):
            name = f"{form}_{'inverse' if inverse else 'forward'}"
            outputs = {}
            for dtype in ("float32", "float64"):
                # Tensors, not GDNParameter: beta and gamma are exact.
                layer = tfc.GDN(
                    inverse=inverse,
                    alpha_parameter=alpha,
                    epsilon_parameter=epsilon,
                    beta_parameter=tf.constant(beta, dtype),
                    gamma_parameter=tf.constant(gamma, dtype),
                    dtype=dtype,
                )
                outputs[dtype] = layer(tf.constant(x, dtype)).numpy()
            arrays[f"tfc_{name}"] = outputs["float32"]
            arrays[f"true_{name}"] = outputs["float64"]
            error = relative_error(outputs["float32"], outputs["float64"], 1e-6)
            report[name] = error_summary(error, {})
    np.savez_compressed(out / f"gdn_c{channels}.npz", **arrays)
    return {f"gdn_c{channels}": report}


# --- quantized tables ------------------------------------------------------


def table_pmfs():
    """Float32 probability mass functions by name, each of sum 1."""
    pmfs = {}
    low, high = np.log(0.11), np.log(256.0)
    for scale in np.exp(np.linspace(low, high, 12)):
        # As TFC builds them: bins within the tails, then the overflow mass.
        bound = max(1, int(np.ceil(3.1 * scale)))
        edges = np.arange(-bound - 0.5, bound + 1) / scale
        cdf = np.array([float(mpmath.ncdf(edge)) for edge in edges])
        pmfs[f"gaussian_{scale:.4g}"] = np.append(
            np.diff(cdf), max(0.0, cdf[0] + 1.0 - cdf[-1])
        )
    rng = np.random.default_rng(7)
    peaked = np.full(41, 1e-7)
    peaked[20] = 1.0
    pmfs["peaked"] = peaked
    pmfs["uniform"] = np.ones(37)
    pmfs["random"] = rng.exponential(1.0, 100) ** 3
    pmfs["two"] = np.array([0.3, 0.7])
    pmfs["zeros"] = np.array([0.0, 0.5, 0.0, 0.25, 0.25, 0.0])
    return {k: (v / v.sum()).astype(np.float32) for k, v in pmfs.items()}


def make_tables(out):
    arrays, report = {}, {}
    for name, pmf in table_pmfs().items():
        arrays[f"{name}_pmf"] = pmf
        for precision in PRECISIONS:
            cdf = tfc.pmf_to_quantized_cdf(pmf, precision=precision).numpy()
            arrays[f"{name}_cdf{precision}"] = cdf.astype(np.int32)
            bits = precision - np.log2(np.diff(cdf))
            mass = pmf.astype(np.float64)
            entropy = -np.sum(mass * np.log2(np.where(mass > 0, mass, 1)))
            report[f"{name}_cdf{precision}"] = {
                "symbols": int(pmf.size),
                "entropy_bits": float(entropy),
                "code_length_bits": float(np.sum(mass * bits)),
            }
    np.savez_compressed(out / "tables.npz", **arrays)
    return {"tables": report}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    defaults = tfc.GDN()
    manifest = {
        "versions": {
            "python": platform.python_version(),
            "tensorflow_compression": importlib.metadata.version(
                "tensorflow-compression"
            ),
            "tensorflow": tf.__version__,
            "tensorflow_probability": tfp.__version__,
            "numpy": np.__version__,
            "mpmath": mpmath.__version__,
        },
        "tfc_gdn_defaults": {
            "alpha": float(defaults.alpha_parameter),
            "epsilon": float(defaults.epsilon_parameter),
        },
        "tfc_float32_error": {},
    }
    errors = manifest["tfc_float32_error"]
    for seed, (channels, num_filters) in enumerate(FACTORIZED):
        errors |= make_deep_factorized(out, channels, num_filters, seed)
    for smallest, largest in SCALE_RANGES:
        errors |= make_noisy_normal(out, smallest, largest)
    for seed, channels in enumerate((3, 12)):
        errors |= make_gdn(out, channels, seed)
    manifest |= make_tables(out)
    text = json.dumps(manifest, indent=1, sort_keys=True)
    (out / "manifest.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
