"""The local S3: moto's server on a loopback port, with every object in a file, so that it survives `kill -9`.

A write reaches moto, then the disk, and only then is it answered; a read takes the bytes from the file. One lock
makes requests run one after the other: so moto's check of If-Match and its write are one step, and no reader sees
what the disk may still refuse. A file's name is the percent-encoded key, whose ending gives the content type when the
server starts again. Versions, ACLs and the like stay in memory: Scrawl uses none.

A folder-backed store without S3 would start a second faster, but the local stack would then no longer use the code
that talks to S3, and tests with several processes need this server anyway.
"""

import logging
import mimetypes
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import FakeKey, S3Backend, s3_backends
from werkzeug.wrappers import Response

from functions.errors import NotFoundError
from infra.files import sync_folder, write_atomically
from infra.local.loopback_server import LoopbackServer

REGION = "us-east-1"
_UNAVAILABLE = "<Error><Code>ServiceUnavailable</Code><Message>The disk cannot be written to</Message></Error>"

log = logging.getLogger("scrawl")


class LocalS3:
    """One bucket, served on a loopback port from a thread: a free one, or the one given."""

    def __init__(self, folder: Path, bucket: str, port: int = 0) -> None:
        self._folder = folder
        self._bucket = bucket
        self._lock = threading.Lock()
        self._on_disk: dict[str, FakeKey] = {}
        self._backend: S3Backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        self._app = create_backend_app("s3")
        folder.mkdir(parents=True, exist_ok=True)
        self._restore()
        self._server = LoopbackServer("local S3", self._serve, port)

    @property
    def endpoint(self) -> str:
        """Return the value for AWS_ENDPOINT_URL_S3."""
        return self._server.endpoint

    def read(self, key: str) -> bytes:
        """Return an object's bytes from its file, without a request.

        Raises:
            NotFoundError: naming the key.
        """
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(f"no object {key!r} in the store") from error

    def close(self) -> None:
        """Stop serving. Everything that was answered is on disk."""
        self._server.close()
        with self._lock:
            self._backend.buckets.pop(self._bucket)
            s3_backends.bucket_accounts.pop(self._bucket)

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # Reads need the lock, too: moto closes the buffer of an object that is replaced, also while it is read.
        with self._lock:
            response = Response.from_app(self._app, environ, buffered=True)
            if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
                try:
                    self._sync()
                except OSError as error:
                    log.error("the local S3 cannot write to disk: %s", error)
                    response = Response(_UNAVAILABLE, 503, mimetype="application/xml")
                self._free_deleted()
        return response(environ, start_response)

    def _sync(self) -> None:
        """Bring the folder up to date with moto; where that fails, take moto back to what the folder has."""
        # Of the plain dictionary: moto's own `items` takes a hundred times as long, and there may be thousands.
        objects: dict[str, FakeKey] = {key: versions[-1] for key, versions in dict.items(self._objects())}
        known = self._on_disk
        changed = [key for key in known.keys() | objects.keys() if known.get(key) is not objects.get(key)]
        for key in changed:
            try:
                self._write(key, objects.get(key))
            except OSError:
                self._objects().pop(key)
                self._register(key)
                raise

    def _write(self, key: str, stored: FakeKey | None) -> None:
        path = self._path(key)
        if stored is None:
            path.unlink(missing_ok=True)
            sync_folder(self._folder)
            del self._on_disk[key]
        else:
            write_atomically(path, stored.value, durable=True)
            self._on_disk[key] = stored
            _read_from_file(stored, path)

    def _register(self, key: str) -> None:
        """Register a file with moto, without reading it."""
        path = self._path(key)
        if path.exists():
            stored = self._backend.put_object(self._bucket, key, b"")
            stored.set_metadata({"Content-Type": mimetypes.guess_type(key)[0] or "application/octet-stream"})
            _read_from_file(stored, path)
            stored.contentsize = path.stat().st_size
            self._on_disk[key] = stored

    def _free_deleted(self) -> None:
        """Free what moto keeps about deleted objects: a list of all it ever made, and the tags of each key."""
        reset_model_data()  # empties the lists for moto's dashboard; the objects are in the bucket
        self._backend.tagger.tags.clear()

    def _restore(self) -> None:
        self._backend.create_bucket(self._bucket, REGION)
        for path in sorted(self._folder.iterdir()):
            if path.name.startswith("."):  # a write that was cut short
                path.unlink()
            else:
                self._register(unquote(path.name))

    def _objects(self) -> Any:
        return self._backend.get_bucket(self._bucket).keys

    def _path(self, key: str) -> Path:
        name = quote(key, safe="")
        return self._folder / (f"%2E{name[1:]}" if name.startswith(".") else name)


class _FileBuffer:
    """The buffer from which moto reads an object's bytes: a file, opened for each read, so that none stays open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0

    def seek(self, place: int) -> None:
        """Go to a place."""
        self._place = place

    def read(self, length: int = -1) -> bytes:
        """Return the bytes from that place on."""
        with self._path.open("rb") as file:
            file.seek(self._place)
            found = file.read(length)
        self._place += len(found)
        return found

    def close(self) -> None:
        """Do nothing: nothing is open."""


def _read_from_file(stored: Any, path: Path) -> None:
    stored._value_buffer.close()
    stored._value_buffer = _FileBuffer(path)
