"""The Open Inference Protocol (KServe's version 2): its JSON types, and the tensors that every model here answers.

Requests are read as clients write them, more loosely than the protocol has it: `null` for what is left out, 784.0 in
a shape, a number as the id, anything in parameters that mean nothing here. `model_server` answers the requests.
"""

from typing import Annotated, Any

import msgspec

from functions.dataset.block import CLASSES

PLATFORM = "onnx_onnxv1"


type Parameters = dict[str, bool | int | float | str]
type Sent = dict[str, Any] | None  # parameters of a request: some clients put objects there, such as headers
type Data = Annotated[
    msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "array", "description": "row-major, nested or flat"})
]


class RequestInput(msgspec.Struct):
    """A tensor in a request: in `data`, or after the JSON if `binary_data_size` is among its parameters."""

    name: str
    shape: list[int | float]
    datatype: str
    parameters: Sent = None
    data: Data | msgspec.UnsetType = msgspec.UNSET


class RequestOutput(msgspec.Struct):
    """A tensor that is asked for."""

    name: str
    parameters: Sent = None


class InferRequest(msgspec.Struct):
    """The body of POST …/infer."""

    inputs: list[RequestInput]
    id: str | int | float | None = None  # answered as a string
    parameters: Sent = None
    outputs: list[RequestOutput] | None = None


class ResponseOutput(msgspec.Struct, omit_defaults=True):
    """A tensor in an answer: in `data`, or after the JSON."""

    name: str
    datatype: str
    shape: list[int]
    parameters: Parameters = {}
    data: Data | msgspec.UnsetType = msgspec.UNSET


class InferResponse(msgspec.Struct, omit_defaults=True):
    """The answer to POST …/infer."""

    model_name: str
    model_version: str
    outputs: list[ResponseOutput]
    id: str | None = None


class TensorMetadata(msgspec.Struct, frozen=True):
    """A tensor's name, type and shape; -1 stands for any number."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(msgspec.Struct, frozen=True):
    """The answer to GET /v2/models/{model}."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ServerMetadata(msgspec.Struct, frozen=True):
    """The answer to GET /v2."""

    name: str
    version: str
    extensions: list[str]


class Live(msgspec.Struct, frozen=True):
    """The answer to GET /v2/health/live."""

    live: bool


class Ready(msgspec.Struct, frozen=True):
    """The answer to GET /v2/health/ready."""

    ready: bool


class ModelReady(msgspec.Struct, frozen=True):
    """The answer to GET …/ready."""

    name: str
    ready: bool


class Failure(msgspec.Struct, frozen=True):
    """Every answer that is an error."""

    error: str


OUTPUTS = (
    TensorMetadata("probabilities", "FP32", [-1, CLASSES]),
    TensorMetadata("log_probabilities", "FP32", [-1, CLASSES]),
    TensorMetadata("label", "INT64", [-1]),
)
OUTPUT_NAMES = tuple(output.name for output in OUTPUTS)
