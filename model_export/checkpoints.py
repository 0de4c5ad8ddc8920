"""Weights in files that others wrote: PyTorch checkpoints as safetensors, ONNX files with such initializers.

Tensors have the names of PyTorch's `state_dict`; those of the earlier gRPC server are translated.
`model_export.export.check_weights` checks whether they fit an architecture.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper

from functions.errors import FormatError, InvalidValueError
from functions.weights import tensors

FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
LARGEST_ONNX = 100 * 1024 * 1024  # bytes: a classifier of digits is small, and a Lambda has to hold it

# What the earlier gRPC server called a layer → what it is called here.
_RENAMED = (("conv2d_", "conv"), ("linear_", "fc"))


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
    """Return what a safetensors or ONNX file holds; the content decides which of the two it is.

    Raises:
        FormatError: when it is neither, or damaged.
        InvalidValueError: when a tensor is not of floats, or there twice.
    """
    data = path.read_bytes()
    # A safetensors file starts with the length of its header, which may look like anything, then with the header.
    if data[8:9] == b"{":
        found, metadata = _from_safetensors(path, data)
    elif path.suffix.lower() == ".onnx" or data[:1] == b"\x08":
        found, metadata = _from_onnx(path)
    elif data[:2] in (b"PK", b"\x80\x02"):  # zip and pickle, as torch.save writes them
        raise FormatError(f"{path} is a PyTorch pickle; write it with safetensors.torch.save_file instead")
    else:
        found, metadata = _from_safetensors(path, data)
    ours = {name: _our_name(name) for name in found}
    for name, our in ours.items():
        if name != our and our in found:
            raise InvalidValueError(f"{path} has both {our} and {name}, which are the same tensor", "weights")
    renamed = {our: name for name, our in ours.items() if name != our}
    return Checkpoint({ours[name]: tensor for name, tensor in found.items()}, metadata, renamed)


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
    except (onnx.checker.ValidationError, ValueError) as error:
        raise FormatError(f"{path} keeps its weights in another file, which cannot be read: {error}") from None
    if not model.HasField("graph") or not model.graph.node:
        raise FormatError(f"{path} is no ONNX file: there is no graph in it")
    if model.ByteSize() > LARGEST_ONNX:
        size = f"{model.ByteSize():,} bytes; at most {LARGEST_ONNX:,} are accepted"
        raise InvalidValueError(f"{path} has {size}", "file")
    return model


def _our_name(name: str) -> str:
    for theirs, ours in _RENAMED:
        if match := re.fullmatch(rf"{theirs}(\d+\.\w+)", name):
            return ours + match[1]
    return name


def _from_safetensors(path: Path, data: bytes) -> tuple[dict[str, NDArray[np.generic]], dict[str, str]]:
    try:
        found, metadata = tensors.decode(data)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    wrong = [f"{name} is {tensor.dtype}" for name, tensor in found.items() if tensor.dtype != np.float32]
    if wrong:
        raise InvalidValueError(f"{path}: weights are float32, but {', '.join(wrong)}", "weights")
    return found, metadata


def _from_onnx(path: Path) -> tuple[dict[str, NDArray[np.generic]], dict[str, str]]:
    """Return the initializers that may be weights: arrays of floats. Those of integers hold shapes and axes."""
    chosen = [t for t in read_onnx(path).graph.initializer if t.data_type in FLOATS and t.dims]
    try:
        return {tensor.name: numpy_helper.to_array(tensor).astype(np.float32) for tensor in chosen}, {}
    except ValueError as error:
        raise FormatError(f"{path} is damaged: an initializer's bytes do not fill its shape ({error})") from None
