"""The shared weights: load, send, reset and go back, each with its progress and its outcome in words.

Where something is in the way, the person gets a choice: others have sent newer weights, a token is missing, or the
weights are too inaccurate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl.client import fetching
from scrawl.client.api import has_api
from scrawl.share import version_descriptions
from scrawl.state import formatting

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from browser.arrays import ArrayBuffer

    from scrawl.app.app import App
    from scrawl.state.app_state import Missing, Task, Tone

POLL = 0.4  # seconds between two requests about a retraining
PATIENCE = 30  # such requests in a row that may fail


class SharedWeights:
    """Moves weights between the API and the worker."""

    def __init__(self, app: App) -> None:
        self.page, self.connection = app.page, app.connection
        self.state = app.page.state
        self.api, self.sharing_api = app.api, app.sharing_api
        self._loaded_texts: dict[str, str] = {}  # model → what to say once the worker has taken its weights
        self._retry: Callable[[], object] | None = None  # what a token was missing for
        self.page.on_report("weights_loaded", self._taken)
        self.page.on_report("weights_refused", self._refused)
        self.page.handle_report("exported", self._send_exported)

    def _taken(self, model: str, origin: str, **_fields: Any) -> None:
        if model in self._loaded_texts and origin == "shared":
            self.page.dispatch("conflict", model=model, on=False)
            self._settle(model, self._loaded_texts.pop(model), "good")

    def _refused(self, model: str, **_fields: Any) -> None:
        self._loaded_texts.pop(model, None)

    # Load

    def load(self) -> None:
        """Take the shared weights."""
        model = self.state.model
        which = "shared" if has_api() else "shipped"
        self._start(model, "load", f"Loading the {which} weights…")
        self.run(model, self.load, self._load(model, f"The {which} weights are loaded."))

    async def _load(self, model: str, loaded_text: str) -> None:
        buffer, etag = await self.api.weights(model)
        self.take(model, buffer, etag, loaded_text)

    def load_version(self, model: str, version: str) -> None:
        """Take an older version of the shared weights into this tab."""
        self._start(model, "load", "Loading an earlier version…")
        self.run(model, lambda: self.load_version(model, version), self._load_version(model, version))

    async def _load_version(self, model: str, version: str) -> None:
        buffer, etag = await self.sharing_api.version(model, version)
        name = version_descriptions.short(version)
        self.take(model, buffer, etag, f"Version {name} is in this tab. The shared weights stay as they are.")

    def take(self, model: str, buffer: ArrayBuffer, etag: str, loaded_text: str) -> None:
        """Give the worker weights that came from the API."""
        self._loaded_texts[model] = loaded_text
        self.page.dispatch("etag_known", model=model, etag=etag)
        self.page.send("load_weights", model=model, buffer=buffer, origin="shared")

    # Send

    def send(self) -> None:
        """Publish this tab's weights."""
        model = self.state.model
        self._start(model, "send", "Sending this tab's weights; the API measures them first…")
        metadata = version_descriptions.provenance(model, self.state.record_of(model))
        self.page.send("export", model=model, metadata=JSON.stringify(metadata))

    def _send_exported(self, model: str, buffer: ArrayBuffer) -> None:
        self.run(model, self.send, self._send(model, buffer))

    async def _send(self, model: str, buffer: ArrayBuffer) -> None:
        etag = self.state.record_of(model).etag
        description, etag = await self.sharing_api.send_weights(model, buffer, etag)
        description = {"created_at": window.Date.new().toISOString(), **description}
        self.page.dispatch("weights_sent", model=model, description=description, etag=etag)
        self.page.dispatch("conflict", model=model, on=False)
        accuracy = formatting.percent(float(description["accuracy"]))
        text = f"Sent. The API measured {accuracy} on its test digits and shares them from now on."
        self._settle(model, text, "good")

    # Others have sent weights: a choice

    def overwrite(self) -> None:
        """Send this tab's weights although others have sent theirs."""
        self.page.dispatch("etag_known", model=self.state.model, etag="")
        self.send()

    def keep_both(self) -> None:
        """Leave this tab's weights and the shared ones as they are."""
        model = self.state.model
        self.page.dispatch("conflict", model=model, on=False)
        self._settle(model, "This tab keeps its weights, and the API keeps the others'.", "quiet")

    def _offer_choice(self, model: str) -> None:
        self.page.dispatch("conflict", model=model, on=True)
        text = (
            "Others have sent weights since you loaded them. Load theirs and give up yours, replace theirs with "
            "yours (theirs stay in the history), or keep yours in this tab only."
        )
        self._settle(model, text, "warning")

    # Reset

    def reset(self) -> None:
        """Have the API forget its weights and train new ones."""
        model = self.state.model
        self._start(model, "reset", "Asking the API to start from scratch…")
        self.run(model, self.reset, self._reset(model))

    async def _reset(self, model: str) -> None:
        job = await self._finished_job(model, await self._retraining_id(model))
        if job["state"] == "failed":
            reason = job.get("error") or "no reason given"
            self._settle(model, f"The retraining failed: {reason}. The old weights stay.", "error")
        else:
            await self._load(model, "The API has trained new weights from nothing; they are loaded here.")

    async def _retraining_id(self, model: str) -> str:
        """Start a retraining, or find the one that somebody else has started."""
        try:
            job: str = (await self.sharing_api.reset_weights(model))["id"]
            return job
        except fetching.RefusedError as error:
            if error.status != 409 or not error.location:
                raise
            return error.location.split("/")[-1]

    async def _finished_job(self, model: str, job_id: str) -> dict[str, Any]:
        """Show the progress of a retraining until it has ended."""
        failures = 0
        while True:
            await aio.sleep(POLL)
            try:
                job = await self.sharing_api.job(job_id)
            except fetching.ApiUnavailableError:
                failures += 1
                if failures > PATIENCE:
                    raise
                continue
            failures = 0
            if job["state"] in ("done", "failed"):
                return job
            done, total = job["iteration"], job["iterations"]
            text = f"The API retrains: iteration {done} of {total}"
            self._start(model, "reset", text, done / max(total, 1))

    # What is in the way

    def run(self, model: str, retry: Callable[[], object], task: Coroutine[Any, Any, object]) -> None:
        """Carry out a task; when the API declines, say why and what one can do. `retry()` starts the task again."""
        aio.run(self._run(model, retry, task))

    async def _run(self, model: str, retry: Callable[[], object], task: Coroutine[Any, Any, object]) -> None:
        try:
            await task
        except fetching.ApiUnavailableError as error:
            self.connection.mark_unavailable(str(error))
            self._settle(model, f"{error}. Nothing has changed; try again once it is back.", "warning", "api")
        except fetching.RefusedError as error:
            if error.status in (401, 403):
                self._want_token(model, error.status, retry)
            elif error.status in (409, 412):
                self._offer_choice(model)
            else:
                self._settle(model, version_descriptions.declined(error.status, str(error)), "warning")
        except Exception as error:  # nobody expected it: the buttons must come back all the same
            self._settle(model, f"This did not work ({type(error).__name__}: {error}). Try again.", "error")
            raise

    def _want_token(self, model: str, status: int, retry: Callable[[], object]) -> None:
        self._retry = retry
        self.page.dispatch("token_wanted", on=True)
        reason = "This token does not allow it" if status == 403 else "Changing the shared weights needs a token"
        text = f"{reason}. Whoever runs this API has one; this tab forgets it when it is closed."
        self._settle(model, text, "warning")

    def use_token(self, token: str) -> None:
        """Take a token, and do what it was missing for."""
        self.sharing_api.set_token(token)
        self.page.dispatch("token_wanted", on=False)
        retry, self._retry = self._retry, None
        if retry:
            retry()

    def _start(self, model: str, task: Task, text: str, progress: float | None = None) -> None:
        self.page.dispatch("busy", model=model, task=task, text=text, progress=progress)

    def _settle(self, model: str, text: str, tone: Tone, missing: Missing = "") -> None:
        self.page.dispatch("settled", model=model, text=text, tone=tone, missing=missing)
