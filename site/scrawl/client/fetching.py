"""Requests to a server: a time limit, errors in plain words, and how long to wait before trying again.

An error is either `ApiUnavailableError` (try again later) or `RefusedError` (the server said no). The page and its
worker use this; which routes there are is in `api` and, for the worker, in `worker.block_source`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window
from javascript import JSON

if TYPE_CHECKING:
    from typing import Any

    from browser.arrays import ArrayBuffer

    type Response = Any  # the browser's

BODY_TIME_LIMIT = 60.0  # seconds within which all of a response has to be there
GZIP = [0x1F, 0x8B]  # the first bytes of gzip
FIRST_WAIT, LONGEST_WAIT = 1.0, 20.0  # seconds


class ApiUnavailableError(RuntimeError):
    """Nobody answered, or the server could not: worth asking again later."""


class RefusedError(RuntimeError):
    """The server understood and declined. `status` and `location` are HTTP's, the message the server's own."""

    def __init__(self, status: int, message: str, location: str) -> None:
        super().__init__(message)
        self.status = status
        self.location = location


class Backoff:
    """Waits between attempts that double with each failure, and start again with a success."""

    def __init__(self) -> None:
        self.failures = 0

    def failed(self) -> float:
        """Note a failure, and return how many seconds to wait."""
        self.failures += 1
        return min(FIRST_WAIT * 2.0 ** (self.failures - 1), LONGEST_WAIT)

    def succeeded(self) -> None:
        """Note a success."""
        self.failures = 0


async def fetch(url: str, options: dict[str, Any], seconds: float) -> Response:
    """Return the response if its status is good, else raise ApiUnavailableError or RefusedError."""
    controller = window.AbortController.new()
    timer = window.setTimeout(lambda: controller.abort(), 1000 * seconds)
    try:
        response = await window.fetch(url, {**options, "signal": controller.signal})
    except Exception as error:
        reason = f"no answer within {seconds:.0f} s" if controller.signal.aborted else "no answer"
        raise ApiUnavailableError(f"The API is away ({reason})") from error
    finally:
        window.clearTimeout(timer)
    window.setTimeout(lambda: controller.abort(), 1000 * BODY_TIME_LIMIT)  # does nothing once all of it is there
    if response.ok or response.status == 304:
        return response
    code, message = await _error(response)
    if (response.status == 429 or response.status >= 500) and code != "corrupt_data":
        raise ApiUnavailableError(f"The API answered {response.status}: {message}")
    raise RefusedError(response.status, message, response.headers.get("Location") or "")


async def body(response: Response) -> ArrayBuffer:
    """Return a response's bytes."""
    try:
        buffer: ArrayBuffer = await response.arrayBuffer()
        return buffer
    except Exception as error:
        raise ApiUnavailableError("The API's answer broke off") from error


async def unpacked(buffer: ArrayBuffer) -> ArrayBuffer:
    """Return what is in gzip bytes, and others as they are: a static host may send a `.gz` file either way."""
    start = window.Uint8Array.new(buffer, 0, min(2, buffer.byteLength))
    if [*start] != GZIP:
        return buffer
    stream = window.Blob.new([buffer]).stream().pipeThrough(window.DecompressionStream.new("gzip"))
    return await body(window.Response.new(stream))


async def json(response: Response, *fields: str) -> dict[str, Any]:
    """Return a response's JSON object, parsed, which has these fields; else raise ApiUnavailableError."""
    try:
        parsed: Any = JSON.parse(await response.text())
    except Exception as error:
        raise ApiUnavailableError("The API's answer is not JSON") from error
    missing = [field for field in fields if not isinstance(parsed, dict) or field not in parsed]
    if missing or not isinstance(parsed, dict):
        raise ApiUnavailableError(f"The API's answer has no {missing[0] if missing else 'fields'}")
    return parsed


async def _error(response: Response) -> tuple[str, str]:
    """Return the code and the message of the API's error, or what HTTP says about it."""
    try:
        error = JSON.parse(await response.text())["error"]
        return error["code"], error["message"]
    except Exception:
        return "", response.statusText or "no explanation"
