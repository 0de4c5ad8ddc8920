"""The JSON of `/weights` and `/weights/…`, beside the tensors themselves: provenance, history, rollback."""

import msgspec

from functions.errors import InvalidValueError
from functions.weights.versions import ID, Metadata

LISTED, MOST_LISTED = 50, 1000  # versions in an answer that does not say, and in any


class Provenance(msgspec.Struct, kw_only=True):
    """Where a version comes from, and how good it is on the test digits."""

    version: str
    parent: str | None
    source: str  # pretrained, upload, patch, retrain, rollback
    samples: int  # that it was trained on, beyond its parent
    loss: float
    accuracy: float
    created_at: str
    restores: str | None  # of a rollback


class VersionAnswer(Provenance, kw_only=True):
    """The answer of POST /weights and of POST /weights/rollback."""

    model: str


class LessonAnswer(VersionAnswer, kw_only=True):
    """The answer of PATCH /weights; the batch is measured before the step."""

    batch_loss: float
    batch_accuracy: float


class Listed(Provenance, kw_only=True):
    """A version in a history."""

    current: bool


class HistoryAnswer(msgspec.Struct):
    """The answer of GET /weights/history, newest first."""

    model: str
    versions: list[Listed]
    next: str | None  # the address of older ones


class RollbackBody(msgspec.Struct):
    """The body of POST /weights/rollback."""

    version: str


def provenance(version: Metadata) -> dict[str, object]:
    """Return what is known of a version as `VersionAnswer` has it."""
    return {name: getattr(version, name) for name in ("model", *Provenance.__struct_fields__)}


def listed(version: Metadata, current: str) -> Listed:
    """Return a version's line in the history."""
    known = {name: getattr(version, name) for name in Provenance.__struct_fields__}
    return Listed(**known, current=version.version == current)


def limit(text: str | None) -> int:
    """Return how many versions are wanted."""
    if text is None:
        return LISTED
    if not (text.isdecimal() and text.isascii() and len(text) < 9 and 1 <= int(text) <= MOST_LISTED):
        raise InvalidValueError(f"limit is a whole number from 1 to {MOST_LISTED}, got {text!r}", "limit")
    return int(text)


def before(text: str | None) -> str | None:
    """Return the version whose predecessors are wanted; None: begin with the current one."""
    if text is not None and not ID.fullmatch(text):
        raise InvalidValueError(f"before is a version, like 20260131T235959999-0123abcd, got {text!r}", "before")
    return text
