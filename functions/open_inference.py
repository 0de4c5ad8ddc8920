"""The Open Inference Protocol (KServe's version 2): its JSON types, and what any transport does with a request.

Bytes beside JSON are left to `binary_tensors`, tensors to `tensor_data`, HTTP and gRPC to those who serve them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions import VERSION
from functions.block import CLASSES, PIXELS
from functions.errors import InvalidValueError, NotFoundError, UnavailableError
from functions.service import Predictor

INPUT = "images"
PLATFORM = "onnx_onnxv1"
_CHUNK = 500  # images in a run: convolutions need 0.2 MB for each
_REFUSED = ("classification", "shared_memory_region")  # parameters that would change what an answer is

type Parameters = dict[str, bool | int | float | str]
type Data = Annotated[
    msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "array", "description": "row-major, nested or flat"})
]


class RequestInput(msgspec.Struct):
    """A tensor that is sent: in `data`, or behind the JSON when `binary_data_size` is among its parameters."""

    name: str
    shape: list[int]
    datatype: str
    parameters: Parameters = {}
    data: Data = msgspec.Raw()


class RequestOutput(msgspec.Struct):
    """A tensor that is asked for."""

    name: str
    parameters: Parameters = {}


class InferRequest(msgspec.Struct):
    """The body of POST …/infer."""

    inputs: list[RequestInput]
    id: str | None = None
    parameters: Parameters = {}
    outputs: list[RequestOutput] = []


class ResponseOutput(msgspec.Struct, omit_defaults=True):
    """A tensor that is answered: in `data`, or behind the JSON."""

    name: str
    datatype: str
    shape: list[int]
    parameters: Parameters = {}
    data: Data = msgspec.Raw()


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
_OUTPUT_NAMES = tuple(output.name for output in OUTPUTS)


class Models(Protocol):
    """Where models are found by name."""

    def model_names(self) -> list[str]:
        """Return the names of all models."""
        ...

    def predictor(self, name: str) -> Predictor:
        """Return a model; raise `NotFoundError` naming those there are."""
        ...


@dataclass(frozen=True)
class Inference:
    """What a model answers: the tensors that were asked for, in that order."""

    model: str
    version: str
    outputs: dict[str, NDArray[np.generic]]


def server_metadata(*extensions: str) -> ServerMetadata:
    """Return what this server is, and which extensions a transport offers."""
    return ServerMetadata("scrawl", VERSION, list(extensions))


def model_metadata(models: Models, name: str, version: str | None = None) -> ModelMetadata:
    """Return what a model takes and gives, and which versions of it can be asked for, the current one first.

    Raises:
        NotFoundError: when there is no such model or version.
    """
    predictor = models.predictor(name)
    if version is not None:
        predictor.reader(version)
    inputs = [TensorMetadata(INPUT, "FP32", [-1, PIXELS])]
    return ModelMetadata(name, predictor.versions(), PLATFORM, inputs, list(OUTPUTS))


def check_ready(models: Models) -> None:
    """Make sure that every model can serve.

    Raises:
        UnavailableError: when one has no weights yet, or there is none, or the store is away.
        CorruptDataError: when what is stored of one is damaged.
    """
    names = models.model_names()
    if not names:
        raise UnavailableError("not ready: there is no model yet; run `scrawl seed`")
    for name in names:
        check_model_ready(models, name)


def check_model_ready(models: Models, name: str, version: str | None = None) -> None:
    """Make sure that a model can serve; see `check_ready`.

    Raises:
        NotFoundError: when there is no such model or version.
    """
    predictor = models.predictor(name)
    if version is not None:
        predictor.reader(version)
        return
    try:
        predictor.serving()
    except NotFoundError as error:
        raise UnavailableError(f"not ready: {error}") from error


def check_parameters(where: str, parameters: Mapping[str, object]) -> None:
    """Refuse parameters that ask for another answer than the one there is; others are none of ours.

    Raises:
        InvalidValueError: naming the parameter.
    """
    for name in _REFUSED:
        if name in parameters:
            raise InvalidValueError(f"{where}: the parameter {name!r} is not supported here")


def check_inputs(names: Sequence[str]) -> None:
    """Refuse inputs that no model here has.

    Raises:
        InvalidValueError: saying which one is expected.
    """
    if list(names) != [INPUT]:
        raise InvalidValueError(f"expected exactly one input, {INPUT!r}, got {', '.join(map(repr, names)) or 'none'}")


def chosen_outputs(names: Sequence[str]) -> Sequence[str]:
    """Return the outputs to answer with: those asked for, or all.

    Raises:
        InvalidValueError: when one is unknown, naming those there are, or asked for twice.
    """
    if unknown := [name for name in names if name not in _OUTPUT_NAMES]:
        raise InvalidValueError(f"there is no output {unknown[0]!r}; there are: {', '.join(_OUTPUT_NAMES)}")
    if len(set(names)) < len(names):
        raise InvalidValueError(f"every output can be asked for once, got {', '.join(names)}")
    return names or _OUTPUT_NAMES


def infer(
    models: Models,
    name: str,
    version: str | None,
    images: NDArray[np.float32],
    outputs: Sequence[str],
    go_on: Callable[[], None] = lambda: None,
) -> Inference:
    """Recognise images (B, 784). `go_on` is called now and then, and raises when nobody waits any more.

    Raises:
        NotFoundError: when there is no such model or version.
    """
    identity, score = models.predictor(name).reader(version)
    parts = []
    for start in range(0, len(images), _CHUNK):
        go_on()
        parts.append(score(images[start : start + _CHUNK]))
    scores = np.concatenate(parts)  # (B, K)
    made: dict[str, Callable[[], NDArray[np.generic]]] = {
        "probabilities": lambda: np.exp(scores),
        "log_probabilities": lambda: scores,
        "label": lambda: scores.argmax(1).astype(np.int64),
    }
    return Inference(identity.model, identity.version, {output: made[output]() for output in outputs})
