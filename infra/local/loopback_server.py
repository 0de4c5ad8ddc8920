"""A WSGI app, served on a loopback port from a thread: how moto's servers run beside the API."""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server


class LoopbackServer:
    """Serves until it is closed; port 0 takes any free one. `endpoint` is its address, without a slash at the end."""

    def __init__(
        self, name: str, app: Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]], port: int = 0
    ) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_QuietHandler)
        self.endpoint = f"http://127.0.0.1:{self._server.port}"
        threading.Thread(target=self._server.serve_forever, name=name, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _QuietHandler(MotoRequestHandler):
    """Keeps connections open: otherwise each request needs one of its own."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, *_: object) -> None:
        """Log nothing: the API logs what matters."""
