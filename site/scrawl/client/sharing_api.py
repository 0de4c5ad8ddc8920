"""The API's routes that only sharing needs, as `Api` has those that the page starts with. Errors are `fetching`'s.

Writing may need a token, which this tab keeps until it is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window
from javascript import JSON

from scrawl.client import fetching
from scrawl.client.api import LONG, PATIENT, SAFETENSORS

if TYPE_CHECKING:
    from typing import Any

    from browser.arrays import ArrayBuffer, Uint8Array

    from scrawl.client.api import Api

TOKEN = "scrawl.token"
MOST_VERSIONS = 50  # that are listed


class SharingApi:
    """Sends its requests through an `Api`, which counts those in flight."""

    def __init__(self, api: Api) -> None:
        self.request = api.request
        self._token = _stored_token()

    async def version(self, model: str, version: str) -> tuple[ArrayBuffer, str]:
        """Return (safetensors bytes, ETag) of an older version of the weights."""
        options = {"headers": {"Accept": SAFETENSORS}}
        response = await self.request(f"weights?model={model}&version={version}", options, LONG)
        return await fetching.body(response), response.headers.get("ETag") or ""

    async def send_weights(self, model: str, buffer: ArrayBuffer, etag: str) -> tuple[dict[str, Any], str]:
        """Publish weights, unless others have come since those of `etag`. Return (description, new ETag)."""
        headers = {"Content-Type": SAFETENSORS, "Accept": "application/json", **self.token_header()}
        if etag:
            headers["If-Match"] = etag
        options = {"method": "POST", "headers": headers, "body": buffer}
        response = await self.request(f"weights?model={model}", options, LONG)
        return await fetching.json(response, "version", "accuracy"), response.headers.get("ETag") or ""

    async def reset_weights(self, model: str) -> dict[str, Any]:
        """Have the weights retrained from nothing. Return the job."""
        options = {"method": "DELETE", "headers": self.token_header()}
        response = await self.request(f"weights?model={model}", options, PATIENT)
        job: dict[str, Any] = (await fetching.json(response, "job"))["job"]
        return job

    async def job(self, number: str) -> dict[str, Any]:
        """Return how far a job is."""
        content = await fetching.json(await self.request(f"jobs/{number}", {"cache": "no-store"}, PATIENT))
        job: dict[str, Any] = content.get("job", content)
        return job

    async def versions(self, model: str) -> list[dict[str, Any]]:
        """Return the versions, the newest first."""
        path = f"weights/history?model={model}&limit={MOST_VERSIONS}"
        response = await self.request(path, {"cache": "no-store"}, PATIENT)
        versions: Any = (await fetching.json(response, "versions"))["versions"]
        if not isinstance(versions, list) or not all(isinstance(version, dict) for version in versions):
            raise fetching.ApiUnavailableError("The API's answer lists no versions")
        return versions

    async def roll_back(self, model: str, version: str, etag: str) -> tuple[dict[str, Any], str]:
        """Make an older version current again. Return (description, new ETag)."""
        headers = {"Content-Type": "application/json", "Accept": "application/json", **self.token_header()}
        if etag:
            headers["If-Match"] = etag
        options = {"method": "POST", "headers": headers, "body": JSON.stringify({"version": version})}
        response = await self.request(f"weights/rollback?model={model}", options, LONG)
        return await fetching.json(response, "version"), response.headers.get("ETag") or ""

    async def predict(self, model: str, picture: Uint8Array) -> dict[str, Any]:
        """Return the API's prediction for a picture of 784 bytes; `cold` is None when it does not say."""
        body = JSON.stringify({"tensor": [byte / 255 for byte in picture]})
        options = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": body}
        response = await self.request(f"predict?model={model}", options, PATIENT)
        cold = {"true": True, "false": False}.get(response.headers.get("X-Scrawl-Cold-Start") or "")
        return {**await fetching.json(response, "label", "probabilities"), "cold": cold}

    def set_token(self, token: str) -> None:
        """Use a token from now on, until the tab is closed."""
        self._token = token
        try:
            window.sessionStorage.setItem(TOKEN, token)
        except Exception:  # storage is blocked: a reload forgets the token
            return

    def token_header(self) -> dict[str, str]:
        """Return the header of a request that may need the token."""
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}


def _stored_token() -> str:
    try:
        return window.sessionStorage.getItem(TOKEN) or ""
    except Exception:
        return ""
