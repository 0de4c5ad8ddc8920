"""A request as the routes see it: a `Call`, with the body, the query, the headers and the service that answers.

A route is a function of a `Call`, wrapped in `handler`. The middleware provides the service.
"""

import hmac
import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, wraps
from typing import get_args, get_type_hints

import msgspec
from chalice.app import Request, Response

from functions import structs
from functions.api import bodies, negotiation
from functions.api.limits import LARGEST_BODY, LARGEST_UNPACKED
from functions.api.responses import HttpError, answer_to
from functions.errors import FormatError, InvalidValueError, NotFoundError
from functions.models.model import Model
from functions.rooms import codes
from functions.rooms.codes import Code
from functions.rooms.rooms import Room
from functions.service import Predictor, Service

DEFAULT_MODEL = "mlp-128"
TOO_LARGE = (
    f"a body may have {LARGEST_BODY} bytes; JSON is smaller with Content-Encoding: gzip, and weights as safetensors"
)

_current: ContextVar[tuple[Request, Callable[[], Service]]] = ContextVar("current")
_answered = itertools.count()
_NO_CHOICE = "Invalid enum value"
_PLACE = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")


class Call:
    """One request, and the service that is to answer it."""

    def __init__(self, request: Request, service: Service, first: bool = False) -> None:
        self._request = request
        self.service = service
        self.first = first  # of this process: a cold start

    def query(self, name: str) -> str | None:
        """Return a query parameter; the last one if it is repeated."""
        values = self._request.query_params
        return None if values is None else values.get(name)

    def header(self, name: str) -> str | None:
        """Return a header; None when it is missing or empty."""
        return self._request.headers.get(name) or None

    @cached_property
    def body(self) -> bytes:
        """Return the body's bytes, unpacked if they come as gzip or deflate.

        Raises:
            HttpError: 413 when it is larger than a Lambda takes, or unpacks to too much; 415 for another coding.
        """
        body = self._request.raw_body
        assert isinstance(body, bytes)  # Chalice's annotation is wider than what it returns
        if len(body) > LARGEST_BODY:
            raise HttpError(413, "too_large", too_large(len(body)))
        coding = bodies.coding(self.header("content-encoding"))
        if coding == "identity":
            return body
        if coding not in bodies.CODINGS:
            message = f"send the body as it is or with Content-Encoding: {' or '.join(bodies.CODINGS)}, got {coding}"
            raise HttpError(415, "unsupported_media_type", message, {"Accept-Encoding": ", ".join(bodies.CODINGS)})
        content = bodies.unpack(body, coding, LARGEST_UNPACKED)
        if content is None:
            message = f"a {coding} body may unpack to {LARGEST_UNPACKED} bytes, this has more"
            raise HttpError(413, "too_large", message)
        return content

    def json[T](self, kind: type[T]) -> T:
        """Return the body, which must be JSON of that type."""
        return read_json(self.body, kind)

    @property
    def model(self) -> Model:
        """Return the model that `?model=` names, if it can be trained; that of a room, if a code opens one."""
        wanted, room = self.query("model"), self.room
        if room is None:
            return self.service.model(wanted or DEFAULT_MODEL)
        if wanted not in (None, "", room.model):
            raise NotFoundError(f"this room learns {room.model}, and has no {wanted!r}")
        return self.service.room_model(room)

    @cached_property
    def code(self) -> Code | None:
        """Return the code of a room that the client sends in place of the token; None: it sends none."""
        token = self._bearer
        if token is None or token == self.service.settings.write_token:
            return None
        return codes.read(token)

    @cached_property
    def room(self) -> Room | None:
        """Return the room that the client's code opens; None: it asks for what is everybody's.

        Raises:
            NotFoundError: when there is no such room, or no longer.
        """
        return None if self.code is None else self.service.rooms.get(self.code)

    @property
    def predictor(self) -> Predictor:
        """Return the model that `?model=` names."""
        return self.service.predictor(self.query("model") or DEFAULT_MODEL)

    @property
    def if_version(self) -> str | None:
        """Return the version that If-Match asks for, of several the current one; None when any will do."""
        wanted = [negotiation.content_of(tag) for tag in (self.header("if-match") or "*").split(",")]
        if "*" in wanted:
            return None
        current = self.model.weights.current().version if len(wanted) > 1 else None
        return current if current in wanted else wanted[0]

    @property
    def _bearer(self) -> str | None:
        scheme, _, token = (self.header("authorization") or "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None

    def require_token(self) -> None:
        """Let those in who may change what is everybody's.

        Raises:
            HttpError: 401 without a token, 403 with a wrong one, neither when none is set; 403 with a room's code.
        """
        if self.code is not None:
            raise HttpError(403, "forbidden", "a room's code opens that room, and does not allow this")
        expected, token = self.service.settings.write_token, self._bearer
        if expected is None:
            return
        if token is None:
            raise _unauthorized("writing needs `Authorization: Bearer <token>`")
        if not hmac.compare_digest(token.encode(), expected.encode()):
            raise HttpError(403, "forbidden", "this token does not allow writing")

    def require_writer(self) -> None:
        """Let those in who may change weights at will: with the token, in a room whoever opened it."""
        if self.room is None:
            self.require_token()
        else:
            self.require_owner(self.room)

    def require_participant(self) -> None:
        """Let those in who may learn together: with the token, in a room everybody who has its code."""
        if self.room is None:
            self.require_token()

    def require_owner(self, room: Room) -> None:
        """Let whoever opened a room in.

        Raises:
            HttpError: 403 for those who may only join it.
        """
        if self.code is None or not self.code.owns(room.owner):
            raise HttpError(403, "forbidden", "this is for whoever opened the room, with the owner's code")

    def room_named(self, text: str) -> Room:
        """Return the room of a path, which the client's code must open.

        Raises:
            HttpError: 401 without a code, 403 with that of another room, or one that only looks like its owner's.
            NotFoundError: when there is no such room, or no longer.
        """
        named = codes.read(text)
        if named is None:
            raise NotFoundError(f"there is no room {text[:40]!r}: {codes.FORM}")
        if self.code is None:
            raise _unauthorized("a room needs `Authorization: Bearer <its code>`")
        if self.code.letters != named.letters:
            raise HttpError(403, "forbidden", "this code opens another room")
        room = self.service.rooms.get(self.code)
        if self.code.secret and not self.code.owns(room.owner):
            reason = "its first twelve letters open the room, but the rest is not its owner's"
            raise HttpError(403, "forbidden", f"this code is not quite right: {reason}")
        return room

    def content_type(self, *accepted: str) -> str:
        """Return the body's media type, one of those accepted (`image/*`: any image).

        Where the header says nothing, the body's first bytes tell; JSON if they do not, either.

        Raises:
            HttpError: 415, naming those that are.
        """
        said = self.header("content-type")
        for came in (bodies.media_type(said, lambda: self.body), bodies.media_type(said, lambda: b"")):
            if came in accepted or came.split("/")[0] + "/*" in accepted:
                return came
        raise HttpError(415, "unsupported_media_type", f"send {' or '.join(accepted)}, got {came}")

    @property
    def accepts_gzip(self) -> bool:
        """Return whether the client takes gzip, and does not like it less than plain bytes."""
        return negotiation.accepts_gzip(self.header("accept-encoding") or "")

    def has(self, etag: str) -> bool:
        """Return whether the client already has what this ETag names, plain or in gzip if it takes that."""
        same = {etag, "*"} | ({negotiation.in_gzip(etag)} if self.accepts_gzip else set())
        return not same.isdisjoint(negotiation.named(self.header("if-none-match") or ""))

    def accept(self, *offered: str) -> str:
        """Return the media type that the client likes best; the first one offered when it does not mind.

        Raises:
            HttpError: 406, naming those offered.
        """
        wanted = self.header("accept") or "*/*"
        best = max(offered, key=lambda media_type: negotiation.quality(wanted, media_type))
        if negotiation.quality(wanted, best) <= 0:
            raise HttpError(406, "not_acceptable", f"there is {' or '.join(offered)}, asked for {wanted}")
        return best


def _unauthorized(message: str) -> HttpError:
    return HttpError(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})


