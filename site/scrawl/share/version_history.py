"""The API's history of a network's weights: what each version is, a look at it in this tab, and going back to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document

from scrawl.client import fetching
from scrawl.share import version_descriptions
from scrawl.share.drawer import Drawer, button, message
from scrawl.state import formatting
from scrawl.state.app_state import Notice
from scrawl.ui.dom import set_flag, set_text, show_notice

if TYPE_CHECKING:
    from scrawl.app.app import App

LOOK, BACK = "Load this version into this tab only.", "Make this version the shared one again."


class Versions:
    """Owns the drawer #versions."""

    def __init__(self, app: App) -> None:
        self.page, self.routes, self.sending = app.page, app.sharing_api, app.sending
        self.state = app.page.state
        self.drawer = Drawer("versions", "History", "every version the API still has", self._fill)
        self.drawer.element.bind("toggle", self._toggled)
        self._asked: tuple = ()  # for which network, and which shared weights, the list was asked for
        self._shown: object = None  # the list that is on the page

    def render(self, state: object) -> None:
        """Show the versions of the selected network."""
        if not self.drawer.is_open:
            return
        versions = state.share.versions.get(state.model)
        busy = bool(state.record.busy)
        show_notice(self.message, state.share.versions_notice)
        self._ask(state.record)
        if versions is not None and self._shown != (state.model, id(versions), busy):
            self._shown = (state.model, id(versions), busy)
            self.list.innerHTML = ""
            for entry in versions:
                self.list.appendChild(self._item(entry, busy))

    def _toggled(self, _event: object) -> None:
        self._asked = ()
        self.page.request_render()

    def _fill(self, body: object) -> None:
        self.message, self.list = message("versions-message"), document.createElement("ol")
        self.list.className = "versions"
        body.appendChild(self.message)
        body.appendChild(self.list)

    def _item(self, entry: dict, busy: bool) -> object:
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
            return item
        model, version = self.state.model, entry["version"]
        choices = document.createElement("span")
        choices.className = "choices"
        item.appendChild(choices)
        for label, title, action in (
            ("Try", LOOK, lambda: self.sending.load_version(model, version)),
            ("Go back", BACK, lambda: self._roll_back(model, version)),
        ):
            made = button(label, action, title)
            made.setAttribute("aria-label", f"{label}: {name}")
            set_flag(made, "disabled", busy)
            choices.appendChild(made)
        return item

    def _ask(self, record: object) -> None:
        """Ask for the list when another one is due: of another network, or because the shared weights are others."""
        due = (self.state.model, record.etag)
        if self._asked != due:
            self._asked = due
            aio.run(self._list(self.state.model))

    async def _list(self, model: str) -> None:
        self.page.dispatch("versions_noticed", value=Notice("Asking the API for the history…"))
        try:
            self.page.dispatch("versions", model=model, versions=await self.routes.versions(model))
        except (fetching.AwayError, fetching.RefusedError) as error:
            notice = Notice(f"{error}. Open the history again to ask again.", "warning")
            self.page.dispatch("versions_noticed", value=notice)

    def _roll_back(self, model: str, version: str) -> None:
        self.page.dispatch("busy", model=model, task="rollback", text="Going back to an earlier version…")
        again = lambda: self._roll_back(model, version)  # noqa: E731
        self.sending.guard(model, again, self._rolled_back(model, version))

    async def _rolled_back(self, model: str, version: str) -> None:
        newest = self.state.share.versions[model][0]["version"]
        description, etag = await self.routes.roll_back(model, version, f'"{newest}"')
        accuracy = formatting.percent(float(description["accuracy"]))
        done = f"The shared weights are those with {accuracy} again, and this tab has them, too."
        buffer, etag = await self.routes.version(model, description["version"])
        self.sending.take(model, buffer, etag, done)


def start(app: App) -> None:
    """Add the history to the card of the shared weights."""
    app.page.views.append(Versions(app))
