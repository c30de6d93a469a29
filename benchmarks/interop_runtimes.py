"""The runtimes that `interop.py` compares, and their processes."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORKER = ROOT / "benchmarks" / "interop_worker.py"


class RuntimeFailure(Exception):
    """A runtime that did not start, has ended, or reports an error."""


@dataclasses.dataclass(frozen=True)
class Runtime:
    """How a runtime is started, and what it promises.

    Attributes:
        key: what `--runtimes` calls it.
        label: what tables call it.
        kind: str, of `interop_worker.KINDS`.
        options: JSON-able dict for that kind; "PRESET" stands for the preset,
            "EXPORTS/..." for an exported model.
        environment: dict of str.
        is_lossy: whether its networks are rounded, so that its pixels differ
            by more than one level.
        compiles: whether it compiles for every size of image, which makes
            many sizes slow.
        is_old: whether it runs in the older Python.
    """

    key: str
    label: str
    kind: str
    options: dict
    environment: dict = dataclasses.field(default_factory=dict)
    is_lossy: bool = False
    compiles: bool = False
    is_old: bool = False


KERAS = {"preset": "PRESET"}
SAVED_MODEL = {"model": "EXPORTS/saved-model/1"}
TWO_THREADS = {"TF_NUM_INTRAOP_THREADS": "2", "OMP_NUM_THREADS": "2"}


def _tflite(form, **options):
    return {"model": f"EXPORTS/{form}.tflite", **options}


# The first one is what the others are compared with.
RUNTIMES = (
    Runtime("tf", "Keras, TensorFlow", "keras", KERAS),
    Runtime(
        "tf-threads",
        "Keras, TensorFlow, 2 threads",
        "keras",
        KERAS,
        TWO_THREADS,
    ),
    Runtime(
        "tf-plain",
        "Keras, TensorFlow, oneDNN off",
        "keras",
        KERAS,
        {"TF_ENABLE_ONEDNN_OPTS": "0"},
    ),
    Runtime(
        "tf-xla",
        "Keras, TensorFlow, XLA",
        "keras",
        {**KERAS, "xla": True},
        compiles=True,
    ),
    Runtime(
        "tf-bfloat16",
        "Keras, TensorFlow, mixed_bfloat16",
        "keras",
        {**KERAS, "policy": "mixed_bfloat16"},
        is_lossy=True,
    ),
    Runtime(
        "jax",
        "Keras, JAX",
        "keras",
        KERAS,
        {"KERAS_BACKEND": "jax"},
        compiles=True,
    ),
    Runtime("saved-model", "SavedModel, Python", "saved-model", SAVED_MODEL),
    Runtime("c-api", "SavedModel, C API", "c-api", SAVED_MODEL),
    Runtime("litert", "`tfcodec.litert`", "litert", KERAS),
    Runtime("tflite", "LiteRT file, float32", "tflite", _tflite("none")),
    Runtime(
        "tflite-plain",
        "LiteRT file, float32, XNNPACK off",
        "tflite",
        _tflite("none", xnnpack=False),
    ),
    Runtime(
        "tflite-float16",
        "LiteRT file, float16",
        "tflite",
        _tflite("float16"),
        is_lossy=True,
    ),
    Runtime(
        "tflite-dynamic",
        "LiteRT file, dynamic int8",
        "tflite",
        _tflite("dynamic"),
        is_lossy=True,
    ),
    Runtime(
        "old-saved-model",
        "SavedModel, older TensorFlow",
        "saved-model",
        SAVED_MODEL,
        is_old=True,
    ),
    Runtime("old-tf", "Keras, older TensorFlow", "keras", KERAS, is_old=True),
)


class Process:
    """A runtime in a process of its own.

    Args:
        runtime: `Runtime`.
        preset: name or folder.
        exports: folder of the exported models.
        old_python: the Python of older runtimes, or None.
        log: path that gets what it prints.

    Attributes:
        versions: dict of str.

    Raises:
        RuntimeFailure: it does not start.
    """

    def __init__(self, runtime, preset, exports, old_python, log):
        self._log = pathlib.Path(log)
        options = {
            name: _replaced(value, preset, exports)
            for name, value in runtime.options.items()
        }
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CUDA_VISIBLE_DEVICES": "-1",
            "KERAS_BACKEND": "tensorflow",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_ENABLE_ONEDNN_OPTS": "1",
            "TF_NUM_INTEROP_THREADS": "1",
            "TF_NUM_INTRAOP_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            **runtime.environment,
        }
        python = old_python if runtime.is_old else sys.executable
        with open(log, "w", encoding="utf-8") as stderr:
            self._process = subprocess.Popen(
                [python, WORKER, runtime.kind, json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment,
                text=True,
            )
        self.versions = self._answer()["versions"]

    def ask(self, action, **request):
        """The answer to a request of `interop_worker`, a dict.

        Raises:
            RuntimeFailure: the runtime reports an error, or has ended.
        """
        line = json.dumps({"do": action, **request})
        try:
            print(line, file=self._process.stdin, flush=True)
        except OSError:
            pass  # It has ended; that shows when its answer is read.
        answer = self._answer()
        if "error" in answer:
            raise RuntimeFailure(answer["error"])
        return answer

    def _answer(self):
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self.close()
        said = self._log.read_text("utf-8", "replace").strip().splitlines()
        raise RuntimeFailure(
            f"ended with code {self._process.returncode}: "
            f"{said[-1] if said else 'it said nothing'}"
        )

    @property
    def has_ended(self):
        return self._process.poll() is not None

    def close(self):
        """Ends the process."""
        self._process.communicate()


def _replaced(value, preset, exports):
    if value == "PRESET":
        return str(preset)
    if isinstance(value, str) and value.startswith("EXPORTS/"):
        return str(pathlib.Path(exports, value.removeprefix("EXPORTS/")))
    return value


def choose(names, has_old_python):
    """The runtimes of a comma-separated list; None for all that can run.

    Raises:
        ValueError: there is no such runtime, or it needs an older Python.
    """
    known = {runtime.key: runtime for runtime in RUNTIMES}
    if names is None:
        return [r for r in RUNTIMES if has_old_python or not r.is_old]
    wanted = dict.fromkeys([RUNTIMES[0].key, *names.split(",")])
    for name in wanted:
        if name not in known:
            raise ValueError(
                f"`--runtimes`: there is no {name!r}; known are "
                f"{', '.join(known)}."
            )
        if known[name].is_old and not has_old_python:
            raise ValueError(f"`--runtimes`: {name} needs `--old-python`.")
    return [known[name] for name in wanted]
