"""The Open Inference Protocol's binary tensor extension: tensors as bytes after the JSON of a request or an answer.

`Inference-Header-Content-Length` says where the JSON ends; the routes read and write that header.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from functions.dataset.block import PIXELS
from functions.errors import FormatError, InvalidValueError
from functions.oip import input_tensors
from functions.oip.messages import OUTPUTS, InferRequest, InferResponse, RequestInput, ResponseOutput, Sent
from functions.oip.model_server import Inference, check_inputs, check_parameters

_DATATYPES = {output.name: output.datatype for output in OUTPUTS}
_NULL = b"null"
_RAW_IMAGE = 4 * PIXELS  # bytes of an image in a request without JSON, which is FP32 like the metadata's input


def split(body: bytes, header_length: str | None) -> tuple[bytes, memoryview]:
    """Return a request's JSON, and what follows it. The JSON is empty where the header says so: see `raw_request`.

    Raises:
        FormatError: when the header is not a length within the body.
    """
    if header_length is None:
        return body, memoryview(b"")
    digits = header_length.strip()
    known = digits.isascii() and digits.isdecimal() and len(digits) < 20  # `int` refuses thousands of digits
    if not known or int(digits) > len(body):
        raise FormatError(
            "Inference-Header-Content-Length must be the length of the JSON that the body starts with, 0 to "
            f"{len(body)}, got {header_length[:40]!r}"
        )
    return body[: int(digits)], memoryview(body)[int(digits) :]


def raw_request(tail: memoryview) -> InferRequest:
    """Return the request that a body without JSON stands for: FP32 images, all outputs as bytes.

    Raises:
        FormatError: when the bytes do not divide into images.
    """
    count, rest = divmod(len(tail), _RAW_IMAGE)
    if rest or not count:
        raise FormatError(f"a body without JSON is FP32, {_RAW_IMAGE} bytes an image, got {len(tail)} bytes")
    tensor = RequestInput("", [count, PIXELS], "FP32", {"binary_data_size": len(tail)})
    return InferRequest([tensor], parameters={"binary_data_output": True})


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
    if (size or 0) != len(tail):
        raise FormatError(f"binary_data_size adds up to {size or 0} bytes, {len(tail)} come behind the JSON")
    shape = input_tensors.whole_shape(tensor.shape)
    has_data = not isinstance(tensor.data, msgspec.UnsetType) and bytes(tensor.data) != _NULL
    if size is not None and not has_data:
        return input_tensors.from_bytes(tensor.datatype, shape, tail)
    if size:
        raise InvalidValueError(f"input {tensor.name!r} has both data and binary_data_size")
    if isinstance(tensor.data, msgspec.UnsetType) or not has_data:
        raise InvalidValueError(f"input {tensor.name!r} has neither data nor binary_data_size")
    return input_tensors.from_json(tensor.datatype, shape, tensor.data)


def binary_outputs(request: InferRequest, outputs: Sequence[str]) -> set[str]:
    """Return which of the outputs the client wants as bytes.

    Raises:
        InvalidValueError: when a parameter that says so is neither true nor false.
    """
    always = _flag("the request", request.parameters, "binary_data_output", default=False)
    chosen = {}
    for output in request.outputs or ():
        check_parameters(f"output {output.name!r}", output.parameters)
        chosen[output.name] = _flag(f"output {output.name!r}", output.parameters, "binary_data", default=always)
    return {name for name in outputs if chosen.get(name, always)}


def join(inference: Inference, binary: set[str], request_id: str | int | float | None) -> tuple[bytes, int | None]:
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
    answered_id = None if request_id is None else str(request_id)
    head = msgspec.json.encode(InferResponse(inference.model, inference.version, outputs, answered_id))
    return b"".join([head, *parts]), len(head) if binary else None


def _binary_size(tensor: RequestInput) -> int | None:
    """Return how many bytes of the tail are a tensor's; None where it does not say."""
    size: Any = (tensor.parameters or {}).get("binary_data_size")
    whole = size is None or (type(size) in (int, float) and size >= 0 and size == size // 1)
    if not whole:
        raise InvalidValueError(f"binary_data_size must be a number of bytes, got {size!r}")
    return None if size is None else int(size)


def _flag(where: str, parameters: Sent, name: str, *, default: bool) -> bool:
    value: Any = (parameters or {}).get(name)
    if value is None:
        return default
    if value not in (True, False):  # 1 and 0 are equal to them
        raise InvalidValueError(f"{where}: {name} must be true or false, got {value!r}")
    return bool(value)
