"""The store in memory: for tests, and for trying things out."""

import hashlib
import threading

from functions.errors import ConflictError, NotFoundError
from functions.storage.store import StoredObject


class MemoryStore:
    """Objects in a dictionary. Safe to share between threads."""

    def __init__(self, copy_of: "MemoryStore | None" = None) -> None:
        """Start empty, or with what another store holds now."""
        self._objects: dict[str, StoredObject] = dict(copy_of._objects) if copy_of else {}
        self._lock = threading.Lock()

    def get(self, key: str) -> StoredObject:
        """Return an object; raise `NotFoundError` naming the key."""
        with self._lock:
            if key not in self._objects:
                raise NotFoundError(f"no object {key!r} in the store")
            return self._objects[key]

    def start(self, key: str, length: int) -> bytes:
        """Return at most the first `length` bytes of an object; raise `NotFoundError` naming the key."""
        return self.get(key).body[:length]

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str = "application/octet-stream",  # noqa: ARG002 — part of the interface
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> str:
        """Write an object and return its ETag; see `Store.put`."""
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        with self._lock:
            present = self._objects.get(key)
            if if_absent and present is not None:
                raise ConflictError(f"object {key!r} exists already")
            if if_match is not None and (present is None or present.etag != if_match):
                came = present.etag if present else "no object"
                raise ConflictError(f"object {key!r} has changed: expected {if_match}, found {came}")
            self._objects[key] = StoredObject(bytes(body), etag)
        return etag

    def delete(self, *keys: str) -> None:
        """Remove objects; removing what is not there is no error."""
        with self._lock:
            for key in keys:
                self._objects.pop(key, None)

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`, sorted."""
        with self._lock:
            return sorted(key for key in self._objects if key.startswith(prefix))
