"""The API for gunicorn: the Chalice app below /api, with its models loaded before its worker takes requests.

Each worker makes its own: sessions of ONNX Runtime and clients of AWS do not survive a fork. How many workers there
are, and what they do with connections, is said in `gunicorn_conf`; what is answered, in `functions`.
"""

import io
from collections.abc import Callable, Iterable
from typing import Any

from threadpoolctl import threadpool_limits

from infra.local.gateway import LARGEST_BODY, ApiGateway

PREFIX = "/api"


def application() -> Callable[..., Iterable[bytes]]:
    """Make the WSGI application of a worker."""
    from functions import wiring
    from functions.app import app  # reads the environment

    wiring.service().warm_up()
    threadpool_limits(1, "blas")  # for good: otherwise each request's threads wait in a loop for those of the others
    api = ApiGateway(app, PREFIX)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["REQUEST_URI"] = environ["RAW_URI"]  # as other servers call it
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            _measure(environ)
        return api(environ, start_response)

    return answer


def _measure(environ: dict[str, Any]) -> None:
    """Read a body whose length nobody has said, as far as it may go, and say it."""
    body = environ["wsgi.input"].read(LARGEST_BODY + 1)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
