"""The API's routes for learning together, as `Api` has those that the page starts with. Errors are `fetching`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window
from javascript import JSON

from scrawl.client import fetching
from scrawl.client.api import LONG, PATIENT, SAFETENSORS

if TYPE_CHECKING:
    from typing import Any

    from browser.arrays import ArrayBuffer

    from scrawl.client.sharing_api import SharingApi


WAITS = 202  # the status of an update that is on a stream


class TogetherApi:
    """Asks for everybody's weights, or with a room's code for that room's."""

    def __init__(self, sharing_api: SharingApi) -> None:
        self._sharing_api = sharing_api
        self.request = sharing_api.request
        self.code = ""  # of a room, with which all but `open_room` is asked

    async def weights(self, model: str) -> tuple[ArrayBuffer, str]:
        """Return (safetensors bytes, ETag) of the shared weights as they are now."""
        options = {"headers": {"Accept": SAFETENSORS, **self._authorization()}, "cache": "no-cache"}
        response = await self.request(f"weights?model={model}", options, LONG)
        return await fetching.body(response), response.headers.get("ETag") or ""

    async def status(self, model: str) -> dict[str, Any]:
        """Return the current version, and how many take part."""
        options = {"headers": self._authorization(), "cache": "no-store"}
        return await fetching.json(
            await self.request(f"weights/updates?model={model}", options, PATIENT), "accuracy", "participants"
        )

    async def send(
        self, model: str, update: ArrayBuffer, base: str, samples: int, participant: str, key: str
    ) -> dict[str, Any]:
        """Have a difference averaged in. Sent again with the same key, it counts once.

        A server with a stream may take longer than a request lasts; then it is to be sent again.
        """
        query = f"model={model}&base={base}&samples={samples}&participant={participant}"
        headers = {"Content-Type": SAFETENSORS, "Idempotency-Key": key, "Prefer": "wait=10", **self._authorization()}
        options = {"method": "POST", "headers": headers, "body": update}
        response = await self.request(f"weights/updates?{query}", options, LONG)
        if response.status == WAITS:
            raise fetching.ApiUnavailableError("The update is still waiting to be averaged in")
        return await fetching.json(response, "accuracy", "participants", "weight")

    async def room(self, code: str) -> dict[str, Any]:
        """Return how far a room is."""
        path, options = _room(code, {"cache": "no-store"})
        room: dict[str, Any] = (await fetching.json(await self.request(path, options, PATIENT), "room"))["room"]
        return room

    async def open_room(self, model: str) -> str:
        """Open a room, and return its owner's code."""
        headers = {"Content-Type": "application/json", **self._sharing_api.token_header()}
        options = {"method": "POST", "headers": headers, "body": JSON.stringify({"model": model})}
        content = await fetching.json(await self.request("rooms", options, PATIENT), "owner_code")
        return str(content["owner_code"])

    async def reset_room(self, code: str) -> None:
        """Give a room the weights again that it started with."""
        path, options = _room(code, {"method": "POST"})
        await self.request(f"{path}/reset", options, PATIENT)

    async def end_room(self, code: str) -> None:
        """End a room, for everybody in it."""
        path, options = _room(code, {"method": "DELETE"})
        await self.request(path, options, PATIENT)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.code}"} if self.code else self._sharing_api.token_header()


def _room(code: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {code}"}
    return f"rooms/{window.encodeURIComponent(code[:14])}", {"headers": headers, **options}
