"""The interface of the object store behind the API. `memory` and `s3` implement it.

Objects are immutable unless a caller replaces them; a replacement can be guarded by the ETag that was read.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class StoredObject:
    """An object's bytes, and the ETag (with its quotes) that guards a replacement."""

    body: bytes
    etag: str


class Store(Protocol):
    """A bucket. Every method may raise `UnavailableError`."""

    def get(self, key: str) -> StoredObject:
        """Return an object; raise `NotFoundError` naming the key."""
        ...

    def start(self, key: str, length: int) -> bytes:
        """Return at most the first `length` bytes of an object; raise `NotFoundError` naming the key."""
        ...

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str = "application/octet-stream",
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> str:
        """Write an object and return its ETag.

        `if_match` asks that the present object still has that ETag, `if_absent` that there is none; else
        `ConflictError`.
        """
        ...

    def delete(self, *keys: str) -> None:
        """Remove objects; removing what is not there is no error."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`, sorted."""
        ...
