"""The API's routes that only sharing needs, as `Api` has those that the page begins with. Errors are `fetching`'s.

Writing may need a token; it is kept in this tab's session only.
"""

from browser import self as window
from javascript import JSON

from scrawl.client import fetching
from scrawl.client.api import LONG, PATIENT, SAFETENSORS

TOKEN = "scrawl.token"
MOST = 50  # versions that are listed


class Routes:
    """Asks through an `Api`, which counts what is under way."""

    def __init__(self, api: object) -> None:
        self.api = api
        self.ask = api.ask
        self._token = _kept_token()

    async def version(self, model: str, version: str) -> tuple:
        """Return (safetensors bytes, ETag) of an older version of the weights."""
        options = {"headers": {"Accept": SAFETENSORS}}
        response = await self.ask(f"weights?model={model}&version={version}", options, LONG)
        return await fetching.body(response), response.headers.get("ETag") or ""

    async def send_weights(self, model: str, buffer: object, etag: str) -> tuple:
        """Publish weights, unless others have come since those of `etag`. Return (description, new ETag)."""
        headers = {"Content-Type": SAFETENSORS, "Accept": "application/json", **self._token_header()}
        if etag:
            headers["If-Match"] = etag
        options = {"method": "POST", "headers": headers, "body": buffer}
        response = await self.ask(f"weights?model={model}", options, LONG)
        return await fetching.json(response), response.headers.get("ETag") or ""

    async def reset_weights(self, model: str) -> dict:
        """Have the weights retrained from nothing. Return the job."""
        options = {"method": "DELETE", "headers": self._token_header()}
        response = await self.ask(f"weights?model={model}", options, PATIENT)
        return (await fetching.json(response))["job"]

    async def job(self, number: str) -> dict:
        """Return how far a job has come."""
        content = await fetching.json(await self.ask(f"jobs/{number}", {"cache": "no-store"}, PATIENT))
        return content.get("job", content)

    async def versions(self, model: str) -> list:
        """Return the versions, the newest first."""
        response = await self.ask(f"weights/history?model={model}&limit={MOST}", {"cache": "no-store"}, PATIENT)
        return (await fetching.json(response))["versions"]

    async def roll_back(self, model: str, version: str, etag: str) -> tuple:
        """Make an older version current again. Return (description, new ETag)."""
        headers = {"Content-Type": "application/json", "Accept": "application/json", **self._token_header()}
        if etag:
            headers["If-Match"] = etag
        options = {"method": "POST", "headers": headers, "body": JSON.stringify({"version": version})}
        response = await self.ask(f"weights/rollback?model={model}", options, LONG)
        return await fetching.json(response), response.headers.get("ETag") or ""

    async def predict(self, model: str, picture: object) -> dict:
        """Return the API's reading of a picture of 784 bytes; `cold` is None when it does not say."""
        body = JSON.stringify({"tensor": [byte / 255 for byte in picture]})
        options = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": body}
        response = await self.ask(f"predict?model={model}", options, PATIENT)
        cold = {"true": True, "false": False}.get(response.headers.get("X-Scrawl-Cold-Start") or "")
        return {**await fetching.json(response), "cold": cold}

    def set_token(self, token: str) -> None:
        """Use a token from now on, until the tab is closed."""
        self._token = token
        try:
            window.sessionStorage.setItem(TOKEN, token)
        except Exception:  # blocked: then it is forgotten with the next reload
            return

    def _token_header(self) -> dict:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}


def _kept_token() -> str:
    try:
        return window.sessionStorage.getItem(TOKEN) or ""
    except Exception:
        return ""
