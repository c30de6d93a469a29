"""A tiny preset that codes pictures recognisably, tiny models, and tables."""

import os
import pathlib
import shutil
import signal

import numpy as np
import pytest

DEMO = pathlib.Path(__file__).parents[1] / "tfcodec/demo_data/whale.webp"
TINY = {
    "latent_channels": 8,
    "hyper_channels": 4,
    "analysis_channels": (8, 16),
    "analysis_blocks": (1, 1),
    "synthesis_channels": (8, 16),
    "synthesis_blocks": (1, 1),
    "context_channels": 8,
    "split": 4,
}
# Smaller still, for tests that need no pictures of any quality.
ARGUMENTS = {
    "cnn-plain": {"channels": (4, 4, 4), "synthesis_channels": (4, 4, 3)},
    "cnn-pool": {"channels": (4, 4, 6), "synthesis_channels": (6, 4, 4, 4)},
    "cnn-pool-dense": {
        "latent_channels": 16,
        "channels": (4, 4, 4),
        "synthesis_channels": (4, 4),
    },
    "deconvnet": {"channels": (4, 2), "synthesis_channels": (4, 3)},
    "factorized": {"latent_channels": 6, "channels": 8},
    "hyperprior": {
        "latent_channels": 6,
        "channels": 8,
        "hyper_channels": 4,
        "mean_channels": 8,
    },
    "photo": {
        "latent_channels": 6,
        "hyper_channels": 4,
        "analysis_channels": (4, 8),
        "analysis_blocks": (1, 1),
        "synthesis_channels": (4, 8),
        "synthesis_blocks": (1, 1),
        "context_channels": 8,
        "split": 2,
    },
}
# `pytest &` in a script ignores Ctrl-C, and so would the processes that tests
# start and send one to.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _make_model(kind, lively=True, seed=11, **changes):
    """A model with random weights; `lively`: latents of some size, means."""
    import keras

    from tfcodec.models import MODELS

    keras.utils.set_random_seed(seed)
    arguments = {"seed": seed, **ARGUMENTS[kind], **changes}
    model = MODELS[kind](name=kind, **arguments)
    model.build()
    if lively:
        rng = np.random.default_rng(seed)
        for weight in model.trainable_weights:
            shift = 0.05 * rng.normal(size=weight.shape)
            weight.assign_add(shift.astype(np.float32))
        # Latents and hyper-latents of some steps.
        heads = [
            getattr(model, part).head
            for part in ("analysis", "hyper_analysis")
            if hasattr(getattr(model, part, None), "head")
        ]
        for head in heads:
            head.kernel.assign(keras.ops.convert_to_numpy(head.kernel) * 8)
        if kind.startswith(("cnn", "deconv")):
            # No ReLU of so few is to be dead.
            for layer in model.analysis.convolutions:
                layer.bias.assign(keras.ops.ones_like(layer.bias) / 2)
            for norm in getattr(model.analysis, "norms", ()):
                norm.gamma.assign(keras.ops.ones_like(norm.gamma) * 2)
                norm.beta.assign(keras.ops.ones_like(norm.beta))
        if kind == "photo":
            model.latent_scale.assign(np.linspace(0.5, 4, 6, dtype="f4"))
    return model


@pytest.fixture(scope="session")
def make_model():
    """Function that makes a tiny model of a kind."""
    return _make_model


@pytest.fixture(scope="session")
def jax_environment():
    """For a process with Keras on JAX, which spends its time compiling."""
    return {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    }


@pytest.fixture(scope="session")
def photograph():
    """The demonstration's photograph, uint8 `(323, 485, 3)`."""
    from PIL import Image

    with Image.open(DEMO) as image:
        return np.array(image.convert("RGB"))


@pytest.fixture(scope="session")
def tiny_preset(tmp_path_factory, photograph):
    """Folder of a preset with random networks beside a PCA of blocks."""
    import keras

    from tfcodec import models
    from tfcodec import presets
    from tfcodec import weights
    from tfcodec.model_presets import make_coding
    from tfcodec.training.warm_start import warm_start

    keras.utils.set_random_seed(1)
    model = models.Photo(name="photo", seed=1, **TINY)
    model.build()
    # A coarse step, so that quality shows with so few components.
    warm_start(model, [photograph], step=128.0)
    folder = tmp_path_factory.mktemp("presets") / "tiny-1"
    folder.mkdir()
    weights.save_weights(folder / "weights.npz", model)
    # Tables belong to the weights as stored, in float16.
    weights.load_weights(folder / "weights.npz", model)
    settings = {
        "name": "tiny-1",
        "identifier": presets.UNREGISTERED,
        "family": "tiny",
        "model": "photo",
        "arguments": TINY,
    }
    presets.write(folder, settings, make_coding(model))
    return folder


@pytest.fixture(scope="session")
def tiny_codec(tiny_preset):
    """The codec of `tiny_preset`."""
    import tfcodec

    return tfcodec.load(tiny_preset)


@pytest.fixture(scope="session")
def graph_preset(tiny_preset, tiny_codec, tmp_path_factory):
    """Folder of the tiny preset, `graph.npz` included."""
    from tfcodec.export.lite.packaged import package

    folder = tmp_path_factory.mktemp("presets") / "tiny-1"
    shutil.copytree(tiny_preset, folder)
    package(tiny_codec, folder)
    return folder


@pytest.fixture(scope="session")
def lite_codec(graph_preset):
    """The codec of `graph_preset` in LiteRT."""
    from tfcodec.litert.codec import load

    return load(graph_preset, num_threads=1)


@pytest.fixture(scope="session")
def mixed_tables():
    """Every kind of row: wide, tiny, escape only just possible, skip.

    Half the usual bits per lane, so that small data use several lanes; the
    golden vectors hold with this number.
    """
    from tfcodec.coding import CdfTables

    return CdfTables.from_rows(
        [
            [0, 1000, 3000, 4000, 4096],  # values -1, 0, 1
            [0, 4096],  # skip: 7
            [0, 4095, 4096],  # value 5
            [0, 1, 4096],  # value -3, nearly always an escape
            [0, 4096],  # skip: 0
            np.arange(4097),  # values -2000..2094
        ],
        [-1, 7, 5, -3, 0, -2000],
        bits_per_lane=3000,
    )


@pytest.fixture(scope="session")
def draw(mixed_tables):
    """`draw(rng, n)`: values and rows of `mixed_tables`, with escapes."""

    def draw(rng, n):
        tables = mixed_tables
        rows = rng.integers(0, tables.num_tables, n)
        values = tables.offset[rows] + rng.integers(
            0, np.maximum(tables.size[rows] - 1, 1)
        )
        wild = (rng.random(n) < 0.05) & (tables.size[rows] > 1)
        values[wild] = rng.integers(-32768, 32768, wild.sum())
        return values, rows

    return draw


@pytest.fixture(scope="session")
def octet_matrix():
    """Function: byte strings to padded uint8 `(batch, bytes)` and lengths."""

    def octet_matrix(strings):
        num_bytes = np.array([len(string) for string in strings], np.int32)
        octets = np.full((len(strings), max(num_bytes)), 0xAB, np.uint8)
        for line, string in zip(octets, strings, strict=True):
            line[: len(string)] = list(string)
        return octets, num_bytes

    return octet_matrix
