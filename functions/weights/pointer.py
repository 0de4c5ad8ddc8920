"""The pointer to a model's current version: one small object, replaced by compare-and-swap.

It also holds the provenance of the versions that came before, so that reading the history is one call, and so that a
writer whose answer got lost can tell whether its write took effect. A damaged or lost pointer is rebuilt from the
versions' own files, which `versions` reads and writes. `pruning` removes what the history no longer names.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from functions import structs
from functions.errors import ConflictError, CorruptDataError, NotFoundError, UnavailableError
from functions.storage.damage import damage_named
from functions.storage.store import Store, StoredObject
from functions.weights import lesson_log
from functions.weights.contributions import Contribution, remembered
from functions.weights.lesson_log import LessonLog, LessonLogFiles
from functions.weights.versions import ID, Change, Metadata, Provenance, Version

REPAIR = "a rollback to a version that can be read, or a retraining, repairs that"
UNPUBLISHED = "no weights of '{model}' have been published yet; `scrawl seed` does"
_ATTEMPTS = 12
_REMEMBERED = 32  # versions in a pointer at least, however few are kept: a writer looks for its own there


class Entry(Provenance, frozen=True, kw_only=True, array_like=True):
    """What is known of a version; an array without field names, since a pointer has hundreds of them."""

    restores: str | None = None  # older entries have none

    @classmethod
    def of(cls, version: Provenance) -> "Entry":
        """Return what is known of a version."""
        return structs.convert(version, cls, from_attributes=True)

    def metadata(self, model: str) -> Metadata:
        """Return it together with its model."""
        return Metadata(model=model, **msgspec.structs.asdict(self))


class Pointer(msgspec.Struct, frozen=True):
    """What `current.json` holds."""

    version: str
    key: str
    updated_at: str
    count: int = 0  # publications so far
    history: tuple[Entry, ...] = ()  # this version and those it came from, newest first
    best: float | None = None  # accuracy since the last reset; older pointers have none
    read: dict[str, str] = {}  # how far each shard of the stream of lessons was read
    log: str | None = None  # the name of the log of lessons
    contributions: tuple[Contribution, ...] = ()  # of clients that learn elsewhere, newest first

    @property
    def mark(self) -> float | None:
        """The best accuracy since the last reset, which new weights are compared with; None: no version is known."""
        if self.best is None and self.history:
            return self.history[0].accuracy
        return self.best

    def followed_by(self, version: Version, key: str, keep: int, change: Change) -> "Pointer":
        """Return the pointer to what a change has made of this one's version.

        The mark follows it up, and down as well if it resets it. An accuracy on a part of the test digits is no mark:
        it may be too high by chance.
        """
        best = version.accuracy if self.mark is None else self.mark
        if version.accuracy_error is None:
            best = version.accuracy if change.resets else max(best, version.accuracy)
        entries = (Entry.of(version), *self.history[: max(keep, _REMEMBERED) - 1])
        new = [msgspec.structs.replace(one, version=version.version) for one in change.contributions]
        return msgspec.structs.replace(
            self,
            version=version.version,
            key=key,
            updated_at=version.created_at,
            count=self.count + 1,
            history=entries,
            best=best,
            contributions=remembered((*new, *self.contributions), entries),
        )


class Found(NamedTuple):
    """What is known of a pointer."""

    pointer: Pointer  # without a history where nothing can be read
    etag: str | None  # of what is stored, damaged or not; None: nothing is
    damage: Exception | None = None  # why the pointer had to be rebuilt; None: it is the stored one


class PointerFile:
    """A model's pointer in a store."""

    def __init__(
        self,
        store: Store,
        model: str,
        readable: Callable[[str | None], Sequence[Metadata]],
        logs: LessonLogFiles,
        unpublished: str = UNPUBLISHED,
    ) -> None:
        """`readable` returns what the versions' files say, newest first, from a version on; None: from the newest.

        `unpublished` is what to say where there is no pointer.
        """
        self._model = model
        self._unpublished = unpublished.format(model=model)
        self._logs = logs
        self._store = store
        self._key = f"weights/{model}/current.json"
        self._readable = readable

    def read(self) -> tuple[Pointer, str]:
        """Return the pointer and its ETag.

        Raises:
            NotFoundError: when nothing has been published yet.
            CorruptDataError: when it is damaged.
        """
        stored = self._stored()
        return self._decoded(stored), stored.etag

    def follow[T](self, load: Callable[[Pointer, str], T]) -> T:
        """Return what `load` makes of the pointer and its ETag: it loads what the pointer names.

        It raises `ConflictError` where that has been replaced and removed meanwhile; then the pointer is read again.
        """
        for _ in range(_ATTEMPTS):
            with suppress(ConflictError):
                return load(*self.read())
        raise ConflictError(f"{self._model} changes faster than it can be read")

    def read_or_rebuild(self) -> Found:
        """Return the pointer; where it is damaged or missing, one to the newest version that can be read."""
        etag = None
        try:
            stored = self._stored()
            etag = stored.etag
            return Found(self._decoded(stored), etag)
        except (NotFoundError, CorruptDataError) as error:
            history = tuple(map(Entry.of, self._readable(None)))
            newest = history[0].version if history else ""
            name, log = self._logs.newest() or (None, LessonLog())
            return Found(Pointer(newest, "", "", len(history), history, read=log.read, log=name), etag, error)

    def move(self, pointer: Pointer, if_match: str | None) -> str:
        """Replace the pointer that has this ETag (None: create it) and return the new one's.

        Raises:
            ConflictError: when it has another one by now.
            UnavailableError: when the store fails; the pointer may still have been replaced.
        """
        body = msgspec.json.encode(pointer)
        condition = {"if_match": if_match} if if_match is not None else {"if_absent": True}
        try:
            return self._store.put(self._key, body, content_type="application/json", **condition)
        except (ConflictError, UnavailableError):
            # A write whose answer got lost is sent again, and then loses against itself, or against its successors.
            etag = self._etag_if_holding(pointer)
            if etag is None:
                raise
            return etag

    def _etag_if_holding(self, moved: Pointer) -> str | None:
        try:
            found, etag = self.read()
        except (NotFoundError, CorruptDataError):
            return None
        if moved.log is not None and moved.log > moved.version:  # the log is what was new, and not the version
            return etag if moved.log == found.log else None
        return etag if any(entry.version == moved.version for entry in found.history) else None

    def _stored(self) -> StoredObject:
        try:
            return self._store.get(self._key)
        except NotFoundError as error:
            raise NotFoundError(self._unpublished) from error

    def _decoded(self, stored: StoredObject) -> Pointer:
        with damage_named(self._key, REPAIR):
            pointer = structs.decode(stored.body, Pointer)
            if not ID.fullmatch(pointer.version):
                raise ValueError(f"{pointer.version!r} is not a version")
            lesson_log.check(pointer.read.values())
        if not pointer.history:
            entries = tuple(map(Entry.of, self._readable(pointer.version)))
            pointer = msgspec.structs.replace(pointer, history=entries)
        return pointer
