"""The shape of answers: for `openapi`, and so for the tests that hold the routes to it."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from functions.api.weights_types import VersionAnswer
from functions.jobs.jobs import Job
from functions.models.manifest import Layer


class Split(msgspec.Struct):
    """How many digits a part of the dataset has, and in how many shards."""

    count: int
    shards: int


class DatasetSummary(msgspec.Struct):
    """Which digits are here; `notice` says so when they are not MNIST."""

    dataset: str
    title: str
    notice: str
    id: str
    splits: dict[str, Split]


class ParameterSummary(msgspec.Struct):
    """A tensor of a model's weights."""

    name: str
    shape: list[int]


class ModelSummary(msgspec.Struct):
    """A model; one that was imported is not trainable, and neither its layers nor its parameters are known."""

    model: str
    title: str
    trainable: bool
    parameter_count: int
    layers: list[Layer]
    parameters: list[ParameterSummary]


class ServiceAnswer(msgspec.Struct):
    """What is here, and where to go on."""

    name: str
    version: str
    dataset: DatasetSummary
    models: list[ModelSummary]
    links: dict[str, str]


class WeightsAnswer(VersionAnswer, kw_only=True):
    """Weights and where they come from."""

    tensors: Annotated[
        dict[str, list[Any]],
        Meta(description="nested lists of numbers, named and laid out as in PyTorch's state_dict"),
    ]


class JobAnswer(msgspec.Struct):
    """A retraining."""

    job: Job


class Problem(msgspec.Struct):
    """What was wrong: what was expected, what came, and where."""

    code: str
    message: str
    field: str | UnsetType = UNSET


class ErrorAnswer(msgspec.Struct):
    """Every answer that is an error."""

    error: Problem
