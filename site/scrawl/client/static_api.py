"""Stands in for the API where the page is on a static host: the same digits and the shipped weights, as files.

`infra/page/standalone.py` writes them, and a bundle that has this module; the ordinary page does without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

from scrawl.client import fetching
from scrawl.client.api import LONG, PATIENT, QUICK, SAFETENSORS, Api
from scrawl.training import block

if TYPE_CHECKING:
    from typing import Any

    from browser.arrays import ArrayBuffer, Uint8Array


class StaticApi(Api):
    """The files below the address `base`."""

    def block_url(self, dataset: str) -> str:
        """Return the address of blocks; the dataset's id is there for the caches."""
        return f"{self.base}{{split}}/{{index}}.bin.gz?dataset={window.encodeURIComponent(dataset)}"

    def answers(self, model: str) -> list[list[str]]:
        """Return what the page needs without a network."""
        names = ("description.json", _weights(model, False), _weights(model, True))
        return [[self.base + name, SAFETENSORS] for name in names]

    async def describe(self) -> dict[str, Any]:
        """Return dataset and versions of the weights, and whether they come from an earlier visit."""
        response = await self.request("description.json", {"cache": "no-cache"}, PATIENT)
        return {**await fetching.json(response), "stored": response.headers.get("Scrawl-Kept") == "yes"}

    async def sample(self) -> tuple[Uint8Array, int]:
        """Return (784 bytes, label) of a random digit of the first test block."""
        response = await self.request("test/0.bin.gz", {}, QUICK)
        data = window.Uint8Array.new(await fetching.unpacked(await fetching.body(response)))
        count = (data.length - block.HEADER) // (1 + block.PIXELS)
        number = int(window.Math.random() * count)
        start = block.HEADER + count + number * block.PIXELS
        return data.slice(start, start + block.PIXELS), data[block.HEADER + number]

    async def weights(self, model: str, small: bool = False, version: str = "") -> tuple[ArrayBuffer, str]:
        """Return (safetensors bytes, "") of the shipped weights; there are no others."""
        if version and (await self.describe())["weights"].get(model) != version:
            raise fetching.RefusedError(404, "this copy of Scrawl has the shipped weights alone", "")
        response = await self.request(_weights(model, small), {"cache": "no-cache"}, LONG)
        return await fetching.body(response), ""


def _weights(model: str, small: bool) -> str:
    return f"weights/{model}{'.int6' if small else ''}.safetensors"
