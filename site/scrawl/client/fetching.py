"""One way to ask a server: a time limit, errors in plain words, and the difference between away and unwilling.

Used by the page and by its worker. What is asked is left to `api` and `source`.
"""

from browser import self as window
from javascript import JSON


class AwayError(RuntimeError):
    """Nobody answered, or the server could not: worth asking again later."""


class RefusedError(RuntimeError):
    """The server understood and declined. `status` and `location` are HTTP's, the message the server's own."""

    def __init__(self, status: int, message: str, location: str) -> None:
        super().__init__(message)
        self.status = status
        self.location = location


BODY = 60.0  # seconds in which an answer that has begun is to be there


async def fetch(url: str, options: dict, seconds: float) -> object:
    """Return the response if its status is good, else raise AwayError or RefusedError."""
    controller = window.AbortController.new()
    timer = window.setTimeout(lambda: controller.abort(), 1000 * seconds)
    try:
        response = await window.fetch(url, {**options, "signal": controller.signal})
    except Exception as error:
        reason = f"no answer within {seconds:.0f} s" if controller.signal.aborted else "no answer"
        raise AwayError(f"The API is away ({reason})") from error
    finally:
        window.clearTimeout(timer)
    window.setTimeout(lambda: controller.abort(), 1000 * BODY)  # does nothing once all of it is there
    if response.ok or response.status == 304:
        return response
    code, message = await _error(response)
    if (response.status == 429 or response.status >= 500) and code != "corrupt_data":
        raise AwayError(f"The API answered {response.status}: {message}")
    raise RefusedError(response.status, message, response.headers.get("Location") or "")


async def body(response: object) -> object:
    """Return a response's bytes as an ArrayBuffer."""
    try:
        return await response.arrayBuffer()
    except Exception as error:
        raise AwayError("The API's answer broke off") from error


async def json(response: object) -> dict:
    """Return a response's JSON, parsed."""
    try:
        return JSON.parse(await response.text())
    except Exception as error:
        raise AwayError("The API's answer is no JSON") from error


async def _error(response: object) -> tuple:
    """Return the code and the message of the API's error, or what HTTP says of it."""
    try:
        error = JSON.parse(await response.text())["error"]
        return error["code"], error["message"]
    except Exception:
        return "", response.statusText or "no explanation"
