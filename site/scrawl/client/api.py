"""The API's routes that the page starts with, each a method that returns plain values. Errors are `fetching`'s.

The routes that only sharing needs are in `sharing_api`; whether the API is there at all is `connection`'s concern.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.client import fetching

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser.arrays import ArrayBuffer, Uint8Array

SAFETENSORS = "application/vnd.safetensors"
# Seconds until a request is given up: something else can stand in; longer than any gateway waits; much to be done.
QUICK, PATIENT, LONG = 8.0, 30.0, 60.0


class Api:
    """The API at the address `base`. `count(requests in flight)` is called whenever that number changes."""

    def __init__(self, base: str, count: Callable[[int], None]) -> None:
        self.base = base
        self.count = count
        self._in_flight = 0

    def block_url(self, dataset: str) -> str:
        """Return the address of blocks, with {split} and {index} to be filled in."""
        return f"{self.base}datablock/{{split}}/{{index}}?dataset={window.encodeURIComponent(dataset)}"

    def answers(self, model: str) -> list[list[str]]:
        """Return what the page needs without a network: (address, Accept) of each answer."""
        weights = f"{self.base}weights?model={model}"
        return [[self.base, "*/*"], [weights, SAFETENSORS], [f"{weights}&precision=int6", SAFETENSORS]]

    async def describe(self) -> dict[str, Any]:
        """Return name, dataset and models; `stored` says that they come from an earlier visit: nobody answers."""
        response = await self.request("", {}, PATIENT)
        return {**await fetching.json(response), "stored": response.headers.get("Scrawl-Kept") == "yes"}

    async def sample(self) -> tuple[Uint8Array, int]:
        """Return (784 bytes, label) of a random test digit."""
        content = await fetching.json(await self.request("data?split=test", {}, QUICK), "data")
        try:
            digit = content["data"][0]
            return window.Uint8Array.new([round(255 * pixel) for pixel in digit["image"]]), digit["target"]
        except (IndexError, KeyError, TypeError) as error:
            raise fetching.ApiUnavailableError("The API's answer has no digit") from error

    async def weights(self, model: str, small: bool = False, version: str = "") -> tuple[ArrayBuffer, str]:
        """Return (safetensors bytes, ETag) of the shared weights or a version of them; `small`: as int6."""
        which = ("&precision=int6" if small else "") + (f"&version={version}" if version else "")
        options = {"headers": {"Accept": SAFETENSORS}, "cache": "no-cache"}
        response = await self.request(f"weights?model={model}{which}", options, LONG)
        return await fetching.body(response), response.headers.get("ETag") or ""

    async def request(self, path: str, options: dict[str, Any], seconds: float) -> fetching.Response:
        """Return the response of a route, counting the request while it is in flight."""
        self._change(1)
        try:
            return await fetching.fetch(self.base + path, options, seconds)
        finally:
            self._change(-1)

    def _change(self, by: int) -> None:
        self._in_flight += by
        self.count(self._in_flight)


def has_api() -> bool:
    """Tell whether an API belongs to the page, or only files on a static host."""
    return not document.body.hasAttribute("data-standalone")


def absolute_url(address: str) -> str:
    """Return an address that the worker, whose own is another, understands as well."""
    url: str = window.URL.new(address, document.baseURI).href
    return url
