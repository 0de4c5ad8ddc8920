"""The pointer to a model's current version: one small object, replaced by compare-and-swap.

It holds the provenance of the versions that came before as well, so that the history is read in one call, and so that
a writer whose answer got lost can tell whether it had taken effect. The versions themselves are left to `weights`.
"""

from collections.abc import Callable, Sequence

import msgspec

from functions.errors import ConflictError, CorruptDataError, NotFoundError, UnavailableError
from functions.store import Store
from functions.versions import Metadata

_REMEMBERED = 32  # versions in a pointer at least, however few are kept: enough to find one's own a moment later


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a version; without field names, since there are hundreds of them in a pointer."""

    version: str
    parent: str | None
    source: str
    samples: int
    loss: float
    accuracy: float
    created_at: str
    restores: str | None = None

    @classmethod
    def of(cls, version: Metadata) -> "Entry":
        """Return what is known of a version."""
        return cls(*(getattr(version, name) for name in cls.__struct_fields__))

    def metadata(self, model: str) -> Metadata:
        """Return it as the rest of the code has it."""
        return Metadata(model=model, **msgspec.structs.asdict(self))


class Pointer(msgspec.Struct, frozen=True):
    """What `current.json` holds."""

    version: str
    key: str
    updated_at: str
    count: int = 0  # publications so far
    history: tuple[Entry, ...] = ()  # this version and those it came from, newest first

    def followed_by(self, version: Metadata, key: str, keep: int) -> "Pointer":
        """Return the pointer to this one's successor."""
        remembered = self.history[: max(keep, _REMEMBERED) - 1]
        return Pointer(version.version, key, version.created_at, self.count + 1, (Entry.of(version), *remembered))


class PointerFile:
    """A model's pointer in a store."""

    def __init__(self, store: Store, model: str, walk: Callable[[str], Sequence[Metadata]]) -> None:
        """`walk` finds the history of a version, for pointers written before they held it."""
        self._store = store
        self._model = model
        self._key = f"weights/{model}/current.json"
        self._walk = walk

    def read(self) -> tuple[Pointer, str]:
        """Return the pointer and its ETag.

        Raises:
            NotFoundError: when nothing has been published yet.
        """
        try:
            stored = self._store.get(self._key)
        except NotFoundError as error:
            raise NotFoundError(f"no weights of {self._model!r} have been published yet") from error
        try:
            pointer = msgspec.json.decode(stored.body, type=Pointer)
        except msgspec.DecodeError as error:
            raise CorruptDataError(f"{self._key} is damaged: {error}") from error
        if not pointer.history:
            pointer = msgspec.structs.replace(pointer, history=tuple(map(Entry.of, self._walk(pointer.version))))
        return pointer, stored.etag

    def move(self, pointer: Pointer, if_match: str | None) -> str:
        """Replace the pointer that has this ETag (None: create it) and return the new one's.

        Raises:
            ConflictError: when it has another one by now.
            UnavailableError: when the store fails; the pointer may still have been replaced.
        """
        body = msgspec.json.encode(pointer)
        guard = {"if_match": if_match} if if_match is not None else {"if_absent": True}
        try:
            return self._store.put(self._key, body, content_type="application/json", **guard)
        except (ConflictError, UnavailableError):
            # A write whose answer got lost is sent again, and then loses against itself, or against its successors.
            etag = self._etag_if_holding(pointer.version)
            if etag is None:
                raise
            return etag

    def _etag_if_holding(self, version: str) -> str | None:
        try:
            found, etag = self.read()
        except NotFoundError:
            return None
        return etag if any(entry.version == version for entry in found.history) else None
