"""Weights as others wrote them: their names, their kinds of numbers, and the file formats that cannot be read here.

`safetensors` has that format itself, and `tensor_checks` decides whether tensors fit an architecture. The page has
the same rules in `scrawl.net.safetensors` and `scrawl.files.file_formats`.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from functions.errors import FormatError, InvalidValueError

type Tensors = dict[str, NDArray[np.generic]]

SCALE = ".scale"
# What wrappers and training frameworks write before a layer's name: DataParallel, torch.compile, Lightning, …
_PREFIX = re.compile(r"(?:(?:module|_orig_mod|model|net|network|state_dict)\.)+")
# What the earlier gRPC server called a layer → what it is called here.
_RENAMED = ((re.compile(r"conv2d_(\d+\.\w+)"), r"conv\1"), (re.compile(r"linear_(\d+\.\w+)"), r"fc\1"))
_FLOATS = (np.float16, np.float64)

_FROM_PYTORCH = (
    "in PyTorch: safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'weights.safetensors'), "
    "with model.state_dict() where the file has a whole model"
)
_FROM_KERAS = (
    "in Keras: safetensors.numpy.save_file({'fc1.weight': layer.kernel.numpy().T.copy(), 'fc1.bias': "
    "layer.bias.numpy(), …}, 'weights.safetensors')"
)
_FROM_ONNX = "`scrawl import-onnx FILE` serves it, and the page opens one that has Scrawl's layers"
_ARCHIVES = (  # what is in a zip → whose it is
    (b"data.pkl", "a PyTorch checkpoint (.pth, .pt)", _FROM_PYTORCH),
    (b"model.weights.h5", "a Keras model (.keras)", _FROM_KERAS),
    (b".npy", "a NumPy archive (.npz)", "in Python: safetensors.numpy.save_file(dict(numpy.load(FILE)), …)"),
)
_STARTS = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes it (.h5)", _FROM_KERAS),
    (b"\x80", "a Python pickle, as older PyTorch writes it (.pth, .pt)", _FROM_PYTORCH),
    (b"\x93NUMPY", "a NumPy array (.npy)", "safetensors.numpy.save_file writes several of them with their names"),
    (b"\x1f\x8b", "a gzip file", "unpack it first"),
    (b"{", "JSON", "over HTTP, say so: Content-Type: application/json"),
    # An ONNX file starts with its version of the format, then with who wrote it.
    *((bytes((8, ir_version, 0x12)), "an ONNX model", _FROM_ONNX) for ir_version in range(3, 16)),
    (b"GGUF", "a GGUF file", "it holds language models"),
    (b"\x89PNG", "a picture", "weights are numbers"),
)


def check_format(data: bytes) -> None:
    """Refuse files of other formats, and say what to do with them. `safetensors.decode` checks safetensors itself.

    Raises:
        FormatError: naming the format and how to convert it.
    """
    if data[4:9] == b"\0\0\0\0{":
        return
    if data[:4] == b"PK\x03\x04":
        found = next(((what, how) for name, what, how in _ARCHIVES if name in data), None)
        what, how = found or ("a zip file, as PyTorch (.pth) and Keras (.keras) write it", _FROM_PYTORCH)
    else:
        found = next(((what, how) for start, what, how in _STARTS if data.startswith(start)), None)
        if found is None:
            return
        what, how = found
    raise FormatError(f"this is {what}, and weights come as safetensors; {how}")


def our_names(names: Iterable[str]) -> dict[str, str]:
    """Return what each of a file's tensors is called here: without prefixes, `linear_1` as `fc1`.

    Raises:
        InvalidValueError: when two of them are the same.
    """
    ours: dict[str, str] = {}
    for name in names:
        our = _PREFIX.sub("", name, count=1) if _PREFIX.match(name) else name
        for theirs, replacement in _RENAMED:
            our = theirs.sub(replacement, our) if theirs.fullmatch(our.removesuffix(SCALE)) else our
        if our in ours.values():
            first = next(other for other, known in ours.items() if known == our)
            both = " and ".join(sorted((first, name), key=lambda one: one != our))
            raise InvalidValueError(f"there are both {both}, which are the same tensor", "weights")
        ours[name] = our
    return ours


def renamed[T](tensors: Mapping[str, T]) -> dict[str, T]:
    """Return a file's tensors under our names; see `our_names`."""
    return {our: tensors[name] for name, our in our_names(tensors).items()}


def as_floats(tensors: Mapping[str, NDArray[np.generic]]) -> Tensors:
    """Return float16, float64, and int8 with its scales, as the API gives it, as float32.

    Others stay as they are: `tensor_checks.fit` names them.
    """
    floats: Tensors = {}
    for name, tensor in tensors.items():
        scale = tensors.get(name + SCALE)
        if tensor.dtype == np.int8 and scale is not None and tensor.shape[:1] == scale.shape:
            rows = tensor.reshape(len(tensor), -1).astype(np.float32)
            floats[name] = (rows * scale.astype(np.float32)[:, None]).reshape(tensor.shape)
        elif not (name.endswith(SCALE) and _is_int8(tensors.get(name.removesuffix(SCALE)))):
            with np.errstate(over="ignore"):  # too large for float32 becomes infinite, which is refused
                floats[name] = tensor.astype(np.float32) if tensor.dtype in _FLOATS else tensor
    return floats


def layout_hint(found: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """Return what to add to a message about a wrong shape: whether it is Keras' order of axes; else an empty text."""
    if len(expected) == 2 and found == expected[::-1]:
        return ": it is transposed, as Keras keeps kernels; send kernel.T"
    if len(expected) == 4 and found == (*expected[2:], expected[1], expected[0]):
        return ": its axes are in Keras' order; send kernel.transpose(3, 2, 0, 1)"
    return ""


def _is_int8(tensor: NDArray[np.generic] | None) -> bool:
    return tensor is not None and tensor.dtype == np.int8
