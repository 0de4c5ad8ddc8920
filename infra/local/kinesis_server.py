"""The local Kinesis: moto's server on a loopback port, with one stream of one shard, for lessons.

Its records are in memory only: whoever stops it learns what is on it first. Sequence numbers go on from the clock, so
that they grow from one start to the next, as the logs of lessons need it.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.kinesis.models import KinesisBackend, Record, kinesis_backends
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.wrappers import Response

from infra.local.loopback_server import LoopbackServer
from infra.local.s3_server import REGION


class LocalKinesis:
    """One stream, served on a free loopback port from a thread."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._lock = threading.Lock()  # moto's records are not safe to share between threads
        self._backend: KinesisBackend = kinesis_backends[DEFAULT_ACCOUNT_ID][REGION]
        self._backend.create_stream(stream, 1)
        (self._shard,) = self._backend.describe_stream(None, stream).shards.values()
        self.start = int(time.time() * 1e6)  # of the sequence numbers
        self._shard.records[self.start] = Record("", "", self.start, "")
        self._app = create_backend_app("kinesis")
        self._server = LoopbackServer("local Kinesis", self._serve)

    @property
    def endpoint(self) -> str:
        """Return the value for AWS_ENDPOINT_URL_KINESIS."""
        return self._server.endpoint

    def forget(self, sequence: str) -> None:
        """Free the records before this one, which nobody reads any more."""
        with self._lock:
            for number in [number for number in self._shard.records if number < int(sequence)]:
                del self._shard.records[number]

    def close(self) -> None:
        """Stop serving."""
        self._server.close()
        self._backend.delete_stream(None, self._stream)

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            response = Response.from_app(self._app, environ, buffered=True)
        return response(environ, start_response)
