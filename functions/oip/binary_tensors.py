"""The Open Inference Protocol's binary tensor extension: tensors as bytes after the JSON of a request or an answer.

`Inference-Header-Content-Length` says where the JSON ends; the routes read and write that header.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from functions.errors import FormatError, InvalidValueError
from functions.oip.messages import OUTPUTS, InferRequest, InferResponse, RequestInput, ResponseOutput
from functions.oip.model_server import Inference, check_inputs, check_parameters
from functions.oip.pixels import from_bytes, from_json

_DATATYPES = {output.name: output.datatype for output in OUTPUTS}


def split(body: bytes, header_length: str | None) -> tuple[bytes, memoryview]:
    """Return a request's JSON, and what follows it.

    Raises:
        FormatError: when the header is not a length within the body.
    """
    if header_length is None:
        return body, memoryview(b"")
    length = int(header_length) if header_length.isascii() and header_length.isdecimal() else 0
    if not 0 < length <= len(body):
        raise FormatError(
            "Inference-Header-Content-Length must be the length of the JSON that the body starts with, 1 to "
            f"{len(body)}, got {header_length!r}"
        )
    return body[:length], memoryview(body)[length:]


def images(request: InferRequest, tail: memoryview) -> NDArray[np.float32]:
    """Return the (B, 784) images in a request.

    Raises:
        FormatError, InvalidValueError: when its inputs are others, or not what their shapes and types say.
    """
    check_parameters("the request", request.parameters)
    check_inputs([tensor.name for tensor in request.inputs])
    (tensor,) = request.inputs
    check_parameters(f"input {tensor.name!r}", tensor.parameters)
    size = _binary_size(tensor)
    if size != len(tail):
        raise FormatError(f"binary_data_size adds up to {size} bytes, {len(tail)} come behind the JSON")
    if "binary_data_size" in tensor.parameters:
        if tensor.data is not msgspec.UNSET:
            raise InvalidValueError(f"input {tensor.name!r} has both data and binary_data_size")
        return from_bytes(tensor.datatype, tensor.shape, tail)
    if tensor.data is msgspec.UNSET:
        raise InvalidValueError(f"input {tensor.name!r} has neither data nor binary_data_size")
    return from_json(tensor.datatype, tensor.shape, tensor.data)


def binary_outputs(request: InferRequest, outputs: Sequence[str]) -> set[str]:
    """Return which of the outputs the client wants as bytes.

    Raises:
        InvalidValueError: when a parameter that says so is neither true nor false.
    """
    always = _flag("the request", request.parameters, "binary_data_output", default=False)
    chosen = {}
    for output in request.outputs:
        check_parameters(f"output {output.name!r}", output.parameters)
        chosen[output.name] = _flag(f"output {output.name!r}", output.parameters, "binary_data", default=always)
    return {name for name in outputs if chosen.get(name, always)}


def join(inference: Inference, binary: set[str], request_id: str | None) -> tuple[bytes, int | None]:
    """Return an answer's body, and how much of it is JSON; None where it is JSON alone."""
    outputs, parts = [], []
    for name, values in inference.outputs.items():
        output = ResponseOutput(name, _DATATYPES[name], list(values.shape))
        if name in binary:
            parts.append(values.astype(values.dtype.newbyteorder("<")).tobytes())
            output.parameters = {"binary_data_size": len(parts[-1])}
        else:  # orjson writes float32 with as many digits as they need
            output.data = msgspec.Raw(orjson.dumps(values.reshape(-1), option=orjson.OPT_SERIALIZE_NUMPY))
        outputs.append(output)
    head = msgspec.json.encode(InferResponse(inference.model, inference.version, outputs, request_id))
    return b"".join([head, *parts]), len(head) if binary else None


def _binary_size(tensor: RequestInput) -> int:
    size = tensor.parameters.get("binary_data_size", 0)
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise InvalidValueError(f"binary_data_size must be a number of bytes, got {size!r}")
    return size


def _flag(where: str, parameters: dict[str, bool | int | float | str], name: str, *, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise InvalidValueError(f"{where}: {name} must be true or false, got {value!r}")
    return value
