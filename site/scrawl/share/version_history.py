"""The API's history of a network's weights: each version with its accuracy and origin, try it here, go back to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document

from scrawl.client import fetching
from scrawl.share import version_descriptions
from scrawl.share.drawer import Drawer, button, message
from scrawl.share.share_state import unshared_reason
from scrawl.state import formatting
from scrawl.state.app_state import Notice
from scrawl.ui.dom import set_flag, set_text, show_notice

if TYPE_CHECKING:
    from browser import Element, Event

    from scrawl.app.app import App
    from scrawl.share.share_state import VersionEntry
    from scrawl.state.app_state import State

TRY, GO_BACK = "Load this version into this tab only.", "Make this version the shared one again."


class VersionHistory:
    """Owns the drawer #versions."""

    def __init__(self, app: App) -> None:
        self.page, self.sharing_api, self.shared_weights = app.page, app.sharing_api, app.shared_weights
        self.connection = app.connection
        self.state = app.page.state
        self.drawer = Drawer("versions", "History", "every version the API still has", self._fill)
        self.drawer.element.bind("toggle", self._refresh)
        self._requested: tuple[str, str] | None = None  # the network and ETag that the list was requested for
        self._shown: tuple[object, ...] = ()  # the list that is on the page
        self.connection.on_connected(self._request_after_outage)
        self.page.on_change(self._request)

    def render(self, state: State) -> None:
        """Show the versions of the selected network."""
        if not self.drawer.is_open:
            return
        versions = state.share.versions.get(state.model)
        busy = bool(state.record.busy)
        reason = unshared_reason(state)
        show_notice(self.message, Notice(reason) if reason else state.share.versions_notice)
        set_flag(self.list, "hidden", bool(reason))
        if versions is not None and self._shown != (state.model, id(versions), busy):
            self._shown = (state.model, id(versions), busy)
            self.list.innerHTML = ""
            for entry in versions:
                self.list.appendChild(self._item(entry, busy))

    def _refresh(self, _event: Event) -> None:
        self._requested = None
        self.page.request_render()

    def _fill(self, body: Element) -> None:
        self.message, self.list = message("versions-message"), document.createElement("ol")
        self.list.className, self.list.tabIndex = "versions", 0
        self.list.setAttribute("aria-label", "Versions")
        body.appendChild(self.message)
        body.appendChild(self.list)

    def _item(self, entry: VersionEntry, busy: bool) -> Element:
        item = document.createElement("li")
        item.innerHTML = '<span class="version"><strong></strong> <span></span> <i class="hint"></i></span>'
        line = item.firstChild
        line.setAttribute("title", f"{entry['version']}, made from {entry.get('parent') or 'nothing'}")
        set_text(line.querySelector("strong"), version_descriptions.accuracy(entry))
        name = version_descriptions.version(entry)
        set_text(line.querySelector("span"), name + (" · current" if entry["current"] else ""))
        set_text(line.querySelector("i"), version_descriptions.descent(entry))
        if entry["current"]:
            item.setAttribute("aria-current", "true")
        else:
            item.appendChild(self._choices(entry["version"], name, busy))
        return item

    def _choices(self, version: str, name: str, busy: bool) -> Element:
        model = self.state.model
        choices = document.createElement("span")
        choices.className = "choices"
        for label, title, action in (
            ("Try", TRY, lambda: self.shared_weights.load_version(model, version)),
            ("Go back", GO_BACK, lambda: self._roll_back(model, version)),
        ):
            made = button(label, action, title)
            made.setAttribute("aria-label", f"{label}: {name}")
            set_flag(made, "disabled", busy)
            choices.appendChild(made)
        return choices

    def _request(self, state: State) -> None:
        """Request the list, while the drawer is open, when the network or its shared weights have changed."""
        due = (state.model, state.record.etag)
        if self.drawer.is_open and self._requested != due and not state.is_unshared():
            self._requested = due
            self.page.dispatch("versions_noticed", value=Notice("Asking the API for the history…"))
            aio.run(self._list(state.model))

    def _request_after_outage(self) -> None:
        notice = self.state.share.versions_notice
        if notice is not None and notice.missing == "api" and self.state.api == "up":
            self._requested = None
            self.page.request_render()

    async def _list(self, model: str) -> None:
        try:
            versions = await self.sharing_api.versions(model)
        except fetching.ApiUnavailableError as error:
            self.connection.mark_unavailable(str(error))
            notice = Notice(f"{error}. The history comes once it is back.", "warning", missing="api")
            self.page.dispatch("versions_noticed", value=notice)
            return
        except Exception as error:
            notice = Notice(f"{error}. Open the history again to ask again.", "warning")
            self.page.dispatch("versions_noticed", value=notice)
            if not isinstance(error, fetching.RefusedError):
                raise
            return
        self.page.dispatch("versions_listed", model=model, versions=versions)

    def _roll_back(self, model: str, version: str) -> None:
        self.page.dispatch("busy", model=model, task="rollback", text="Going back to an earlier version…")
        self.shared_weights.run(
            model, lambda: self._roll_back(model, version), self._load_rolled_back(model, version)
        )

    async def _load_rolled_back(self, model: str, version: str) -> None:
        newest = self.state.share.versions[model][0]["version"]
        description, etag = await self.sharing_api.roll_back(model, version, f'"{newest}"')
        accuracy = formatting.percent(float(description["accuracy"]))
        text = f"The shared weights are those with {accuracy} again, and this tab has them, too."
        buffer, etag = await self.sharing_api.version(model, description["version"])
        self.shared_weights.take(model, buffer, etag, text)


def start(app: App) -> None:
    """Add the history to the card of the shared weights."""
    app.page.views.append(VersionHistory(app))
