"""The API as tests call it: over a store of theirs, through Chalice's own test client."""

import json
import threading
from typing import Any

from chalice.test import Client, HTTPResponse

from functions import wiring
from functions.app import app
from functions.jobs.launchers import ThreadLauncher
from functions.service import Service
from functions.settings import Settings
from functions.storage.store import Store

BUCKET = "scrawl-test"


class serving:  # noqa: N801 — it is used as a function
    """The API over a store, for the time of a `with`."""

    def __init__(self, store: Store, **settings: Any) -> None:
        chosen = {"train_iterations": 40} | settings
        self.service = Service(Settings(BUCKET, **chosen), store, ThreadLauncher())

    def __enter__(self) -> "Api":
        wiring.use(self.service)
        return Api(self.service)

    def __exit__(self, *_: object) -> None:
        wiring.use(None)
        for thread in threading.enumerate():
            if thread.name.startswith("job "):
                thread.join(30)  # it still needs the store


class Api:
    """Chalice's test client, with JSON bodies and plain headers."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._http = Client(app).http

    def __call__(
        self, method: str, path: str, *, body: object = None, headers: dict[str, str] | None = None
    ) -> HTTPResponse:
        """Send a request; a body that is not bytes is sent as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        return self._http.request(method, path, headers=headers, body=body or b"")

    @property
    def version(self) -> str:
        """Return the current version of the weights."""
        return self.service.model("mlp-128").weights.current().version
