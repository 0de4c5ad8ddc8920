"""The shared weights: load, send and reset, each with its progress and its outcome in words.

What is in the way is told, with a choice: others' newer weights, a missing token, weights that know too little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl.client import fetching
from scrawl.share import retraining_watch, version_descriptions
from scrawl.state import formatting

if TYPE_CHECKING:
    from scrawl.app.app import App


class Sending:
    """Moves weights between the API and the worker. `retry()` does again what a token was missing for."""

    def __init__(self, app: App) -> None:
        self.page, self.connection = app.page, app.connection
        self.state = app.page.state
        self.api, self.routes = app.api, app.sharing_api
        self._done: dict = {}  # model → what to say once the worker has taken what was loaded
        self._again: object = None
        self.page.on_report("weights_loaded", self._taken)
        self.page.on_report("weights_refused", self._refused)
        self.page.handle_report("exported", self._exported)

    def _taken(self, model: str, origin: str, **_fields: object) -> None:
        if model in self._done and origin == "shared":
            self.page.dispatch("conflict", model=model, on=False)
            self.page.dispatch("settled", model=model, text=self._done.pop(model), tone="good")

    def _refused(self, model: str, **_fields: object) -> None:
        self._done.pop(model, None)

    # Load

    def load(self) -> None:
        """Take the shared weights."""
        model = self.state.model
        self.page.dispatch("busy", model=model, task="load", text="Loading the shared weights…")
        self.guard(model, self.load, self._load(model, "The shared weights are loaded."))

    async def _load(self, model: str, done: str) -> None:
        buffer, etag = await self.api.weights(model)
        self.take(model, buffer, etag, done)

    def load_version(self, model: str, version: str) -> None:
        """Take an older version of the shared weights into this tab."""
        self.page.dispatch("busy", model=model, task="load", text="Loading an earlier version…")
        self.guard(model, lambda: self.load_version(model, version), self._load_version(model, version))

    async def _load_version(self, model: str, version: str) -> None:
        buffer, etag = await self.routes.version(model, version)
        name = version_descriptions.short(version)
        self.take(model, buffer, etag, f"Version {name} is in this tab. The shared weights stay as they are.")

    def take(self, model: str, buffer: object, etag: str, done: str) -> None:
        """Give the worker weights that came from the API."""
        self._done[model] = done
        self.page.dispatch("etag_known", model=model, etag=etag)
        self.page.send("load_weights", model=model, buffer=buffer, origin="shared")

    # Send

    def send(self) -> None:
        """Publish this tab's weights."""
        model = self.state.model
        message = "Sending this tab's weights; the API measures them first…"
        self.page.dispatch("busy", model=model, task="send", text=message)
        self.page.send("export", model=model, metadata=JSON.stringify({"model": model}))

    def _exported(self, model: str, buffer: object) -> None:
        self.guard(model, self.send, self._send(model, buffer))

    async def _send(self, model: str, buffer: object) -> None:
        etag = self.state.record_of(model).etag
        description, etag = await self.routes.send_weights(model, buffer, etag)
        description = {"created_at": window.Date.new().toISOString(), **description}
        self.page.dispatch("weights_sent", model=model, description=description, etag=etag)
        self.page.dispatch("conflict", model=model, on=False)
        accuracy = formatting.percent(float(description["accuracy"]))
        message = f"Sent. The API measured {accuracy} on its test digits and shares them from now on."
        self.page.dispatch("settled", model=model, text=message, tone="good")

    # Others have sent weights: a choice

    def replace(self) -> None:
        """Send whatever the others have sent."""
        self.page.dispatch("etag_known", model=self.state.model, etag="")
        self.send()

    def keep_mine(self) -> None:
        """Leave both as they are."""
        model = self.state.model
        self.page.dispatch("conflict", model=model, on=False)
        message = "This tab keeps its weights, and the API keeps the others'."
        self.page.dispatch("settled", model=model, text=message, tone="quiet")

    def _conflict(self, model: str) -> None:
        self.page.dispatch("conflict", model=model, on=True)
        message = (
            "Others have sent weights since you loaded them. Load theirs and give up yours, replace theirs with "
            "yours (theirs stay in the history), or keep yours in this tab only."
        )
        self.page.dispatch("settled", model=model, text=message, tone="warning")

    # Reset

    def reset(self) -> None:
        """Have the API forget its weights and train new ones."""
        model = self.state.model
        self.page.dispatch("busy", model=model, task="reset", text="Asking the API to start anew…")
        self.guard(model, self.reset, self._reset(model))

    async def _reset(self, model: str) -> None:
        done = await retraining_watch.retraining(self.page, self.routes, model)
        if done["state"] == "failed":
            message = f"The retraining failed: {done.get('error') or 'no reason given'}. The old weights stay."
            self.page.dispatch("settled", model=model, text=message, tone="error")
        else:
            await self._load(model, "The API has trained new weights from nothing; they are loaded here.")

    # What is in the way

    def guard(self, model: str, again: object, task: object) -> None:
        """Carry out a task; when the API declines, say why and what one can do. `again()` begins the task anew."""
        aio.run(self._guarded(model, again, task))

    async def _guarded(self, model: str, again: object, task: object) -> None:
        try:
            await task
        except fetching.AwayError as error:
            self.connection.mark_away(str(error))
            message = f"{error}. Nothing has changed; try again once it is back."
            self.page.dispatch("settled", model=model, text=message, tone="warning")
        except fetching.RefusedError as error:
            if error.status in (401, 403):
                self._want_token(model, error, again)
            elif error.status in (409, 412):
                self._conflict(model)
            else:
                message = version_descriptions.declined(error.status, str(error))
                self.page.dispatch("settled", model=model, text=message, tone="warning")

    def _want_token(self, model: str, error: object, again: object) -> None:
        self._again = again
        self.page.dispatch("token_wanted", on=True)
        reason = (
            "This token does not allow it" if error.status == 403 else "Changing the shared weights needs a token"
        )
        message = f"{reason}. Whoever runs this API has one; this tab forgets it when it is closed."
        self.page.dispatch("settled", model=model, text=message, tone="warning")

    def use_token(self, token: str) -> None:
        """Take a token, and do what it was missing for."""
        self.routes.set_token(token)
        self.page.dispatch("token_wanted", on=False)
        self._again()
