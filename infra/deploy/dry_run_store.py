"""The store of a dry run: it reads from another store, and keeps what is written in memory."""

from collections.abc import Iterable

from functions.storage.memory import MemoryStore
from functions.storage.store import Store, StoredObject


class DryRunStore:
    """What a store would be after some writes, which never reach it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written = MemoryStore()
        self._changed: set[str] = set()

    def get(self, key: str) -> StoredObject:
        """Return an object as it would be."""
        return self._of(key).get(key)

    def start(self, key: str, length: int) -> bytes:
        """Return the first bytes of an object as it would be."""
        return self._of(key).start(key, length)

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str = "application/octet-stream",
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> str:
        """Remember a write. Its conditions are ignored: nobody else writes here."""
        del if_match, if_absent
        self._changed.add(key)
        return self._written.put(key, body, content_type=content_type)

    def delete(self, *keys: str) -> None:
        """Remember that objects are gone."""
        self._changed.update(keys)
        self._written.delete(*keys)

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that there would be."""
        return sorted({*self._unchanged(self._store.keys(prefix)), *self._written.keys(prefix)})

    def _of(self, key: str) -> Store:
        return self._written if key in self._changed else self._store

    def _unchanged(self, keys: Iterable[str]) -> set[str]:
        return set(keys) - self._changed
