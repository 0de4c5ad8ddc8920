"""Lambda's Runtime API for one process: hands it events, and takes its answers and its errors.

AWS's own runtime client, `awslambdaric`, talks to this server as it talks to Lambda. `lambda_process` starts the
process; this module needs the standard library only, so that an emulator in an environment of its own can use it.
"""

import queue
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PREFIX = "/2018-06-01/runtime"
_ARN = "arn:aws:lambda:us-east-1:123456789012:function:scrawl"


@dataclass(frozen=True)
class Outcome:
    """What a process has posted: an answer, or the error that ended an invocation or the init."""

    body: bytes
    failed: bool


@dataclass
class Invocation:
    """One event on its way."""

    event: bytes
    seconds: float  # that Lambda would let it run
    arn: str = _ARN
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    outcome: "queue.SimpleQueue[Outcome]" = field(default_factory=queue.SimpleQueue)


class RuntimeApi:
    """The server; one event runs at a time, as in a Lambda."""

    def __init__(self) -> None:
        self.ready = threading.Event()  # the process has asked for an event, or said why it cannot
        self.ready_at = 0.0  # by time.perf_counter
        self.init_error: Outcome | None = None
        self.events: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self.current: Invocation | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": self}))
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def invoke(self, event: bytes, seconds: float, arn: str = _ARN) -> Outcome:
        """Hand an event over and return what comes back.

        Raises:
            queue.Empty: when nothing has come in that time.
        """
        invocation = Invocation(event, seconds, arn)
        self.events.put(invocation)
        return invocation.outcome.get(timeout=seconds)

    def close(self) -> None:
        """Stop serving."""
        self.events.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One request of the runtime client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    api: RuntimeApi

    def do_GET(self) -> None:
        """Answer `/invocation/next` once there is an event."""
        if not self.api.ready.is_set():
            self.api.ready_at = time.perf_counter()
            self.api.ready.set()
        invocation = self.api.events.get()
        if invocation is None:
            self.close_connection = True
            return
        self.api.current = invocation
        deadline = round(1000 * (time.time() + invocation.seconds))
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):x}-{invocation.id.replace('-', '')[:24]};Sampled=0",
        }
        self._answer(200, headers, invocation.event)

    def do_POST(self) -> None:
        """Take an answer or an error."""
        body = self._body()
        self._answer(202, {}, b"")
        path = self.path.removeprefix(_PREFIX)
        if path == "/init/error":
            self.api.init_error = Outcome(body, failed=True)
            self.api.ready.set()
        elif (current := self.api.current) and path.startswith(f"/invocation/{current.id}/"):
            current.outcome.put(Outcome(body, failed=path.endswith("/error")))

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""

    def _body(self) -> bytes:
        """Return the body, which the runtime client may send in chunks."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
