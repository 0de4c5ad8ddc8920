"""WebDriver's commands for three browsers: each takes a command by its name in Marionette and returns its value.

Firefox takes them over a socket of its own, Marionette; WebKit has Debian's WebKitWebDriver, over HTTP; for Chromium
they are carried out with Playwright. So no driver has to be fetched.
"""

import base64
import json
import socket
from typing import Any, Protocol

import requests
from playwright.sync_api import Page
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from tests.support.lab import PATIENCE

SECONDS = 3 * PATIENCE / 1000  # until a command counts as lost: longer than any that waits for the page


class Connection(Protocol):
    """A browser that takes WebDriver commands."""

    def command(self, name: str, **parameters: Any) -> Any:
        """Carry out a command, named as in Marionette, and return its value."""


class Marionette:
    """Firefox's own socket: each message is its length, a colon, and JSON."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._reader = self._socket.makefile("rb")
        self._number = 0
        self._receive()  # its greeting
        self.command("NewSession")

    def command(self, name: str, **parameters: Any) -> Any:
        """Carry out a command, and return its value."""
        self._number += 1
        message = json.dumps([0, self._number, f"WebDriver:{name}", parameters])
        self._socket.sendall(f"{len(message)}:{message}".encode("ascii"))
        _kind, _number, error, result = self._receive()
        if error:
            raise RuntimeError(f"{name}: {error['message']}")
        return result.get("value") if isinstance(result, dict) else result

    def _receive(self) -> Any:
        length = b""
        while (digit := self._reader.read(1)) != b":":
            if not digit:
                raise RuntimeError("Firefox has closed its connection")
            length += digit
        return json.loads(self._reader.read(int(length)))


# Command → method and path below the session, of those that `Driver` gives.
_PATHS = {
    "Navigate": ("POST", "url"),
    "ExecuteScript": ("POST", "execute/sync"),
    "ExecuteAsyncScript": ("POST", "execute/async"),
    "SetTimeouts": ("POST", "timeouts"),
    "SetWindowRect": ("POST", "window/rect"),
    "PerformActions": ("POST", "actions"),
    "TakeScreenshot": ("GET", "screenshot"),
}


class WebKitDriver:
    """WebKitWebDriver, over HTTP."""

    def __init__(self, port: int) -> None:
        self._http = requests.Session()
        self._http.mount(
            "http://", HTTPAdapter(max_retries=Retry(20, backoff_factor=0.05))
        )  # it has just been started
        url = f"http://127.0.0.1:{port}/session"
        answer = self._http.post(url, json={"capabilities": {"alwaysMatch": {}}}, timeout=SECONDS).json()
        if "sessionId" not in answer["value"]:
            raise RuntimeError(f"WebKit did not start: {answer['value']}")
        self._url = f"{url}/{answer['value']['sessionId']}"

    def command(self, name: str, **parameters: Any) -> Any:
        """Carry out a command, and return its value."""
        method, path = _PATHS[name]
        body = parameters if method == "POST" else None
        answer = self._http.request(method, f"{self._url}/{path}", json=body, timeout=SECONDS)
        value = answer.json()["value"]
        if not answer.ok:
            raise RuntimeError(f"{name}: {value['message']}")
        return value


class Chromium:
    """A page of Playwright's."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def command(self, name: str, **parameters: Any) -> Any:
        """Carry out a command, and return its value."""
        match name:
            case "Navigate":
                self._page.goto(parameters["url"])
            case "ExecuteScript":
                return self._page.evaluate(f"() => {{ {parameters['script']} }}")
            case "ExecuteAsyncScript":
                script = f"new Promise(done => (function () {{ {parameters['script']} }})(done))"
                return self._page.evaluate(script)
            case "SetWindowRect":
                self._page.set_viewport_size({"width": parameters["width"], "height": parameters["height"]})
            case "PerformActions":
                for action in parameters["actions"][0]["actions"]:
                    self._move(action)
            case "TakeScreenshot":
                return base64.b64encode(self._page.screenshot()).decode()
        return None

    def _move(self, action: dict[str, Any]) -> None:
        mouse = self._page.mouse
        match action["type"]:
            case "pointerDown":
                mouse.down()
            case "pointerUp":
                mouse.up()
            case _:
                mouse.move(action["x"], action["y"])
