"""The local S3 as it is seeded: a store that reads the files themselves, and writes as everybody does, through S3.

A start looks at a hundred objects, all of the digits among them. Asking moto for each would take half of the start.
"""

import hashlib
from collections.abc import Callable
from functools import cached_property

from functions.storage.store import Store, StoredObject
from infra.local.s3_server import LocalS3


class SeedingStore:
    """A store whose bytes come from the local S3's folder; `through_s3` makes the store for the rest, if needed."""

    def __init__(self, s3: LocalS3, through_s3: Callable[[], Store]) -> None:
        self._s3 = s3
        self._make = through_s3

    @cached_property
    def _store(self) -> Store:
        return self._make()

    def get(self, key: str) -> StoredObject:
        """Return an object; see `Store.get`."""
        body = self._s3.read(key)
        return StoredObject(body, f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"')

    def start(self, key: str, length: int) -> bytes:
        """Return an object's first bytes; see `Store.start`."""
        return self._s3.read(key)[:length]

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
        return self._store.put(key, body, content_type=content_type, if_match=if_match, if_absent=if_absent)

    def delete(self, *keys: str) -> None:
        """Remove objects; see `Store.delete`."""
        self._store.delete(*keys)

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`, sorted."""
        return self._store.keys(prefix)
