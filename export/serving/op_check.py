"""Which TensorFlow ops a SavedModel uses, and whether any server has them."""

import functools
import pathlib
import subprocess
import sys

from tensorflow.core.protobuf import saved_model_pb2

# Registered everywhere, but they call back into a Python process, or run only
# inside XLA's compiler.
_NOT_SERVED = ("PyFunc", "PyFuncStateless", "EagerPyFunc")
_COMPILER = ("Xla", "_Xla")
_LIST_OPS = """
import tensorflow
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session as session
ops = op_def_pb2.OpList()
ops.ParseFromString(session.TF_GetBuffer(session.TF_GetAllOpList()))
print(*(op.name for op in ops.op))
"""


@functools.cache
def stock_ops():
    """Names of the ops that servers run.

    Those that TensorFlow registers in a process that imports nothing else, so
    that ops which some package has added to this one do not count.

    Returns:
        frozenset of str.
    """
    done = subprocess.run(
        [sys.executable, "-c", _LIST_OPS],
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(
        name
        for name in done.stdout.split()
        if name not in _NOT_SERVED and not name.startswith(_COMPILER)
    )


def used_ops(folder):
    """Names of the ops in a SavedModel's graphs and functions.

    Args:
        folder: path of the SavedModel.

    Returns:
        Set of str.
    """
    file = saved_model_pb2.SavedModel()
    path = pathlib.Path(folder) / "saved_model.pb"
    file.ParseFromString(path.read_bytes())
    found, functions = set(), set()
    for meta_graph in file.meta_graphs:
        graph = meta_graph.graph_def
        found.update(node.op for node in graph.node)
        for function in graph.library.function:
            functions.add(function.signature.name)
            found.update(node.op for node in function.node_def)
    return found - functions


def check_ops(folder, allowed=None):
    """Raises ValueError if a SavedModel needs more than stock TensorFlow.

    Args:
        folder: path of the SavedModel.
        allowed: set of str; default `stock_ops()`.
    """
    allowed = stock_ops() if allowed is None else allowed
    missing = sorted(used_ops(folder) - allowed)
    if missing:
        raise ValueError(
            "The model needs ops that a stock TensorFlow server does not run: "
            f"{', '.join(missing)}"
        )
