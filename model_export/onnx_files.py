"""ONNX files of any origin: read whole, with the weights that some exporters put into a second file.

What a graph is good for is left to `model_export.checkpoints` and `model_export.importing`.
"""

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from functions.errors import FormatError, InvalidValueError

FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
LARGEST = 100 * 1024 * 1024  # bytes: a classifier of digits is small, and a Lambda has to hold it


def read_model(path: Path) -> onnx.ModelProto:
    """Return an ONNX file's model, its weights inside.

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
    if model.ByteSize() > LARGEST:
        raise InvalidValueError(f"{path} has {model.ByteSize():,} bytes; at most {LARGEST:,} are accepted", "file")
    return model