def too_large(size: int) -> str:
    """Return what to say about a body of a size."""
    return f"{TOO_LARGE}, got {size}"


def read_json[T](body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Decode JSON of a type.

    Raises:
        FormatError: when it is not JSON.
        InvalidValueError: when it is, but of another shape; `field` names the place.
    """
    if not body:
        raise FormatError("expected JSON, got an empty body")
    try:
        content = body if isinstance(body, msgspec.Raw) else bodies.text(body)
        return structs.decode(content, kind)
    except msgspec.ValidationError as error:
        message = str(error)
        place = _PLACE.search(message)
        text = _PLACE.sub("", message)
        if place and text.startswith(_NO_CHOICE) and (choices := _choices(kind, place[1])):
            text = f"{place[1]} is {' or '.join(choices)}, got{text.removeprefix(_NO_CHOICE)}"
        raise InvalidValueError(text[0].lower() + text[1:], place[1] if place else None) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"expected JSON: {error}") from error


def _choices(kind: type, field: str) -> tuple[str, ...]:
    """Return what a struct's own field may be, where that is one of several texts: msgspec does not say."""
    return get_args(get_type_hints(kind).get(field))


def handler(route: Callable[..., Response]) -> Callable[..., Response]:
    """Wrap a route: pass it the `Call`, and turn what it raises into an answer."""

    @wraps(route)
    def call(**path: str) -> Response:
        try:
            request, service = _current.get()
            return route(Call(request, service(), first=next(_answered) == 0), **path)
        except Exception as error:
            return answer_to(error)

    return call


@contextmanager
def handling(request: Request, service: Callable[[], Service]) -> Iterator[None]:
    """Let the handlers that run inside answer this request with that service. Threads do not share it."""
    token = _current.set((request, service))
    try:
        yield
    finally:
        _current.reset(token)
