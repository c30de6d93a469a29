"""A SavedModel without Python's TensorFlow: the C API through ctypes.

    tfcodec export saved-model --preset photo OUT/
    python examples/c_api.py OUT/photo/3 compress photo.png photo.tfc
    python examples/c_api.py OUT/photo/3 decompress photo.tfc back.png

It needs the shared libraries of the pip package `tensorflow` (Linux), whose
Python code is never imported, and NumPy. A program in C, Go, Java or Rust
makes the same calls.
"""

import ctypes
import importlib.util
import pathlib
import sys

import numpy as np

STRING = 7
DTYPES = {1: np.float32, 3: np.int32, 4: np.uint8, 9: np.int64}
CODES = {np.dtype(dtype): code for code, dtype in DTYPES.items()}
STRING_BYTES = 24  # sizeof(TF_TString)


class Buffer(ctypes.Structure):
    """TF_Buffer."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("data_deallocator", ctypes.c_void_p),
    ]


class Output(ctypes.Structure):
    """TF_Output: a tensor of the graph."""

    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


class SavedModel:
    """A SavedModel in a session.

    Args:
        folder: path of the SavedModel.

    Attributes:
        signatures: dict from name to a pair of dicts, of the inputs and of the
            outputs, from a name to the tensor's name in the graph.

    Raises:
        RuntimeError: it does not load.
    """

    def __init__(self, folder):
        self._tf = load_library()
        self._graph = self._tf.TF_NewGraph()
        options = self._tf.TF_NewSessionOptions()
        buffer = self._tf.TF_NewBuffer()
        tags = (ctypes.c_char_p * 1)(b"serve")
        with Status(self._tf) as status:
            self._session = self._tf.TF_LoadSessionFromSavedModel(
                options,
                None,
                str(folder).encode(),
                tags,
                1,
                self._graph,
                buffer,
                status,
            )
        content = buffer.contents
        self.signatures = read_signatures(
            ctypes.string_at(content.data, content.length)
        )
        self._tf.TF_DeleteBuffer(buffer)
        self._tf.TF_DeleteSessionOptions(options)

    def close(self):
        """Frees the session; nothing runs after that."""
        for end in (self._tf.TF_CloseSession, self._tf.TF_DeleteSession):
            with Status(self._tf) as status:
                end(self._session, status)
        self._tf.TF_DeleteGraph(self._graph)

    def run(self, signature, **inputs):
        """Runs a signature.

        Args:
            signature: str.
            **inputs: a list of bytes, or an array, for each input.

        Returns:
            Dict from the outputs' names to lists of bytes, or arrays.

        Raises:
            RuntimeError: what TensorFlow says, such as that of a bad image.
        """
        names, found = self.signatures[signature]
        feeds = self._outputs(names[name] for name in inputs)
        values = [self._tensor(value) for value in inputs.values()]
        fetches = self._outputs(found.values())
        results = (ctypes.c_void_p * len(found))()
        try:
            with Status(self._tf) as status:
                self._tf.TF_SessionRun(
                    self._session,
                    None,
                    feeds,
                    (ctypes.c_void_p * len(values))(*values),
                    len(values),
                    fetches,
                    results,
                    len(found),
                    None,
                    0,
                    None,
                    status,
                )
        finally:
            for value in values:
                self._delete(value)
        arrays = [self._value(result) for result in results]
        for result in results:  # They own their strings.
            self._tf.TF_DeleteTensor(result)
        return dict(zip(found, arrays, strict=True))

    def _outputs(self, names):
        find = self._tf.TF_GraphOperationByName
        outputs = []
        for name in names:
            name, _, index = name.partition(":")
            operation = find(self._graph, name.encode())
            outputs.append(Output(operation, int(index)))
        return (Output * len(outputs))(*outputs)

    def _tensor(self, value):
        """A TF_Tensor of a list of bytes or of an array."""
        if isinstance(value, list):
            size = STRING_BYTES * len(value)
            tensor = self._allocate(STRING, [len(value)], size)
            for text, place in zip(value, self._strings(tensor), strict=True):
                self._tf.TF_StringInit(place)
                self._tf.TF_StringCopy(place, text, len(text))
            return tensor
        value = np.ascontiguousarray(value)
        tensor = self._allocate(CODES[value.dtype], value.shape, value.nbytes)
        data = self._tf.TF_TensorData(tensor)
        ctypes.memmove(data, value.ctypes.data, value.nbytes)
        return tensor

    def _allocate(self, dtype, shape, size):
        dims = (ctypes.c_int64 * len(shape))(*shape)
        return self._tf.TF_AllocateTensor(dtype, dims, len(shape), size)

    def _value(self, tensor):
        """The list of bytes or the array that a TF_Tensor holds."""
        if self._tf.TF_TensorType(tensor) == STRING:
            return [
                ctypes.string_at(
                    self._tf.TF_StringGetDataPointer(place),
                    self._tf.TF_StringGetSize(place),
                )
                for place in self._strings(tensor)
            ]
        rank = self._tf.TF_NumDims(tensor)
        shape = [self._tf.TF_Dim(tensor, i) for i in range(rank)]
        size = self._tf.TF_TensorByteSize(tensor)
        data = ctypes.string_at(self._tf.TF_TensorData(tensor), size)
        dtype = DTYPES[self._tf.TF_TensorType(tensor)]
        return np.frombuffer(data, dtype).reshape(shape).copy()

    def _strings(self, tensor):
        """Addresses of the TF_TStrings of a tensor."""
        begin = self._tf.TF_TensorData(tensor)
        size = self._tf.TF_TensorByteSize(tensor)
        return [begin + i for i in range(0, size, STRING_BYTES)]

    def _delete(self, tensor):
        """Frees what `_tensor` has made, which does not own its strings."""
        if self._tf.TF_TensorType(tensor) == STRING:
            for place in self._strings(tensor):
                self._tf.TF_StringDealloc(place)
        self._tf.TF_DeleteTensor(tensor)


class Status:
    """A TF_Status as a context; its error is raised at the end."""

    def __init__(self, library):
        self._tf = library

    def __enter__(self):
        self._status = self._tf.TF_NewStatus()
        return self._status

    def __exit__(self, kind, *exception):
        code = self._tf.TF_GetCode(self._status)
        message = self._tf.TF_Message(self._status).decode()
        self._tf.TF_DeleteStatus(self._status)
        if code and kind is None:
            raise RuntimeError(f"TensorFlow: code {code}: {message}")


def load_library():
    """The C API of the pip package `tensorflow`, found but not imported."""
    folder = importlib.util.find_spec("tensorflow").submodule_search_locations
    folder = pathlib.Path(folder[0])
    ctypes.CDLL(folder / "libtensorflow_framework.so.2", ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(folder / "libtensorflow_cc.so.2")
    address, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    text, buffer = ctypes.c_char_p, ctypes.POINTER(Buffer)
    dims = ctypes.POINTER(ctypes.c_int64)
    load = [address, address, text, ctypes.POINTER(text), number, address]
    run = [address, address, address, address, number, address, address]
    rest = [address, address]
    for result, arguments, names in (
        (address, [], "NewStatus NewGraph NewSessionOptions"),
        (buffer, [], "NewBuffer"),
        (None, [buffer], "DeleteBuffer"),
        (None, [address], "DeleteStatus DeleteGraph DeleteSessionOptions"),
        (None, [address], "DeleteTensor StringInit StringDealloc"),
        (None, [address, address], "CloseSession DeleteSession"),
        (number, [address], "GetCode TensorType NumDims"),
        (text, [address], "Message"),
        (size, [address], "TensorByteSize StringGetSize"),
        (address, [address], "TensorData StringGetDataPointer"),
        (ctypes.c_int64, [address, number], "Dim"),
        (address, [number, dims, number, size], "AllocateTensor"),
        (None, [address, text, size], "StringCopy"),
        (address, [address, text], "GraphOperationByName"),
        (address, [*load, buffer, address], "LoadSessionFromSavedModel"),
        (None, [*run, number, address, number, *rest], "SessionRun"),
    ):
        for name in names.split():
            function = getattr(library, f"TF_{name}")
            function.restype, function.argtypes = result, arguments
    return library


def read_signatures(meta_graph):
    """Signatures of a MetaGraphDef, bytes; see `SavedModel.signatures`."""
    found = {}
    for number, entry in read_fields(meta_graph):
        if number == 5:  # signature_def, a map
            name, signature = read_entry(entry)
            sides = ({}, {})
            for side, tensor in read_fields(signature):
                if side in (1, 2):  # inputs, outputs: maps
                    key, info = read_entry(tensor)
                    sides[side - 1][key] = dict(read_fields(info))[1].decode()
            found[name] = sides
    return found


def read_entry(entry):
    """Key and value of an entry of a map."""
    fields = dict(read_fields(entry))
    return fields[1].decode(), fields[2]


def read_fields(message):
    """Numbers and values, int or bytes, of a protocol buffer's fields."""
    position = 0

    def varint():
        nonlocal position
        number = shift = 0
        while True:
            byte = message[position]
            number |= (byte & 127) << shift
            position, shift = position + 1, shift + 7
            if byte < 128:
                return number

    while position < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(key & 7) or varint()
        yield key >> 3, message[position : position + size]
        position += size


def main(folder, signature, source, target):
    model = SavedModel(folder)
    ((name, _),) = model.signatures[signature][0].items()
    data = pathlib.Path(source).read_bytes()
    (found,) = model.run(signature, **{name: [data]}).values()
    pathlib.Path(target).write_bytes(found[0])
    model.close()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
