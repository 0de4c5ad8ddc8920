"""The API as a WSGI application: Chalice's own `LocalGateway`, with what it lacks.

Unlike `chalice local`, it accepts bodies that are not UTF-8 whatever their type, keeps the requests of
several threads apart, and gives every error, also its own, the API's shape.
"""

import base64
import json
import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from chalice.app import Chalice, CORSConfig
from chalice.config import Config
from chalice.local import (
    CustomLocalChalice,
    LambdaEventConverter,
    LocalChalice,
    LocalGateway,
    LocalGatewayException,
    MatchResult,
    RouteMatcher,
)

from functions.api.limits import LARGEST_BODY
from functions.api.requests import too_large

_PLAIN = "/v2/"  # below it, an error is a text alone, as the Open Inference Protocol has it

log = logging.getLogger("scrawl")
type Environment = dict[str, Any]


class ApiGateway:
    """A WSGI application that answers what is below `prefix`."""

    def __init__(self, app: Chalice, prefix: str) -> None:
        # As `chalice local` does: each thread gets its own `current_request`.
        if not isinstance(app, LocalChalice):
            CustomLocalChalice.__bases__ = (LocalChalice, type(app))
            app.__class__ = CustomLocalChalice
        self._prefix = prefix
        self._matcher = _Matcher(list(app.routes))
        self._gateway = LocalGateway(app, Config.create())
        cors = app.api.cors
        self._cors = cors.get_access_control_headers() if isinstance(cors, CORSConfig) else {}
        self._gateway.event_converter = _EventConverter(self._matcher, app.api.binary_types)

    def __call__(self, environ: Environment, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        try:
            status, headers, body = self._answer(environ)
        except Exception:
            log.exception("the local gateway failed")
            status, headers, body = error(500, "internal", "something went wrong here; it has been logged")
        present = {name.lower() for name, _ in headers}
        if status not in (204, 304) and "content-length" not in present:
            headers.append(("Content-Length", str(len(body))))
        headers += [(name, str(value)) for name, value in self._cors.items() if name.lower() not in present]
        if environ["REQUEST_METHOD"] == "HEAD" or status in (204, 304):
            body = b""
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    def _answer(self, environ: Environment) -> tuple[int, list[tuple[str, str]], bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        path, _, query = environ["REQUEST_URI"].partition("?")
        path = path.removeprefix(self._prefix) or "/"
        plain = path.startswith(_PLAIN)
        if length > LARGEST_BODY:
            return error(413, "too_large", too_large(length), plain)
        if not self._matcher.knows(path):
            return error(404, "not_found", f"there is nothing at {self._prefix}{path}", plain)
        method = environ["REQUEST_METHOD"]
        try:
            response = self._gateway.handle_request(
                method=method,
                path=f"{path}?{query}" if query else path,
                headers=_headers(environ),
                body=environ["wsgi.input"].read(length) if length else None,
            )
        except LocalGatewayException as refused:
            code = "unauthorized" if refused.CODE == 401 else "forbidden" if refused.CODE == 403 else "internal"
            return error(refused.CODE, code, f"{method} is not allowed here: {HTTPStatus(refused.CODE).phrase}")
        return _parts(response)


class _Matcher(RouteMatcher):
    """Chalice's matcher, with the variables of a path decoded, as API Gateway decodes them."""

    def match_route(self, url: str) -> MatchResult:
        found = super().match_route(url)
        return found._replace(captured={name: unquote(value) for name, value in found.captured.items()})

    def knows(self, path: str) -> bool:
        """Return whether any route has this path."""
        try:
            super().match_route(path)
            return True
        except ValueError:
            return False


class _EventConverter(LambdaEventConverter):
    """Chalice's converter takes a body for text unless its Content-Type is a binary type; this looks at the body."""

    def create_lambda_event(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> dict[str, Any]:
        event: dict[str, Any] = super().create_lambda_event(method, path, headers, None)
        if body is not None:
            try:
                event["body"] = body.decode()
            except UnicodeDecodeError:
                event |= {"body": base64.b64encode(body).decode("ascii"), "isBase64Encoded": True}
        return event


def _headers(environ: Environment) -> dict[str, str]:
    headers = {name[5:].replace("_", "-").lower(): v for name, v in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers


def _parts(response: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body of what a Lambda returns."""
    headers = [(name, str(value)) for name, value in response["headers"].items()]
    for name, values in response.get("multiValueHeaders", {}).items():
        headers += [(name, str(value)) for value in values]
    body = response["body"] or ""
    if response.get("isBase64Encoded"):
        return response["statusCode"], headers, base64.b64decode(body)
    return response["statusCode"], headers, body.encode() if isinstance(body, str) else body


def error(status: int, code: str, message: str, plain: bool = False) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body of an error in the API's shape, or in that of the Open Inference Protocol."""
    body = json.dumps({"error": message if plain else {"code": code, "message": message}}).encode()
    return status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")], body
