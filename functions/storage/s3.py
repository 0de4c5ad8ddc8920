"""The store on S3: each method is one call of its client, whose errors become those of `functions.errors`."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.errors import ConflictError, NotFoundError, UnavailableError
from functions.storage.store import StoredObject

_MOST_PER_CALL = 1000  # keys that S3 takes in one DeleteObjects
_MISSING = {"NoSuchKey", "NoSuchBucket", "404"}
_LOST = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class S3Store:
    """A bucket on S3, or on anything that speaks its protocol. Safe to share between threads, as its client is."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def get(self, key: str) -> StoredObject:
        """Return an object; raise `NotFoundError` naming the key."""
        return self._read(key)

    def start(self, key: str, length: int) -> bytes:
        """Return at most the first `length` bytes of an object."""
        return self._read(key, Range=f"bytes=0-{length - 1}").body

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str = "application/octet-stream",
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> str:
        """Write an object and return its ETag; see `Store.put`."""
        condition = {"IfMatch": if_match} if if_match is not None else {"IfNoneMatch": "*"} if if_absent else {}
        try:
            answer = self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, **condition
            )
        except (ClientError, BotoCoreError) as error:
            code = _code(error)
            if code in _LOST or (if_match is not None and code in _MISSING):
                raise ConflictError(f"object {key!r} has changed or is gone: {error}") from error
            raise _translated(error, key) from error
        return str(answer["ETag"])

    def delete(self, *keys: str) -> None:
        """Remove objects, a thousand per call; removing what is not there is no error."""
        for start in range(0, len(keys), _MOST_PER_CALL):
            self._delete(keys[start : start + _MOST_PER_CALL])

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`, sorted."""
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return sorted(entry["Key"] for page in pages for entry in page.get("Contents", ()))
        except (ClientError, BotoCoreError) as error:
            raise _translated(error, prefix) from error

    def _delete(self, keys: Sequence[str]) -> None:
        objects = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        try:
            failed = self._s3.delete_objects(Bucket=self._bucket, Delete=objects).get("Errors")
        except (ClientError, BotoCoreError) as error:
            raise _translated(error, keys[0]) from error
        if failed:
            raise UnavailableError(f"the store failed at {failed[0].get('Key')!r}: {failed[0].get('Code')}")

    def _read(self, key: str, **extra: str) -> StoredObject:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key, **extra)
            return StoredObject(answer["Body"].read(), answer["ETag"])
        except (ClientError, BotoCoreError) as error:
            raise _translated(error, key) from error


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code")) if isinstance(error, ClientError) else ""


def _translated(error: Exception, key: str) -> Exception:
    if _code(error) == "NoSuchBucket":
        return UnavailableError(f"there is no bucket to look for {key!r} in: {error}")
    if _code(error) in _MISSING:
        return NotFoundError(f"no object {key!r} in the store")
    return UnavailableError(f"the store failed at {key!r}: {error}")
