"""What any transport does with a request of the Open Inference Protocol: metadata, checks, inference.

`readiness` says whether models can serve, `binary_tensors` has the extension for bytes, `input_tensors` reads
tensors as images, and each transport serves its own protocol.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from functions import VERSION
from functions.dataset.block import PIXELS
from functions.errors import InvalidValueError
from functions.models.inference import Scorer, finite
from functions.oip.messages import (
    OUTPUT_NAMES,
    OUTPUTS,
    PLATFORM,
    ModelMetadata,
    ServerMetadata,
    TensorMetadata,
)
from functions.weights.versions import Identified

_CHUNK = 500  # images in a run: convolutions need 0.2 MB for each
_REFUSED = ("classification", "shared_memory_region")  # parameters that would change what an answer is


class Servable(Protocol):
    """A model, as far as this protocol needs it. Safe to share between threads."""

    @property
    def input_name(self) -> str:
        """Return what its only input is called."""
        ...

    def reader(self, version: str | None = None) -> tuple[Identified, Scorer]:
        """Return which weights a version has (None: the current ones), and what reads images with them.

        Raises:
            NotFoundError: when there is no such version.
        """
        ...

    def versions(self) -> list[str]:
        """Return the versions that `reader` takes, the current one first."""
        ...

    def serving(self) -> object:
        """Read what a prediction needs, unless that has been done."""
        ...


class Models(Protocol):
    """Where models are found by name."""

    def model_names(self) -> list[str]:
        """Return the names of all models."""
        ...

    def predictor(self, name: str) -> Servable:
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
    inputs = [TensorMetadata(predictor.input_name, "FP32", [-1, PIXELS])]
    return ModelMetadata(name, predictor.versions(), PLATFORM, inputs, list(OUTPUTS))


def check_parameters(where: str, parameters: Mapping[str, object] | None) -> None:
    """Refuse parameters that would change the answer, and ignore all others.

    Raises:
        InvalidValueError: naming the parameter.
    """
    for name in _REFUSED:
        if parameters and name in parameters:
            raise InvalidValueError(f"{where}: the parameter {name!r} is not supported here")


def check_inputs(names: Sequence[str]) -> None:
    """Refuse more or fewer inputs than the one that every model here has; it may have any name.

    Raises:
        InvalidValueError: saying what is expected.
    """
    if len(names) != 1:
        found = ", ".join(map(repr, names)) or "none"
        raise InvalidValueError(f"expected exactly one input, the images, got {found}")


def chosen_outputs(names: Sequence[str]) -> Sequence[str]:
    """Return the outputs to answer with: those asked for, or all.

    Raises:
        InvalidValueError: when one is unknown, naming those there are, or asked for twice.
    """
    if unknown := [name for name in names if name not in OUTPUT_NAMES]:
        raise InvalidValueError(f"there is no output {unknown[0]!r}; there are: {', '.join(OUTPUT_NAMES)}")
    if len(set(names)) < len(names):
        raise InvalidValueError(f"every output can be asked for once, got {', '.join(names)}")
    return names or OUTPUT_NAMES


def infer(
    models: Models,
    name: str,
    version: str | None,
    images: NDArray[np.float32],
    outputs: Sequence[str],
    check: Callable[[], None] = lambda: None,
) -> Inference:
    """Recognise images (B, 784). `check` is called now and then, and raises once nobody waits for the answer.

    Raises:
        NotFoundError: when there is no such model or version.
    """
    identity, score = models.predictor(name).reader(version)
    parts = []
    for start in range(0, len(images), _CHUNK):
        check()
        parts.append(finite(score(images[start : start + _CHUNK]), identity))
    scores = np.concatenate(parts)  # (B, K)
    made: dict[str, Callable[[], NDArray[np.generic]]] = {
        "probabilities": lambda: np.exp(scores),
        "log_probabilities": lambda: scores,
        "label": lambda: scores.argmax(1).astype(np.int64),
    }
    return Inference(identity.model, identity.version, {output: made[output]() for output in outputs})
