"""A version of a model's weights: what is known of it, and its safetensors file, written once and never changed.

`Provenance` is the only declaration of what is known: the file's header, the pointer's entries, the API's answers and
the log lines derive from it. `repository` decides which version is current, and which may be removed.
"""

import math
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions import structs
from functions.errors import CorruptDataError, InvalidValueError, NotFoundError
from functions.storage.damage import damage_named
from functions.storage.store import Store
from functions.weights import safetensors
from functions.weights.contributions import Contribution
from functions.weights.tensor_checks import fit

type Tensors = Mapping[str, NDArray[np.float32]]

ID = re.compile(r"[0-9]{8}T[0-9]{9}-[0-9a-f]{8}")
_TIME = "%Y%m%dT%H%M%S%f"
_TIME_LENGTH = len("20260101T000000000")
_MEDIA_TYPE = "application/vnd.safetensors"
_SUFFIX = ".safetensors"
_HEADER = 4096  # bytes that hold the header of any version
SOURCES = (
    "pretrained, untrained (random weights, which a network that is shared by its name starts with), upload, patch, "
    "update, retrain, rollback or room"
)


class Identified(Protocol):
    """Which weights: whose, and which version of them."""

    @property
    def model(self) -> str: ...

    @property
    def version(self) -> str: ...


class Identity(NamedTuple):
    """The name of weights of which nothing else is known."""

    model: str
    version: str


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where a version comes from, and how good it is on the test digits."""

    version: str
    parent: str | None
    source: Annotated[str, msgspec.Meta(description=SOURCES)]
    samples: int  # that it was trained on, beyond its parent
    loss: float
    accuracy: float
    created_at: str
    restores: str | None  # of a rollback: the version whose tensors it has
    temperature: float = 1.0  # by which scores are divided; see `models.calibration`
    least_contrast: float | None = None  # what is below is unlike any digit; None: not measured
    accuracy_error: float | None = None  # its standard error, where only a part of the test digits was read
    lessons: int = 0  # PATCHes that it was trained on, beyond its parent


class Metadata(Provenance, frozen=True, kw_only=True):
    """The same, and whose version it is."""

    model: str


class Version(Metadata, frozen=True, kw_only=True):
    """One version of a model's weights."""

    tensors: Tensors
    etag: str | None = None  # of the pointer that named it current when it was read
    best: float | None = None  # what that pointer said: the best accuracy since the last reset


class History(NamedTuple):
    """A part of a model's history, newest first."""

    current: str  # empty where that is not known: its pointer is damaged
    versions: list[Metadata]
    more: bool  # whether there are older ones


class Change(msgspec.Struct, frozen=True):
    """New weights, ready to be published."""

    tensors: Tensors
    source: str
    loss: float
    accuracy: float
    samples: int = 0
    restores: str | None = None
    temperature: float = 1.0
    least_contrast: float | None = None
    accuracy_error: float | None = None
    lessons: int = 0
    resets: bool = False  # whether later weights are compared with these, however good others have been
    contributions: tuple[Contribution, ...] = ()  # of clients that learn elsewhere, newest first
    taken_back_by: "Change | None" = None  # published right after it: nobody ever predicts with this one


class VersionFiles:
    """One model's versions in a store."""

    def __init__(self, store: Store, model: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._store = store
        self.model = model
        self._shapes = shapes
        self._prefix = f"weights/{model}/"

    def load(self, version: str) -> Version:
        """Return a version.

        Raises:
            NotFoundError: when there is none of that id.
            CorruptDataError: when its file is damaged.
        """
        key = self.key(version)
        body = self._fetch(version, lambda: self._store.get(key).body)
        with damage_named(key):
            tensors, strings = safetensors.decode(body)
            fitted = fit(tensors, self._shapes)
            return Version(**msgspec.structs.asdict(from_strings(strings)), tensors=fitted)

    def readable(self, most: int, newest: str | None = None) -> list[Metadata]:
        """Return what the versions' own files say, newest first, from `newest` on if it is given; at most so many.

        Damaged files are left out; the first file is read whole, of the others only the header. Versions that were
        written and never became current are included: nothing in a file tells whether it did.
        """
        found: list[Metadata] = []
        for version in reversed(self.ids()):
            if len(found) < most and (newest is None or version <= newest):
                with suppress(NotFoundError, CorruptDataError):
                    found.append(self._read_metadata(version) if found else self.load(version))
        return found

    def write(self, version: Version) -> str:
        """Write a version and return its key."""
        key = self.key(version.version)
        body = safetensors.encode(version.tensors, to_strings(version))
        self._store.put(key, body, content_type=_MEDIA_TYPE, if_absent=True)
        return key

    def ids(self) -> list[str]:
        """Return the ids of all stored versions, whether they were ever current or not."""
        keys = [key for key in self._store.keys(self._prefix) if key.endswith(_SUFFIX)]
        return [key.removeprefix(self._prefix).removesuffix(_SUFFIX) for key in keys]

    def remove(self, versions: Sequence[str]) -> None:
        """Remove versions; removing what is not there is no error."""
        self._store.delete(*(self.key(version) for version in versions))

    def key(self, version: str) -> str:
        """Return where a version is; raise `NotFoundError` if it is not a version's id."""
        if not ID.fullmatch(version):
            raise NotFoundError(f"{self.model} has no version {version!r}")
        return f"{self._prefix}{version}{_SUFFIX}"

    def _read_metadata(self, version: str) -> Metadata:
        key = self.key(version)
        start = self._fetch(version, lambda: self._store.start(key, _HEADER))
        with damage_named(key):
            return from_strings(safetensors.decode_metadata(start))

    def _fetch(self, version: str, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except NotFoundError as error:
            raise NotFoundError(f"{self.model} has no version {version!r}") from error


def version_of(
    model: str, new: Change, parent: str | None, shapes: Mapping[str, tuple[int, ...]], created: datetime
) -> Version:
    """Return new weights as a version of a model.

    Raises:
        InvalidValueError: when they have other shapes, or they or their loss are no numbers.
    """
    if not math.isfinite(new.loss):
        raise InvalidValueError(f"with these weights the loss on the test digits is {new.loss}: not a number")
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
        temperature=new.temperature,
        least_contrast=new.least_contrast,
        accuracy_error=new.accuracy_error,
        lessons=new.lessons,
        tensors=fit(new.tensors, shapes),
    )


def new_id(created: datetime, parent: str | None = None) -> str:
    """Return an id that sorts by time, that no other process can have, and that is greater than its parent's.

    It is greater even if the clock of the parent's writer was ahead: `pruning.superfluous` relies on that.
    """
    stamp = _stamp(created)
    if parent is not None and stamp <= parent[:_TIME_LENGTH]:
        stamp = _stamp(datetime.strptime(parent[:_TIME_LENGTH], _TIME) + timedelta(milliseconds=1))
    return f"{stamp}-{secrets.token_hex(4)}"


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """Return a moment of UTC as ISO 8601, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def known(version: Metadata) -> dict[str, str | int | float | None]:
    """Return what is known of a version, by name, its model first."""
    return {name: getattr(version, name) for name in ("model", *Provenance.__struct_fields__)}


def to_strings(version: Metadata) -> dict[str, str]:
    """Return what is known as safetensors has it, strings only; what is None is left out."""
    return {name: str(value) for name, value in known(version).items() if value is not None}


def from_strings(strings: Mapping[str, str]) -> Metadata:
    """Return what `to_strings` has written.

    Raises:
        ValueError: when something is missing, or is not a number.
    """
    return structs.convert({"parent": None, "restores": None, **strings}, Metadata, strict=False)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}"
