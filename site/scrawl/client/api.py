"""The API as the page asks it: each route one method, answers as plain values. Errors are `fetching`'s.

What only sharing needs is in `share.routes`. Whether the API is there, and what to do when it is not, is left to
`connection`.
"""

from browser import self as window

from scrawl.client import fetching

SAFETENSORS = "application/vnd.safetensors"
# Seconds until an answer is given up on: something else can stand in; longer than any gateway waits; much to be done.
QUICK, PATIENT, LONG = 8.0, 30.0, 60.0


class Api:
    """The API at an absolute address. `count(requests in flight)` is told whenever that number changes."""

    def __init__(self, base: str, count: object) -> None:
        self.base = base
        self.count = count
        self._in_flight = 0

    def block_address(self, dataset: str) -> str:
        """Return where blocks are, with {split} and {index} to be filled in."""
        return f"{self.base}datablock/{{split}}/{{index}}?dataset={window.encodeURIComponent(dataset)}"

    async def describe(self) -> dict:
        """Return name, dataset and models; `kept` says that they come from an earlier visit, since nobody answers."""
        response = await self.ask("", {}, PATIENT)
        return {**await fetching.json(response), "kept": response.headers.get("Scrawl-Kept") == "yes"}

    async def sample(self) -> tuple:
        """Return (784 bytes, label) of a random test digit."""
        content = await fetching.json(await self.ask("data?split=test", {}, QUICK))
        digit = content["data"][0]
        return window.Uint8Array.new([round(255 * pixel) for pixel in digit["image"]]), digit["target"]

    async def weights(self, model: str, small: bool = False, version: str = "") -> tuple:
        """Return (safetensors bytes, ETag) of the shared weights or a version of them; `small`: as int8."""
        which = ("&precision=int8" if small else "") + (f"&version={version}" if version else "")
        options = {"headers": {"Accept": SAFETENSORS}, "cache": "no-cache"}
        response = await self.ask(f"weights?model={model}{which}", options, LONG)
        return await fetching.body(response), response.headers.get("ETag") or ""

    async def ask(self, path: str, options: dict, seconds: float) -> object:
        """Return the response of a route, counting it while it is under way."""
        self._change(1)
        try:
            return await fetching.fetch(self.base + path, options, seconds)
        finally:
            self._change(-1)

    def _change(self, by: int) -> None:
        self._in_flight += by
        self.count(self._in_flight)
