"""The shared weights: load, send and reset, each with its progress and its outcome in words."""

from browser import aio
from javascript import JSON

from scrawl import fetching, text

POLL = 0.4  # seconds between two looks at a retraining
PATIENCE = 30  # looks in a row that may fail


class Sharing:
    """Moves weights between the API and the worker."""

    def __init__(self, page: object, api: object, connection: object) -> None:
        self.page = page
        self.state = page.state
        self.api = api
        self.connection = connection
        self._done: dict = {}  # model → what to say once the worker has taken what was loaded
        page.after("weights_taken", self._taken)
        page.after("weights_refused", self._refused)
        page.instead["exported"] = self._exported

    def _taken(self, model: str, origin: str, **_fields: object) -> None:
        if model in self._done and origin == "shared":
            self.page.dispatch("settled", model=model, text=self._done.pop(model), tone="good")

    def _refused(self, model: str, **_fields: object) -> None:
        self._done.pop(model, None)

    # Load

    def load(self) -> None:
        """Take the shared weights."""
        model = self.state.model
        self.page.dispatch("busy", model=model, task="load", text="Loading the shared weights…")
        aio.run(self._guarded(model, self._load(model, "The shared weights are loaded.")))

    async def _load(self, model: str, done: str) -> None:
        buffer, etag = await self.api.weights(model)
        self._done[model] = done
        self.page.dispatch("etag_known", model=model, etag=etag)
        self.page.ask("weights", model=model, buffer=buffer, origin="shared")

    # Send

    def send(self) -> None:
        """Publish this tab's weights."""
        model = self.state.model
        text = "Sending this tab's weights; the API measures them first…"
        self.page.dispatch("busy", model=model, task="send", text=text)
        self.page.ask("export", model=model, metadata=JSON.stringify({"model": model}))

    def _exported(self, model: str, buffer: object) -> None:
        aio.run(self._guarded(model, self._send(model, buffer)))

    async def _send(self, model: str, buffer: object) -> None:
        try:
            description, etag = await self.api.send_weights(model, buffer, self.state.record_of(model).etag)
        except fetching.RefusedError as error:
            if error.status != 412:
                raise
            self.page.dispatch("etag_known", model=model, etag="")
            message = "Others have sent weights since you loaded them. Load theirs, or send again to replace them."
            self.page.dispatch("settled", model=model, text=message, tone="warning")
            return
        self.page.dispatch("weights_sent", model=model, description=description, etag=etag)
        accuracy = text.percent(float(description["accuracy"]))
        message = f"Sent. The API measured {accuracy} on its test digits and shares them from now on."
        self.page.dispatch("settled", model=model, text=message, tone="good")

    # Reset

    def reset(self) -> None:
        """Have the API forget its weights and train new ones."""
        model = self.state.model
        self.page.dispatch("busy", model=model, task="reset", text="Asking the API to start anew…")
        aio.run(self._guarded(model, self._reset(model)))

    async def _reset(self, model: str) -> None:
        try:
            number = (await self.api.reset_weights(model))["id"]
        except fetching.RefusedError as error:
            if error.status != 409 or not error.location:
                raise
            number = error.location.split("/")[-1]  # somebody else has begun: watch theirs
        job = await self._watch(model, number)
        if job["state"] == "failed":
            message = f"The retraining failed: {job.get('error') or 'no reason given'}. The old weights stay."
            self.page.dispatch("settled", model=model, text=message, tone="error")
        else:
            await self._load(model, "The API has trained new weights from nothing; they are loaded here.")

    async def _watch(self, model: str, number: str) -> dict:
        failures = 0
        while True:
            await aio.sleep(POLL)
            try:
                job = await self.api.job(number)
            except fetching.AwayError:
                failures += 1
                if failures > PATIENCE:
                    raise
                continue
            failures = 0
            if job["state"] in ("done", "failed"):
                return job
            done, total = job["iteration"], job["iterations"]
            self.page.dispatch(
                "busy",
                model=model,
                task="reset",
                text=f"The API retrains: iteration {done} of {total}",
                progress=done / max(total, 1),
            )

    async def _guarded(self, model: str, task: object) -> None:
        try:
            await task
        except fetching.AwayError as error:
            self.connection.lost(str(error))
            message = f"{error}. Nothing has changed; try again once it is back."
            self.page.dispatch("settled", model=model, text=message, tone="warning")
        except fetching.RefusedError as error:
            message = f"The API declined: {error}. Its weights stay as they were."
            self.page.dispatch("settled", model=model, text=message, tone="warning")
