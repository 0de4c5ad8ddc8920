"""The HTTP server of the local stack: waitress, with many connections, and its own errors in the API's shape."""

import logging
import os
import resource
import socket
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from functions.settings import cors_origin
from infra.local.gateway import error

_LARGEST_BODY = 64 * 1024 * 1024  # bytes; larger bodies are refused before they are read
_CONNECTIONS = 1000  # a browser keeps six open for each page, and load tests keep all of theirs
_OPEN_FILES = 4096  # connections, and what else the process has open
_CODES = {400: "malformed", 413: "too_large", 431: "too_large", 501: "not_implemented"}

type Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def make_server(application: Application, sockets: list[socket.socket]) -> Any:
    """Return a server of a WSGI application on these sockets; `run` runs it."""
    _raise_file_limit()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a short queue is no news
    HTTPChannel.error_task_class = _JsonError
    return create_server(
        _in_origin_form(application),
        sockets=sockets,
        threads=16,
        ident="scrawl",
        max_request_body_size=_LARGEST_BODY,
        clear_untrusted_proxy_headers=True,
        connection_limit=_CONNECTIONS,
        asyncore_use_poll=True,  # select() takes no more than 1,024 files
    )


class _JsonError(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """What waitress answers by itself, before any application is asked."""

    def execute(self) -> None:
        """Send the answer."""
        refused = self.request.error
        message = f"{HTTPStatus(refused.code).phrase}: {refused.body}"
        plain = "/v2/" in getattr(self.request, "path", "")
        _, headers, body = error(refused.code, _CODES.get(refused.code, "internal"), message, plain)
        self.status = f"{refused.code} {refused.reason}"
        self.response_headers.extend([*headers, ("Access-Control-Allow-Origin", cors_origin(os.environ))])
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


def _in_origin_form(application: Application) -> Application:
    """Return the application, with `http://host/path`, as clients send it to a proxy, taken for `/path`."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["REQUEST_URI"].startswith("/"):
            target = urlsplit(environ["REQUEST_URI"])
            environ["REQUEST_URI"] = (target.path or "/") + (f"?{target.query}" if target.query else "")
        return application(environ, start_response)

    return answer


def _raise_file_limit() -> None:
    """Allow this process as many open files as its connections need, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
