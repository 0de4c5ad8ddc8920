"""What all gRPC calls have in common: a request id, a deadline, a status for every error, and a log line.

The services behind the interceptor raise the core's errors and know no status codes.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from functions.errors import (
    CorruptDataError,
    FormatError,
    InvalidValueError,
    NotFoundError,
    UnavailableError,
)

REQUEST_ID = "x-request-id"
_LONGEST = 2000  # characters of a message, which may repeat what came: clients take 8 KB of trailers
_LOGGABLE_ID = re.compile(r"[!-~]{1,128}")
_OURS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNAVAILABLE}  # a fault of this server

log = logging.getLogger("scrawl")


class AbandonedCallError(Exception):
    """The deadline has passed, or the client has gone: nobody waits for the answer."""


def check_not_abandoned(context: Any) -> None:
    """Raise `AbandonedCallError` when nobody waits for the answer any more."""
    remaining = context.time_remaining()
    if remaining is not None and remaining <= 0:
        raise AbandonedCallError("the deadline has passed")
    if not context.is_active():
        raise AbandonedCallError("the client has gone")


class CallInterceptor(grpc.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
    """Wraps every call of the services that answer one message with one message.

    Reflection is a stream, which a client may keep open, so it gets threads of its own.
    """

    def __init__(self) -> None:
        self._reflection_threads = ThreadPoolExecutor(4, "reflection")

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        """Return a handler around the one for a call; None when there is no such method."""
        handler = continuation(details)
        if handler is not None and handler.stream_stream is not None:
            return _in_threads(self._reflection_threads, handler)
        if handler is None or handler.unary_unary is None:
            return handler  # watching health needs no thread
        request_id = _request_id(details.invocation_metadata)

        def call(body: bytes, context: Any) -> Any:
            return _answer(handler, details.method, request_id, body, context)

        return grpc.unary_unary_rpc_method_handler(call, None, handler.response_serializer)


def _in_threads(pool: ThreadPoolExecutor, handler: Any) -> Any:
    """Return a handler of streams that runs in these threads."""

    def call(requests: Any, context: Any) -> Any:
        return handler.stream_stream(requests, context)

    call.experimental_thread_pool = pool  # type: ignore[attr-defined]  # where gRPC looks for it
    return grpc.stream_stream_rpc_method_handler(call, handler.request_deserializer, handler.response_serializer)


def _answer(handler: Any, method: str, request_id: str, body: bytes, context: Any) -> Any:
    """Return a handler's answer to a message; on an error, end the call with a status."""
    start = time.perf_counter()
    context.send_initial_metadata(((REQUEST_ID, request_id),))
    code, message, unexpected = grpc.StatusCode.OK, "", None
    answer = None
    try:
        check_not_abandoned(context)
        answer = handler.unary_unary(_decoded(handler.request_deserializer, body), context)
    except Exception as error:
        code, message = _status(error)
        unexpected = error if code is grpc.StatusCode.INTERNAL else None
    fields = {
        "method": method,
        "code": code.name,
        "milliseconds": round((time.perf_counter() - start) * 1000, 3),
        "request_id": request_id,
        "peer": context.peer(),
    }
    extra = fields | ({"error": message} if message else {})
    log.log(_level(method, code), "call", extra=extra, exc_info=unexpected)
    if code is not grpc.StatusCode.OK:
        context.abort(code, message[:_LONGEST])
    return answer


def _level(method: str, code: grpc.StatusCode) -> int:
    if code in _OURS:
        return logging.ERROR
    return (
        logging.DEBUG if method.startswith("/grpc.health.") else logging.INFO
    )  # health checks come every few seconds


def _decoded(deserialize: Callable[[bytes], Any], body: bytes) -> Any:
    try:
        return deserialize(body)
    except DecodeError as error:
        raise FormatError(f"expected a protobuf message of this method, got {len(body)} other bytes") from error


def _status(error: Exception) -> tuple[grpc.StatusCode, str]:
    """Return a call's status and message; an unexpected error gives no details away."""
    match error:
        case FormatError() | InvalidValueError():
            return grpc.StatusCode.INVALID_ARGUMENT, str(error)
        case NotFoundError():
            return grpc.StatusCode.NOT_FOUND, str(error)
        case AbandonedCallError():
            return grpc.StatusCode.DEADLINE_EXCEEDED, str(error)
        case CorruptDataError():
            return grpc.StatusCode.DATA_LOSS, str(error)
        case UnavailableError():
            return grpc.StatusCode.UNAVAILABLE, str(error)
    return grpc.StatusCode.INTERNAL, "something went wrong here; it has been logged"


def _request_id(metadata: Sequence[tuple[str, str | bytes]]) -> str:
    """Return the client's id of this call if it is fit for a log, else a new one."""
    for name, value in metadata:
        if name == REQUEST_ID and isinstance(value, str) and _LOGGABLE_ID.fullmatch(value):
            return value
    return secrets.token_hex(8)
