"""The API for gunicorn: the Chalice app below /api, with its models loaded before its worker takes requests.

Each worker makes its own, since sessions of ONNX Runtime and AWS clients do not survive a fork. `gunicorn_conf` says
how many workers there are and how they handle connections; `functions` has the API.
"""

import io
from collections.abc import Callable, Iterable
from typing import Any

from threadpoolctl import threadpool_limits

from functions.api.limits import LARGEST_BODY
from infra.local.gateway import ApiGateway

PREFIX = "/api"


def application() -> Callable[..., Iterable[bytes]]:
    """Make the WSGI application of a worker."""
    from functions import wiring
    from functions.app import app  # reads the environment

    wiring.service().warm_up()
    threadpool_limits(1, "blas")  # for good: otherwise the threads of one request wait in a loop for those of others
    api = ApiGateway(app, PREFIX)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["REQUEST_URI"] = environ["RAW_URI"]  # as other servers call it
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            _read_whole(environ)
        return api(environ, start_response)

    return answer


def _read_whole(environ: dict[str, Any]) -> None:
    """Read a body of unknown length, up to the limit, and set its length."""
    body = environ["wsgi.input"].read(LARGEST_BODY + 1)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
