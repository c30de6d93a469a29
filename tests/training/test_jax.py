"""Training on JAX without TensorFlow, and back to TensorFlow."""

import pathlib
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import yaml

from tfcodec.training import checkpoint
from tfcodec.training import loop
from tfcodec.training.config import load_config

pytestmark = pytest.mark.slow  # XLA compiles the training step: 40 s
ROOT = pathlib.Path(__file__).parents[2]
TRAIN = """
    import runpy, sys
    import numpy as np

    class Blocked:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] == "tensorflow":
                raise ImportError(name + " is blocked")

    sys.meta_path.insert(0, Blocked())
    config, output, image, out = sys.argv[1:]
    sys.argv[1:] = ["--config", config, "--output", output]
    try:
        runpy.run_module("tfcodec.training.train", run_name="__main__")
    except SystemExit as end:
        assert end.code == 0, end.code
    import keras
    from tfcodec.training import checkpoint, loop
    from tfcodec.training.config import load_config
    from tfcodec.training.optimizers import orthogonalize
    assert keras.config.backend() == "jax"
    assert "tensorflow" not in sys.modules
    model = loop.make_model(load_config(config))
    checkpoint.load_checkpoint(output + "/checkpoint.npz", model)
    inputs = {"image": np.load(image), "quality": np.float32([40.0])}
    result = model(inputs)
    matrix = np.random.default_rng(0).normal(size=(20, 7)).astype("f4")
    np.savez(
        out,
        x_hat=result.x_hat,
        y_bits=result.y_bits,
        z_bits=result.z_bits,
        orthogonal=orthogonalize(matrix),
    )
"""


@pytest.fixture(scope="module")
def jax_run(jax_environment, tmp_path_factory, settings, pack, crops):
    """Folder of a run of four steps on JAX, two in each dispatch."""
    pytest.importorskip("jax")
    root = tmp_path_factory.mktemp("jax")
    data = {**settings["data"], "source": f"memory:{pack}"}
    changes = {"data": data, "steps": 4, "log_every": 2, "steps_per_call": 2}
    config = root / "run.yaml"
    config.write_text(yaml.safe_dump({**settings, **changes}))
    np.save(root / "image.npy", crops[0][None])
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent(TRAIN),
            config,
            root / "run",
            root / "image.npy",
            root / "out.npz",
        ],
        cwd=ROOT,
        env=jax_environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "step 4/4" in done.stdout
    return root


def test_checkpoint_of_jax_works_on_tensorflow(jax_run, crops, float32_after):
    model = loop.make_model(load_config(jax_run / "run.yaml"))
    path = jax_run / "run" / loop.CHECKPOINT
    assert checkpoint.load_checkpoint(path, model) == 4
    assert int(model.optimizer.iterations) == 4
    inputs = {"image": crops[0][None], "quality": np.float32([40.0])}
    out = model(inputs)
    with np.load(jax_run / "out.npz") as theirs:
        # A latent on the edge of a rounding may fall on the other side.
        difference = np.abs(np.asarray(out.x_hat) - theirs["x_hat"])
        assert np.quantile(difference, 0.98) < 1e-4 * 255
        for name in ("y_bits", "z_bits"):
            np.testing.assert_allclose(
                getattr(out, name), theirs[name], rtol=1e-3
            )


def test_optimizer_math_is_the_same(jax_run):
    from tfcodec.training.optimizers import orthogonalize

    matrix = np.random.default_rng(0).normal(size=(20, 7)).astype("f4")
    with np.load(jax_run / "out.npz") as theirs:
        np.testing.assert_allclose(
            theirs["orthogonal"], orthogonalize(matrix), atol=1e-4
        )
    assert keras.config.backend() == "tensorflow"
