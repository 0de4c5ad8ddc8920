"""The JSON of answers, as types. `openapi` documents them, and tests compare every answer with them.

No route imports them: they would cost a cold start 2 ms.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from functions.api.request_types import Label, Sample
from functions.dataset.block import CLASSES
from functions.jobs.jobs import Job
from functions.lessons.inbox import LessonReport
from functions.models.manifest import Layer
from functions.prediction_warnings import PredictionWarning
from functions.weights.versions import Metadata, Provenance


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


class Guess(msgspec.Struct, kw_only=True):
    """Which digit it is, and how probable each of the ten is."""

    label: Label
    probabilities: Annotated[list[float], Meta(extra_json_schema={"minItems": CLASSES, "maxItems": CLASSES})]
    warnings: (
        Annotated[list[PredictionWarning], Meta(description="why the answer may be wrong, if something says so")]
        | UnsetType
    ) = UNSET


class GuessAnswer(Guess, kw_only=True):
    """The answer to one digit, and which weights gave it."""

    model: str
    version: str


class GuessesAnswer(msgspec.Struct):
    """The answer to several digits, in their order."""

    predictions: list[Guess]
    model: str
    version: str


class DataAnswer(msgspec.Struct):
    """Labelled digits."""

    data: list[Sample]


class VersionAnswer(Metadata, frozen=True):
    """The answer of POST /weights and of POST /weights/rollback."""


class LessonAnswer(VersionAnswer, frozen=True, kw_only=True):
    """The answer of PATCH /weights; the batch is measured before the step.

    `taken_back_by` names the version that is current instead, where the step made the weights clearly worse.
    """

    batch_loss: float
    batch_accuracy: float
    taken_back_by: str | None


class LessonReportAnswer(msgspec.Struct):
    """A lesson on the stream; where it is learned, `version` is the first that has it."""

    lesson: LessonReport


class LearningAnswer(VersionAnswer, frozen=True, kw_only=True):
    """The answer of GET /weights/updates: the current version, and how many clients learn together."""

    participants: Annotated[int, Meta(description="clients that have sent an update within the last minute")]


class UpdateAnswer(LearningAnswer, frozen=True, kw_only=True):
    """The answer of POST /weights/updates; `weight` is null where the same request has come before."""

    weight: Annotated[float, Meta(description="with which the update was averaged in, above 0 and at most 1")] | None


class RoomSummary(msgspec.Struct):
    """A room: what it learns, until when, and how far it is."""

    model: str
    created_at: str
    expires_at: str
    version: str
    accuracy: float
    participants: Annotated[int, Meta(description="clients that have sent an update within the last minute")]


class RoomAnswer(msgspec.Struct):
    """The answer of GET /rooms/{code}."""

    room: RoomSummary


class OpenedRoomAnswer(RoomAnswer):
    """The answer of POST /rooms; `owner_code` is for whoever opened it, and is said only here."""

    code: str
    owner_code: str


class Listed(Provenance, frozen=True, kw_only=True):
    """A version in a history."""

    current: bool


class HistoryAnswer(msgspec.Struct):
    """The answer of GET /weights/history, newest first."""

    model: str
    versions: list[Listed]
    next: str | None  # the address of older ones


class WeightsAnswer(VersionAnswer, frozen=True, kw_only=True):
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
