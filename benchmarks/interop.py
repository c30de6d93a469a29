"""Does every runtime read every runtime's files the same?

    python benchmarks/interop.py --images kodak/ --old-python OLD/bin/python

Encodes with each runtime and decodes every file with each (docs/interop.md).
Exit code 1 if symbols differ anywhere, or pixels by more than one level between
two runtimes that are not lossy, or if a runtime fails.

Files with equal bytes are decoded once by each decoder and counted for all of
their encoders. Each runtime is a process of its own, one at a time.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

# The folder of this script is on the path: these are files beside it.
import interop_report
from interop_matrix import Matrix
from interop_pictures import all_pictures
from interop_pictures import write_pictures
from interop_runtimes import Process
from interop_runtimes import RuntimeFailure
from interop_runtimes import choose

from tfcodec.errors import TfcodecError

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--images", required=True, help="a folder of pictures")
    add("--limit", type=int, help="only so many of them")
    add("--qualities", default="5,25,50,75,95", help="for each of them")
    add("--odd", type=int, default=200, help="pictures of odd sizes, more")
    add("--odd-size", type=int, default=200, help="their longest side")
    add(
        "--compiled-odd",
        type=int,
        default=12,
        help="how many of them for runtimes that compile for each size",
    )
    add("--seed", type=int, default=1, help="of the odd pictures")
    add("--preset", default="photo")
    add("--runtimes", help="some only, by key, separated by commas")
    add("--old-python", help="python with an older TensorFlow, Keras, Pillow")
    add("--exports", help="folder of exported models, made if they are not")
    add("--json", help="file that gets all results")
    options = parser.parse_args()
    try:
        runtimes = choose(options.runtimes, options.old_python is not None)
        pictures = all_pictures(
            options.images,
            options.limit,
            tuple(float(q) for q in options.qualities.split(",")),
            options.odd,
            options.odd_size,
            options.seed,
        )
    except (ValueError, TfcodecError) as error:
        parser.error(str(error))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        exports = pathlib.Path(options.exports or folder / "exports")
        export(runtimes, options.preset, exports)
        write_pictures(pictures, folder)
        matrix = Matrix(runtimes, pictures, options.compiled_odd, folder)
        versions = run(matrix, options, exports)
        found = {"versions": versions, **interop_report.summary(matrix)}
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(found, indent=1))
    print(f"{found['processor']}, {found['cores']} cores\n")
    distinct = {str(packages): packages for packages in versions.values()}
    for packages in distinct.values():
        print(", ".join(f"{name} {n}" for name, n in packages.items()))
    print(f"\n{interop_report.markdown(found)}")
    for failure in found["failures"]:
        print(f"error: {failure}", file=sys.stderr)
    return int(bool(found["failures"]))


def export(runtimes, preset, exports):
    """Makes the exported models that runtimes need and that are not there."""
    needed = {runtime.options.get("model") for runtime in runtimes} - {None}
    for model in sorted(needed):
        path = exports / model.removeprefix("EXPORTS/")
        if path.exists():
            continue
        exports.mkdir(parents=True, exist_ok=True)
        command = ["tflite", str(path), "--quantize", path.stem]
        if path.suffix != ".tflite":
            folder, name = str(path.parent.parent), path.parent.name
            command = ["saved-model", folder, "--name", name]
            command += ["--version", path.name]
        say(f"export {path.name}")
        subprocess.run(
            [sys.executable, "-m", "tfcodec", "export", *command]
            + ["--preset", preset],
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
        )


def run(matrix, options, exports):
    """Encodes with all runtimes, then decodes with all.

    Returns:
        Dict from a runtime's key to its versions, a dict of str.
    """
    versions = {}
    try:
        for action in (matrix.encode, matrix.decode):
            for runtime in matrix.runtimes:
                what = f"{action.__name__}: {runtime.label}"
                begun = time.perf_counter()
                try:
                    process = Process(
                        runtime,
                        options.preset,
                        exports,
                        options.old_python,
                        matrix.path(runtime.key, "log"),
                    )
                except (OSError, RuntimeFailure) as error:
                    matrix.failures.append(f"{what}: does not start: {error}")
                    continue
                try:
                    versions[runtime.key] = process.versions
                    for i, count in action(runtime, process):
                        say(f"{what}: {i} of {count}", "")
                finally:
                    process.close()
                say(f"{what}: {time.perf_counter() - begun:.0f} s")
    except KeyboardInterrupt:
        matrix.failures.append("interrupted: the rest has not been run")
    return versions


def say(text, end="\n"):
    """Progress on stderr; lines to be overwritten on a terminal only."""
    if sys.stderr.isatty():
        text = f"\r\033[K{text}"
    elif end != "\n":
        return
    print(text, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
