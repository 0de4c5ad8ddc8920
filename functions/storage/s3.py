"""The store on S3, and the launcher on Lambda: the only place where AWS clients are made.

They are botocore's: boto3 would add what nobody uses here to a cold start. Their session knows only two services.
"""

import gzip
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import botocore.session
import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import JSONFileLoader, Loader

from functions.errors import ConflictError, NotFoundError, UnavailableError
from functions.storage.store import StoredObject

# Short of API Gateway's 29 s even after the last attempt.
_CONFIG = {
    "connect_timeout": 2,
    "read_timeout": 6,
    "retries": {"mode": "standard", "total_max_attempts": 3},
    "max_pool_connections": 32,
}
_MOST_PER_CALL = 1000  # keys that S3 takes in one DeleteObjects
_MISSING = {"NoSuchKey", "NoSuchBucket", "404"}
_LOST = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


def client(service: str) -> Any:
    """Return an AWS client, for `s3` or `lambda`; region, credentials and endpoint come from the environment."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _Loader())
    return session.create_client(service, config=Config(**_CONFIG))


class _Loader(Loader):  # type: ignore[misc]  # botocore has no types
    """Finds botocore's descriptions of the two services used here.

    Botocore's own looks through hundreds of folders, and parses with the standard library: half of a client's making.
    """

    def list_available_services(self, _type_name: str) -> list[str]:
        return ["lambda", "s3"]

    class FILE_LOADER_CLASS(JSONFileLoader):  # type: ignore[misc]  # noqa: N801 — the name is botocore's
        """Reads one file."""

        def load_file(self, file_path: str) -> Any:
            for ending, opened in ((".json", open), (".json.gz", gzip.open)):
                if Path(file_path + ending).is_file():
                    with opened(file_path + ending, "rb") as file:
                        return orjson.loads(file.read())
            return None


class S3Store:
    """A bucket on S3, or on anything that speaks its protocol. Safe among threads, as its client is."""

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
        guard = {"IfMatch": if_match} if if_match is not None else {"IfNoneMatch": "*"} if if_absent else {}
        try:
            answer = self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, **guard)
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
        """Return the keys that begin with `prefix`, sorted."""
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


class LambdaLauncher:
    """Starts retrainings in the Lambda made for them; it answers as soon as the event is queued."""

    def __init__(self, connect: Callable[[], Any], function: str) -> None:
        """`connect` makes the client, which takes time, when the first retraining is asked for."""
        self._connect = connect
        self._function = function

    def start(self, job_id: str, run: Callable[[str], object]) -> None:  # noqa: ARG002 — the Lambda runs it
        """Queue the job; see `service.Launcher`."""
        payload = f'{{"job":"{job_id}"}}'.encode()
        try:
            self._lambda.invoke(FunctionName=self._function, InvocationType="Event", Payload=payload)
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"the retraining could not be started: {error}") from error

    @cached_property
    def _lambda(self) -> Any:
        return self._connect()


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code")) if isinstance(error, ClientError) else ""


def _translated(error: Exception, key: str) -> Exception:
    if _code(error) == "NoSuchBucket":
        return UnavailableError(f"there is no bucket to look for {key!r} in: {error}")
    if _code(error) in _MISSING:
        return NotFoundError(f"no object {key!r} in the store")
    return UnavailableError(f"the store failed at {key!r}: {error}")
