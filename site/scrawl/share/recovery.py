"""What to do where the shared weights cannot be used: this tab takes an earlier version, and one can go back to it.

Without one the tab keeps the random weights that it has started with. Nothing here stops the page from being used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio

from scrawl.client import fetching
from scrawl.share import version_descriptions
from scrawl.share.drawer import button, row
from scrawl.state import formatting, transitions
from scrawl.state.app_state import Notice
from scrawl.ui.dom import by_id, set_flag

if TYPE_CHECKING:
    from typing import Any

    from scrawl.app.app import App
    from scrawl.share.share_state import VersionEntry
    from scrawl.state.app_state import State

MOST = 5  # earlier versions that are tried
ORIGIN = "older"
MADE_BY_API = ("pretrained", "retrain")  # these come first: nobody has sent them
GO_BACK = "Make this version the shared one again, for everybody."


class Recovery:
    """Tries earlier versions, and owns the button to go back to one."""

    def __init__(self, app: App) -> None:
        self.page, self.sharing_api, self.shared_weights = app.page, app.sharing_api, app.shared_weights
        self._started: list[str] = []  # models for which an earlier version has been looked for
        self._untried: dict[str, list[VersionEntry]] = {}  # model → earlier versions, the one being tried first
        self.choice = row("A way back", button("Go back for everybody", self._go_back, GO_BACK, "recovery-go-back"))
        self.choice.hidden = True
        by_id("weights-message").insertAdjacentElement("afterend", self.choice)
        self.page.on_change(self._look)
        self.page.on_report("weights_loaded", self._taken)
        self.page.on_report("weights_refused", self._refused)

    def render(self, state: State) -> None:
        """Show the button while there is something to go back to."""
        offered = state.record.unusable and state.model in state.share.recovered
        set_flag(self.choice, "hidden", bool(state.record.busy) or not offered)

    def _look(self, state: State) -> None:
        if state.record.unusable and state.model not in self._started:
            self._started.append(state.model)
            aio.run(self._find(state.model))

    async def _find(self, model: str) -> None:
        try:
            versions = await self.sharing_api.versions(model)
        except (fetching.ApiUnavailableError, fetching.RefusedError):
            return  # the notice says what is wrong, and a reload asks again
        older: list[Any] = [entry for entry in versions if not entry["current"]]
        older.sort(key=lambda entry: entry.get("source") not in MADE_BY_API)
        self._untried[model] = older[:MOST]
        await self._try_next(model)

    async def _try_next(self, model: str) -> None:
        """Give the worker the next earlier version, unless this tab has weights of its own by now."""
        record = self.page.state.record_of(model)
        while self._untried[model] and not record.modified and record.origin == "":
            try:
                buffer, _etag = await self.sharing_api.version(model, self._untried[model][0]["version"])
            except (fetching.ApiUnavailableError, fetching.RefusedError):
                self._untried[model].pop(0)
                continue
            self.page.send("load_weights", model=model, buffer=buffer, origin=ORIGIN)
            return

    def _taken(self, model: str, origin: str, **_fields: Any) -> None:
        if origin == ORIGIN:
            self.page.dispatch("recovered", model=model, entry=self._untried[model][0])

    def _refused(self, model: str, origin: str, **_fields: Any) -> None:
        if origin == ORIGIN:
            self._untried[model].pop(0)
            aio.run(self._try_next(model))

    def _go_back(self) -> None:
        state = self.page.state
        model, entry = state.model, state.share.recovered[state.model]
        self.page.dispatch("busy", model=model, task="rollback", text="Going back to an earlier version…")
        self.shared_weights.run(model, self._go_back, self._roll_back(model, entry["version"]))

    async def _roll_back(self, model: str, version: str) -> None:
        description, etag = await self.sharing_api.roll_back(model, version, self.page.state.record_of(model).etag)
        buffer, etag = await self.sharing_api.version(model, description["version"])
        accuracy = formatting.percent(float(description["accuracy"]))
        self.shared_weights.take(model, buffer, etag, f"The shared weights are those with {accuracy} again.")


def _recovered(state: State, model: str, entry: VersionEntry) -> None:
    """Note that this tab uses an earlier version, and say so."""
    state.share.recovered[model] = entry
    record = state.record_of(model)
    name = version_descriptions.version(entry)
    text = f"The shared weights cannot be used: {record.unusable}. This tab uses an earlier version: {name}."
    record.notices["weights"] = Notice(text, "warning")


def start(app: App) -> None:
    """Be there for weights that cannot be used."""
    transitions.register({"recovered": _recovered})
    app.page.views.append(Recovery(app))
    app.page.request_render()
