"""The machine and the versions that results come from."""

import importlib.metadata
import os
import platform

_PACKAGES = (
    "bjontegaard",
    "imagecodecs",
    "jax",
    "keras",
    "numpy",
    "pillow",
    "scipy",
    "ssimulacra2",
    "tensorflow",
)


def describe():
    """Dict of str: processor, cores, system, Python, backend, packages."""
    facts = {
        "processor": processor(),
        "cores": str(num_cores()),
        "system": platform.platform(),
        "Python": platform.python_version(),
        "Keras backend": os.environ.get("KERAS_BACKEND", "as configured"),
    }
    return {**facts, **versions(_PACKAGES)}


def versions(packages):
    """Dict of str: the versions of those packages that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def num_cores():
    """Number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor():
    """Name of the processor, as the system gives it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
