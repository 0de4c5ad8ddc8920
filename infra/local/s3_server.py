"""The local S3: moto's server on a loopback port, with every object kept on disk, so that it survives `kill -9`.

A write is applied by moto, moved to disk, and only then answered; what is on disk is read when somebody asks for it.
Requests take turns, so that moto's check of If-Match and the write that follows are one, and nobody reads what the
disk may not get. A file's name is its key, percent-encoded; its content type is told by that name when the server
starts again. Versions, ACLs and the like are kept in memory only: Scrawl uses none.
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
from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from moto.s3.models import FakeKey, S3Backend, s3_backends
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from infra.files import sync_folder, write_atomically

REGION = "us-east-1"
_UNAVAILABLE = "<Error><Code>ServiceUnavailable</Code><Message>The disk cannot be written to</Message></Error>"

log = logging.getLogger("scrawl")


class LocalS3:
    """One bucket, served on a free loopback port from a thread."""

    def __init__(self, folder: Path, bucket: str) -> None:
        self._folder = folder
        self._bucket = bucket
        self._turn = threading.Lock()
        self._on_disk: dict[str, FakeKey] = {}
        self._backend: S3Backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        self._app = create_backend_app("s3")
        folder.mkdir(parents=True, exist_ok=True)
        self._restore()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=_Handler)
        threading.Thread(target=self._server.serve_forever, name="local S3", daemon=True).start()

    @property
    def endpoint(self) -> str:
        """Return the address for AWS_ENDPOINT_URL_S3."""
        return f"http://127.0.0.1:{self._server.port}"

    def close(self) -> None:
        """Stop serving. What was answered is on disk already."""
        self._server.shutdown()
        self._server.server_close()
        with self._turn:
            self._backend.buckets.pop(self._bucket)
            s3_backends.bucket_accounts.pop(self._bucket)

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # Reads take their turn, too: moto closes an object's buffer when it is replaced, also under a reader.
        with self._turn:
            response = Response.from_app(self._app, environ, buffered=True)
            if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
                try:
                    self._mirror()
                except OSError as error:
                    log.error("the local S3 cannot write to disk: %s", error)
                    response = Response(_UNAVAILABLE, 503, mimetype="application/xml")
                self._forget()
        return response(environ, start_response)

    def _mirror(self) -> None:
        """Make the folder hold what moto holds; where that fails, make moto hold what the folder does."""
        # The plain dictionary's items: moto's own take a hundred times as long, and there may be thousands.
        objects: dict[str, FakeKey] = {key: versions[-1] for key, versions in dict.items(self._objects())}
        known = self._on_disk
        changed = [key for key in known.keys() | objects.keys() if known.get(key) is not objects.get(key)]
        for key in changed:
            try:
                self._write(key, objects.get(key))
            except OSError:
                self._objects().pop(key)
                self._read(key)
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
            _leave_on_disk(stored, path)

    def _read(self, key: str) -> None:
        """Tell moto of a file; its content is left where it is."""
        path = self._path(key)
        if path.exists():
            stored = self._backend.put_object(self._bucket, key, b"")
            stored.set_metadata({"Content-Type": mimetypes.guess_type(key)[0] or "application/octet-stream"})
            _leave_on_disk(stored, path)
            stored.contentsize = path.stat().st_size
            self._on_disk[key] = stored

    def _forget(self) -> None:
        """Let go of what moto keeps of objects that are no more: all that it ever made, and the tags of each key."""
        reset_model_data()  # empties the lists for moto's dashboard; the objects are in the bucket
        self._backend.tagger.tags.clear()

    def _restore(self) -> None:
        self._backend.create_bucket(self._bucket, REGION)
        for path in sorted(self._folder.iterdir()):
            if path.name.startswith("."):  # a write that was cut short
                path.unlink()
            else:
                self._read(unquote(path.name))

    def _objects(self) -> Any:
        return self._backend.get_bucket(self._bucket).keys

    def _path(self, key: str) -> Path:
        name = quote(key, safe="")
        return self._folder / (f"%2E{name[1:]}" if name.startswith(".") else name)


class _OnDisk:
    """Where moto reads an object's bytes from: the file, opened anew each time, so that none is kept open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0

    def seek(self, place: int) -> None:
        """Go to a place."""
        self._place = place

    def read(self, length: int = -1) -> bytes:
        """Return the bytes from there on."""
        with self._path.open("rb") as file:
            file.seek(self._place)
            found = file.read(length)
        self._place += len(found)
        return found

    def close(self) -> None:
        """Do nothing: nothing is open."""


def _leave_on_disk(stored: Any, path: Path) -> None:
    stored._value_buffer.close()
    stored._value_buffer = _OnDisk(path)


class _Handler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, *_: object) -> None:
        """Say nothing: the API logs what matters."""
