"""A version of a model's weights: what is known of it, and how that is written into its safetensors file.

Which version is current is left to `weights`.
"""

import math
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.errors import InvalidValueError
from functions.weights import tensors

type Tensors = Mapping[str, NDArray[np.float32]]
type Scorer = Callable[[NDArray[np.float32]], NDArray[np.float32]]  # (B, 784) in 0..1 → (B, 10) log-probabilities

ID = re.compile(r"[0-9]{8}T[0-9]{9}-[0-9a-f]{8}")
_TIME = "%Y%m%dT%H%M%S%f"
_TIME_LENGTH = len("20260101T000000000")


@dataclass(frozen=True)
class Identity:
    """Which weights: whose, and which version of them."""

    model: str
    version: str


@dataclass(frozen=True)
class Metadata(Identity):
    """How a version came to be, and how good it is on test digits."""

    parent: str | None
    source: str  # pretrained, upload, patch, retrain, rollback
    samples: int  # that this version was trained on, beyond its parent
    loss: float
    accuracy: float
    created_at: str
    restores: str | None = field(default=None, kw_only=True)  # of a rollback: the version whose tensors it has


@dataclass(frozen=True)
class Version(Metadata):
    """One version of a model's weights."""

    tensors: Tensors
    etag: str | None = None  # of the pointer that named it current when it was read


@dataclass(frozen=True)
class History:
    """A part of a model's history, newest first."""

    current: str  # empty where that is not known: its pointer is damaged
    versions: list[Metadata]
    more: bool  # whether there are older ones


@dataclass(frozen=True)
class Change:
    """New weights, ready to be published."""

    tensors: Tensors
    source: str
    loss: float
    accuracy: float
    samples: int = 0
    restores: str | None = None


def version_of(model: str, new: Change, parent: str | None, shapes: Mapping[str, tuple[int, ...]]) -> Version:
    """Return new weights as a version of a model.

    Raises:
        InvalidValueError: when they have other shapes, or they or their loss are no numbers.
    """
    if not math.isfinite(new.loss):
        raise InvalidValueError(f"with these weights the loss on the test digits is {new.loss}: not a number")
    created = datetime.now(UTC)
    return Version(
        model=model,
        version=new_id(created, parent),
        parent=parent,
        source=new.source,
        samples=new.samples,
        loss=new.loss,
        accuracy=new.accuracy,
        created_at=iso(created),
        restores=new.restores,
        tensors=tensors.fit(new.tensors, shapes),
    )


def new_id(created: datetime, parent: str | None = None) -> str:
    """Return an id that sorts by time, that no other process can have, and that is greater than its parent's.

    The last holds even where the parent's writer had a clock that was ahead: `pruning` relies on it.
    """
    stamp = _stamp(created)
    if parent is not None and stamp <= parent[:_TIME_LENGTH]:
        stamp = _stamp(datetime.strptime(parent[:_TIME_LENGTH], _TIME) + timedelta(milliseconds=1))
    return f"{stamp}-{secrets.token_hex(4)}"


def iso(moment: datetime) -> str:
    """Return a moment of UTC as ISO 8601, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_strings(version: Metadata) -> dict[str, str]:
    """Return the metadata as safetensors has it, strings only; what is None is left out."""
    values = {field.name: getattr(version, field.name) for field in fields(Metadata)}
    return {name: str(value) for name, value in values.items() if value is not None}


def from_strings(strings: Mapping[str, str]) -> dict[str, Any]:
    """Return the metadata's fields from what `to_strings` has written.

    Raises:
        KeyError: when one is missing.
        ValueError: when one is no number.
    """
    return {
        "model": strings["model"],
        "version": strings["version"],
        "parent": strings.get("parent"),
        "source": strings["source"],
        "samples": int(strings["samples"]),
        "loss": float(strings["loss"]),
        "accuracy": float(strings["accuracy"]),
        "created_at": strings["created_at"],
        "restores": strings.get("restores"),
    }


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}"
