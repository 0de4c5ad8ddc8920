"""Answers: JSON, bytes, errors, and which error of the core is which in HTTP."""

import logging
import sys
from collections.abc import Mapping

import orjson
from chalice.app import Response

from functions.api.negotiation import shrinks
from functions.errors import (
    BusyError,
    ConflictError,
    CorruptDataError,
    FormatError,
    InvalidValueError,
    NotFoundError,
    StaleVersionError,
    UnavailableError,
)

JSON = "application/json"
SAFETENSORS = "application/vnd.safetensors"
ONNX = "application/vnd.onnx"
OCTETS = "application/octet-stream"
PNG = "image/png"

_LONGEST = 2000  # characters of an error's message: it may repeat what came, which may be long

type Headers = Mapping[str, str | list[str]]

log = logging.getLogger("scrawl")


class HttpError(Exception):
    """An error of HTTP itself, which the core does not know."""

    def __init__(self, status: int, code: str, message: str, headers: Headers | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers or {}


def json_answer(value: object, status: int = 200, headers: Headers | None = None) -> Response:
    """Return a JSON answer; NumPy's float32 arrays are written with as many digits as they need."""
    body = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    return answer(body, JSON, headers, status)


def answer(body: bytes, media_type: str, headers: Headers | None = None, status: int = 200) -> Response:
    """Return an answer of bytes."""
    return Response(body, {"Content-Type": media_type, **(headers or {})}, status)


def not_modified(headers: Headers, media_type: str) -> Response:
    """Return 304: the client has it already, in that media type. It varies with what a 200 would vary with."""
    vary = {"Vary": varying(str(headers.get("Vary", "")))} if shrinks(media_type, sys.maxsize) else {}
    return Response("", {**headers, **vary}, 304)


def varying(vary: str) -> str:
    """Return a Vary header for an answer that may come in gzip, too."""
    return f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"


def error_answer(
    status: int, code: str, message: str, field: str | None = None, headers: Headers | None = None
) -> Response:
    """Return an error in the shape that all of them have."""
    text = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"
    error = {"code": code, "message": text} | ({"field": field} if field else {})
    return json_answer({"error": error}, status, headers)


def answer_to(error: Exception) -> Response:
    """Return the answer for an error. An unexpected one is logged, and the answer says nothing about it."""
    match error:
        case HttpError():
            return error_answer(error.status, error.code, str(error), headers=error.headers)
        case FormatError():
            return error_answer(400, "malformed", str(error))
        case InvalidValueError():
            return error_answer(422, "invalid", str(error), error.field)
        case NotFoundError():
            return error_answer(404, "not_found", str(error))
        case StaleVersionError():
            return error_answer(412, "stale", str(error))
        case ConflictError():
            return error_answer(409, "conflict", str(error), headers={"Retry-After": "1"})
        case CorruptDataError():
            log.error("stored data is damaged", extra={"error": str(error)})
            return error_answer(503, "corrupt_data", str(error), headers={"Retry-After": "60"})
        case BusyError():
            return error_answer(429, "too_many_requests", str(error), headers={"Retry-After": "1"})
        case UnavailableError():
            log.error("store is away", extra={"error": str(error)})
            return error_answer(503, "unavailable", str(error), headers={"Retry-After": "2"})
    log.error("unhandled", exc_info=error)
    return error_answer(500, "internal", "something went wrong here; it has been logged")
