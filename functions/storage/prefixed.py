"""The part of a store below a prefix, as a store of its own."""

from functions.storage.store import Store, StoredObject


class PrefixedStore:
    """A store whose keys all have a prefix, which nobody who uses it sees or leaves."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store, self._prefix = store, prefix

    def get(self, key: str) -> StoredObject:
        """Return an object; see `Store.get`."""
        return self._store.get(self._prefix + key)

    def start(self, key: str, length: int) -> bytes:
        """Return an object's first bytes; see `Store.start`."""
        return self._store.start(self._prefix + key, length)

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str = "application/octet-stream",
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> str:
        """Write an object; see `Store.put`."""
        return self._store.put(
            self._prefix + key, body, content_type=content_type, if_match=if_match, if_absent=if_absent
        )

    def delete(self, *keys: str) -> None:
        """Remove objects; see `Store.delete`."""
        self._store.delete(*(self._prefix + key for key in keys))

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`, sorted."""
        return [key.removeprefix(self._prefix) for key in self._store.keys(self._prefix + prefix)]
