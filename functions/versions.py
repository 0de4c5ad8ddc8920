"""A version of a model's weights: what is known of it, and how that is written into its safetensors file.

Which version is current is left to `weights`.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Tensors = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Identity:
    """Which weights: whose, and which version of them."""

    model: str
    version: str


@dataclass(frozen=True)
class Metadata(Identity):
    """How a version came to be, and how good it is on test digits."""

    parent: str | None
    source: str  # pretrained, train, patch, retrain, …
    samples: int  # that this version was trained on, beyond its parent
    loss: float
    accuracy: float
    created_at: str


@dataclass(frozen=True)
class Version(Metadata):
    """One version of a model's weights."""

    tensors: Tensors
    etag: str | None = None  # of the pointer that named it current when it was read


@dataclass(frozen=True)
class Change:
    """New weights, ready to be published."""

    tensors: Tensors
    source: str
    loss: float
    accuracy: float
    samples: int = 0


def new_id(created: datetime) -> str:
    """Return an id that sorts by time and that no other process can have."""
    return f"{created:%Y%m%dT%H%M%S}{created.microsecond // 1000:03}-{secrets.token_hex(4)}"


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
    }
