"""Weights in files: PyTorch checkpoints as safetensors, ONNX files with such initializers, the API's own JSON.

Tensors have the names of PyTorch's `state_dict`; `functions.weights.foreign` translates others.
`model_export.export.check_weights` checks whether they fit an architecture.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper

from functions.errors import FormatError, InvalidValueError
from functions.weights import foreign, safetensors, tensor_lists

FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
LARGEST_ONNX = 100 * 1024 * 1024  # bytes: a classifier of digits is small, and a Lambda has to hold it


@dataclass(frozen=True)
class Checkpoint:
    """A file's tensors under our names; `renamed` has the file's names where they differ."""

    tensors: dict[str, NDArray[np.generic]]
    metadata: dict[str, str]
    renamed: dict[str, str]  # our name → the file's

    @property
    def note(self) -> str:
        """Return what a message about our names must add; an empty text when the file uses the same names."""
        if not self.renamed:
            return ""
        return f" (in the file, {', '.join(f'{ours} is {theirs}' for ours, theirs in self.renamed.items())})"


def read(path: Path) -> Checkpoint:
    """Return what a safetensors, ONNX or JSON file holds; the content decides which of them it is.

    Raises:
        FormatError: when it is none of them, or damaged.
        InvalidValueError: when a tensor is not of floats, or there twice.
    """
    data = path.read_bytes()
    # A safetensors file starts with the length of its header, which may look like anything, then with the header.
    is_onnx = data[8:9] != b"{" and (path.suffix.lower() == ".onnx" or data[:1] == b"\x08")
    is_json = data[4:8] != bytes(4) and data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
    try:
        if is_json:
            found, metadata = _from_json(data)
        else:
            found, metadata = _from_onnx(path) if is_onnx else _from_safetensors(data)
        ours = foreign.our_names(found)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    except InvalidValueError as error:
        raise InvalidValueError(f"{path}: {error}", error.field) from None
    renamed = {our: name for name, our in ours.items() if name != our}
    floats = foreign.as_floats({ours[name]: tensor for name, tensor in found.items()})
    wrong = [f"{name} is {tensor.dtype}" for name, tensor in floats.items() if tensor.dtype != np.float32]
    if wrong:
        raise InvalidValueError(f"{path}: weights are float32, but {', '.join(wrong)}", "weights")
    return Checkpoint(floats, metadata, renamed)


def read_onnx(path: Path) -> onnx.ModelProto:
    """Return an ONNX file's model with its weights, also those that some exporters put into a second file.

    Raises:
        FormatError: when it is no ONNX file, or damaged, or its second file is.
        InvalidValueError: when it is too large.
    """
    try:
        model = onnx.load(path, format="protobuf")
    except DecodeError as error:
        raise FormatError(f"{path} is no ONNX file, or a damaged one: {error}") from None
    except (onnx.checker.ValidationError, ValueError, OSError) as error:
        raise FormatError(_of_second_file(path, error)) from None
    if not model.HasField("graph") or not model.graph.node:
        raise FormatError(f"{path} is no ONNX file: there is no graph in it")
    if model.ByteSize() > LARGEST_ONNX:
        size = f"{model.ByteSize():,} bytes; at most {LARGEST_ONNX:,} are accepted"
        raise InvalidValueError(f"{path} has {size}", "file")
    return model


def _of_second_file(path: Path, error: Exception) -> str:
    """Return what to say of an ONNX file whose weights in another file cannot be read."""
    tensors = onnx.load(path, load_external_data=False).graph.initializer
    named = [entry.value for tensor in tensors for entry in tensor.external_data if entry.key == "location"]
    missing = [name for name in dict.fromkeys(named) if not (path.parent / name).is_file()]
    if missing:
        return f"{path} keeps its weights in {', '.join(missing)}: put that file beside it, into {path.parent}"
    return f"{path} keeps its weights in another file, which cannot be read: {error}"


def _from_safetensors(data: bytes) -> tuple[dict[str, NDArray[np.generic]], dict[str, str]]:
    foreign.check_format(data)
    return safetensors.decode(data)


def _from_json(data: bytes) -> tuple[dict[str, NDArray[np.generic]], dict[str, str]]:
    arrays, metadata = tensor_lists.read_json(data)
    return {**arrays}, metadata


def _from_onnx(path: Path) -> tuple[dict[str, NDArray[np.generic]], dict[str, str]]:
    """Return the initializers that may be weights: arrays of floats. Those of integers hold shapes and axes."""
    chosen = [t for t in read_onnx(path).graph.initializer if t.data_type in FLOATS and t.dims]
    try:
        return {tensor.name: numpy_helper.to_array(tensor).astype(np.float32) for tensor in chosen}, {}
    except ValueError as error:
        raise FormatError(f"{path} is damaged: an initializer's bytes do not fill its shape ({error})") from None
