"""SavedModels on the disk, loaded; and which of them a request means."""

import pathlib

import numpy as np

from tfcodec.errors import TfcodecError
from tfcodec.serve.status import StatusError
from tfcodec.serve.status import invalid

DEFAULT_SIGNATURE = "serving_default"
_SAVED_MODEL = "saved_model.pb"
_TAG = "serve"


def find_models(folder):
    """Finds SavedModels, laid out as TensorFlow Serving wants them.

    Args:
        folder: path of a folder of models, `<name>/<version>/saved_model.pb`,
            or of one model, `<version>/saved_model.pb`. Versions are numbers;
            folders with other names are passed over.

    Returns:
        dict from name to a dict from version (int) to its folder.

    Raises:
        TfcodecError: There is none.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise TfcodecError(f"{folder}: there is no such folder")
    if (folder / _SAVED_MODEL).is_file():
        raise TfcodecError(
            f"{folder}: is one version of a model; name it by its number, as "
            "in photo/1, and serve the folder above"
        )
    models = {folder.resolve().name: _versions(folder)}
    if not any(models.values()):
        models = {
            path.name: _versions(path)
            for path in sorted(folder.iterdir())
            if path.is_dir()
        }
    models = {name: versions for name, versions in models.items() if versions}
    if not models:
        raise TfcodecError(f"{folder}: no <model>/<version>/{_SAVED_MODEL}")
    return models


def _versions(folder):
    paths = {
        int(path.name): path
        for path in folder.iterdir()
        if path.name.isascii() and path.name.isdigit() and path.is_dir()
    }
    return dict(sorted(paths.items()))


class Servable:
    """One version of a model.

    Args:
        name: str, the model's name.
        version: int.
        folder: path of the SavedModel.

    Attributes:
        signatures: dict from name to `SignatureDef`.

    Raises:
        TfcodecError: It does not load.
    """

    def __init__(self, name, version, folder):
        import tensorflow as tf

        self.name = name
        self.version = version
        try:
            self.signatures = _read_signatures(folder)
            # Kept whole: it owns the variables that its functions use.
            self._model = tf.saved_model.load(str(folder), tags=[_TAG])
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            raise TfcodecError(f"{folder}: does not load: {reason}") from error

    def predict(self, signature_name, inputs):
        """Runs a signature.

        Args:
            signature_name: str.
            inputs: dict from name to array, bytes in arrays of objects, as
                `check_inputs` wants them.

        Returns:
            dict from name to array, all outputs of the signature.

        Raises:
            tf.errors.OpError: The model refuses the inputs.
        """
        import tensorflow as tf

        infos = self.signatures[signature_name].inputs
        tensors = {
            name: tf.constant(array, tf.as_dtype(infos[name].dtype))
            for name, array in inputs.items()
        }
        outputs = self._model.signatures[signature_name](**tensors)
        return {
            name: _as_array(output) for name, output in sorted(outputs.items())
        }


def _read_signatures(folder):
    from tensorflow.core.protobuf import saved_model_pb2

    data = (pathlib.Path(folder) / _SAVED_MODEL).read_bytes()
    for graph in saved_model_pb2.SavedModel.FromString(data).meta_graphs:
        if set(graph.meta_info_def.tags) == {_TAG}:
            return dict(graph.signature_def)
    raise TfcodecError(f"it has no graph with the tag {_TAG!r}")


def _as_array(tensor):
    value = tensor.numpy()
    return np.asarray(value, object if isinstance(value, bytes) else None)


def check_inputs(signature, inputs):
    """Checks names, types and shapes of inputs against a signature.

    Args:
        signature: `SignatureDef`.
        inputs: dict from name to array.

    Raises:
        StatusError: `INVALID_ARGUMENT`.
    """
    import tensorflow as tf

    wanted, sent = set(signature.inputs), set(inputs)
    if wanted != sent:
        raise invalid(
            f"input size does not match signature: {len(sent)}!={len(wanted)} "
            f"len({{{_names(sent)}}}) != len({{{_names(wanted)}}}). "
            f"Sent extra: {{{_names(sent - wanted)}}}. "
            f"Missing but required: {{{_names(wanted - sent)}}}."
        )
    for name, array in inputs.items():
        info = signature.inputs[name]
        dtype = tf.as_dtype(info.dtype)
        if array.dtype != dtype.as_numpy_dtype:
            found = tf.as_dtype(array.dtype).name
            raise invalid(f"{name} is {found}, but {dtype.name} is expected")
        shape = tf.TensorShape(info.tensor_shape)
        if not shape.is_compatible_with(array.shape):
            raise invalid(
                f"{name} has shape {list(array.shape)}, but {shape} is expected"
            )


def _names(names):
    return ",".join(sorted(names))


class Models:
    """The models that a server has.

    Args:
        servables: iterable of `Servable`.
        labels: dict from (name, label) to version.

    Raises:
        TfcodecError: A label is of no model here.
    """

    def __init__(self, servables, labels=None):
        self._models = {}
        for servable in servables:
            versions = self._models.setdefault(servable.name, {})
            versions[servable.version] = servable
        self._labels = labels or {}
        for (name, label), version in self._labels.items():
            if version not in self._models.get(name, {}):
                raise TfcodecError(
                    f"label {label}: there is no version {version} of {name}"
                )

    def __iter__(self):
        for versions in self._models.values():
            yield from versions.values()

    def find(self, name, version=None, label=None):
        """The `Servable` that a request means: the latest if it says nothing.

        Raises:
            StatusError: There is none.
        """
        version = self._labelled(name, version, label)
        versions = self._models.get(name, {})
        if version is None and versions:
            return versions[max(versions)]
        if version in versions:
            return versions[version]
        which = (
            f"Latest({name})"
            if version is None
            else f"Specific({name}, {version})"
        )
        raise StatusError(
            "NOT_FOUND", f"Servable not found for request: {which}"
        )

    def versions(self, name, version=None, label=None):
        """The versions (list of int) whose status a request asks for.

        Raises:
            StatusError: There are none.
        """
        version = self._labelled(name, version, label)
        versions = sorted(self._models.get(name, {}), reverse=True)
        if version is None and versions:
            return versions
        if version in versions:
            return [version]
        which = "any versions" if version is None else f"version {version}"
        raise StatusError(
            "NOT_FOUND", f"Could not find {which} of model {name}"
        )

    def _labelled(self, name, version, label):
        if label is None:
            return version
        if (name, label) not in self._labels:
            raise invalid(f"Unrecognized servable version label: {label}")
        return self._labels[name, label]
