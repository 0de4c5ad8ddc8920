"""Between HTTP and the core: requests read and negotiated, and errors turned into answers.

A route is a function of a `Call`, wrapped in `handler`. What it does is left to `routes` and the core.
"""

import hmac
import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps

import msgspec
from chalice.app import CaseInsensitiveMapping, Request, Response

from functions import wiring
from functions.answers import JSON, HttpError, answer_to, error_answer
from functions.errors import FormatError, InvalidValueError
from functions.models import Model
from functions.service import Predictor, Service

DEFAULT_MODEL = "mlp-128"
LARGEST_BODY = 6 * 1024 * 1024  # what Lambda carries

_request: ContextVar[Request] = ContextVar("request")
_PLACE = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")


class Call:
    """One request, and the service that is to answer it."""

    def __init__(self, request: Request, service: Service) -> None:
        self._request = request
        self.service = service

    def query(self, name: str) -> str | None:
        """Return a query parameter; the last one when it is repeated."""
        values = self._request.query_params
        return None if values is None else values.get(name)

    def header(self, name: str) -> str | None:
        """Return a header; None when it is missing or empty."""
        return self._request.headers.get(name) or None

    @property
    def body(self) -> bytes:
        """Return the body's bytes.

        Raises:
            HttpError: 413 when it is larger than a Lambda takes.
        """
        body = self._request.raw_body
        assert isinstance(body, bytes)  # Chalice's annotation is wider than what it returns
        if len(body) > LARGEST_BODY:
            raise HttpError(413, "too_large", f"a body may have {LARGEST_BODY} bytes, got {len(body)}")
        return body

    def json[T](self, kind: type[T]) -> T:
        """Return the body, which must be JSON of that type."""
        return read_json(self.body, kind)

    @property
    def model(self) -> Model:
        """Return the model that `?model=` names, if it can be trained."""
        return self.service.model(self.query("model") or DEFAULT_MODEL)

    @property
    def predictor(self) -> Predictor:
        """Return the model that `?model=` names."""
        return self.service.predictor(self.query("model") or DEFAULT_MODEL)

    @property
    def if_version(self) -> str | None:
        """Return the version that If-Match asks for; None when any will do."""
        wanted = (self.header("if-match") or "*").strip()
        if wanted == "*":
            return None
        if "," in wanted:
            raise HttpError(400, "malformed", f"If-Match takes one ETag here, got {wanted}")
        return wanted.removeprefix("W/").strip('"').split(".")[0]

    def require_token(self) -> None:
        """Let writers in.

        Raises:
            HttpError: 401 without a token, 403 with a wrong one; neither when none is set.
        """
        expected = self.service.settings.write_token
        if expected is None:
            return
        scheme, _, token = (self.header("authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            headers = {"WWW-Authenticate": "Bearer"}
            raise HttpError(401, "unauthorized", "writing needs `Authorization: Bearer <token>`", headers)
        if not hmac.compare_digest(token.strip().encode(), expected.encode()):
            raise HttpError(403, "forbidden", "this token does not allow writing")

    def content_type(self, *accepted: str) -> str:
        """Return the body's media type, one of those accepted; JSON when it is not said.

        Raises:
            HttpError: 415, naming those that are.
        """
        came = (self.header("content-type") or JSON).split(";")[0].strip().lower()
        if came not in accepted:
            raise HttpError(415, "unsupported_media_type", f"send {' or '.join(accepted)}, got {came}")
        return came

    def holds(self, etag: str) -> bool:
        """Return whether the client says that it has what this ETag stands for."""
        known = (self.header("if-none-match") or "").split(",")
        return any(entry.strip().removeprefix("W/") in (etag, "*") for entry in known)

    def accept(self, *offered: str) -> str:
        """Return the media type that the client likes best; the first one offered when it does not mind.

        Raises:
            HttpError: 406, naming those offered.
        """
        wanted = self.header("accept") or "*/*"
        best = max(offered, key=lambda media_type: quality(wanted, media_type))
        if quality(wanted, best) <= 0:
            raise HttpError(406, "not_acceptable", f"there is {' or '.join(offered)}, asked for {wanted}")
        return best


def quality(accept: str, media_type: str) -> float:
    """Return how much an Accept header wants a media type, 0 to 1; the most specific entry counts."""
    best, rank = 0.0, 0
    for entry in accept.split(","):
        wanted, *parameters = (part.strip().lower() for part in entry.split(";"))
        specific = {media_type: 3, media_type.split("/")[0] + "/*": 2, "*/*": 1, "*": 1}.get(wanted, 0)
        if specific > rank:
            best, rank = _q(parameters), specific
    return best


def read_json[T](body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Decode JSON of a type.

    Raises:
        FormatError: when it is not JSON.
        InvalidValueError: when it is, but of another shape; `field` names the place.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        message = str(error)
        place = _PLACE.search(message)
        text = _PLACE.sub("", message)
        raise InvalidValueError(text[0].lower() + text[1:], place[1] if place else None) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"expected JSON: {error}") from error


def handler(route: Callable[..., Response]) -> Callable[..., Response]:
    """Wrap a route: hand it the `Call`, and turn what it raises into an answer."""

    @wraps(route)
    def call(**path: str) -> Response:
        try:
            return route(Call(_request.get(), wiring.service()), **path)
        except Exception as error:
            return answer_to(error)

    return call


def middleware(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Keep the request where threads do not share it, and give Chalice's own errors the shape of ours."""
    if "accept" not in request.headers:
        request.headers = CaseInsensitiveMapping({**request.headers, "accept": "*/*"})  # Chalice wants it said
    token = _request.set(request)
    try:
        response = get_response(request)
    finally:
        _request.reset(token)
    if isinstance(response.body, dict) and "Code" in response.body:
        code = _CHALICE_CODES.get(response.status_code, "internal")
        return error_answer(response.status_code, code, response.body["Message"], headers=response.headers)
    return response


_CHALICE_CODES = {400: "malformed", 405: "method_not_allowed", 415: "unsupported_media_type"}


def _q(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
