"""Keeps the page's URL up to date, and does what a URL asks for when the page is opened with it.

A reload finds the work that this browser has saved, which belongs to the same URL, so the page only follows a URL
that this tab has not written itself. `url_fragment` decides what a URL says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window

from scrawl.client import fetching
from scrawl.drawing.tool_state import PENS
from scrawl.runs import url_fragment
from scrawl.storage.saved_visit import ADDRESS, asks_for_something

if TYPE_CHECKING:
    from browser import Event

    from scrawl.app.app import App
    from scrawl.runs.url_fragment import UrlRequest
    from scrawl.state.app_state import State

SOON = 400  # milliseconds from a change to the URL that says so


class UrlSync:
    """Follows the state, and the URL when the person changes it."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.page, self.state = app.page, app.page.state
        self._fields: dict[str, str] = {}  # that the URL has
        self._timer = 0
        self._room = ""  # that the URL names, until somebody joins it
        self._request: UrlRequest | None = None  # whose weights are still to be fetched
        self._warned = False  # about the URL that was followed last
        self.page.on_report("opened", self._give_weights)
        self.page.on_change(self._schedule)
        window.addEventListener("hashchange", self._follow_change)
        if window.location.hash != written_fragment():
            self.follow(window.location.hash)

    def _schedule(self, _state: State) -> None:
        """Have the URL written soon if the state has changed what it says."""
        if not self._timer:
            self._timer = window.setTimeout(self._write_changes, SOON)

    def follow(self, fragment: str) -> None:
        """Do what a URL asks for."""
        if not asks_for_something(fragment):
            return
        pairs: list[tuple[str, str]] = []
        window.URLSearchParams.new(fragment.removeprefix("#")).forEach(
            lambda value, name, _all: pairs.append((name, value))
        )
        fields, problems = url_fragment.known_fields(pairs)
        self._room = fields.get("room", "")
        request = self._request = url_fragment.parse(fields, self.state.models)
        request.problems += problems
        if request.pen:
            self.page.dispatch("pen_chosen", width=PENS[request.pen])
        self.page.dispatch("normalising_chosen", on=request.normalising)
        self.page.dispatch("settings_given", typed=request.typed)
        self.app.models.choose(request.model or self.state.models[0]["model"])
        if request.problems:
            self._warn(f"Not all of the address can be used. {' '.join(request.problems)}")
        elif self._warned:
            self.page.dispatch("warning_answered")
        self._warned = bool(request.problems)

    def link(self) -> str:
        """Return the whole URL of what is on screen."""
        self._write()
        return str(window.location.href)

    def take_room(self) -> str:
        """Return the code of the room that the URL names, if any, and take it out: codes are not for show."""
        room, self._room = self._room, ""
        if room:
            self._write()
        return room

    def _give_weights(self, model: str) -> None:
        """Give the network that has just been opened the weights that the URL asks for."""
        request, self._request = self._request, None
        if request is None:
            return
        if request.weights == url_fragment.NEW:
            self.page.dispatch("new_weights_wanted")
            self.page.send("randomise", seed=self.state.settings["seed"])
        elif request.weights:
            aio.run(self._load(model, request.weights))
        else:
            self.app.initial_weights.request()
        self.page.request_render()

    async def _load(self, model: str, version: str) -> None:
        try:
            buffer, etag = await self.app.api.weights(model, version=version)
        except (fetching.ApiUnavailableError, fetching.RefusedError) as error:
            reason = f"The address asks for version {version} of the shared weights: {error}."
            self._warn(f"{reason} Other weights are used.")
            return
        self.page.dispatch("etag_known", model=model, etag=etag)
        self.page.send("load_weights", model=model, buffer=buffer, origin="shared")

    def _warn(self, text: str) -> None:
        self.page.dispatch("noticed", place="page", text=text, tone="warning")

    def _follow_change(self, _event: Event) -> None:
        if not asks_for_something(window.location.hash):
            self._write()  # a link has led to another place on the page, which has the focus now
        elif window.location.hash != written_fragment():
            self.follow(window.location.hash)

    def _write_changes(self) -> None:
        self._timer = 0
        if self._request is None and url_fragment.fields_of(self.state) != self._fields:
            self._write()

    def _write(self) -> None:
        if self._request is None:
            self._fields = url_fragment.fields_of(self.state)
        pairs = [f"{name}={window.encodeURIComponent(text)}" for name, text in self._fields.items()]
        if self._room:
            pairs.append(f"room={window.encodeURIComponent(self._room)}")
        fragment = "#" + "&".join(pairs) if pairs else ""
        if fragment == window.location.hash:
            return
        try:
            window.sessionStorage.setItem(ADDRESS, fragment)
        except Exception:  # storage is closed to the page: a reload will follow the URL
            window.console.warn("the address cannot be remembered")
        location = window.location
        window.history.replaceState("", "", fragment or location.pathname + location.search)


def written_fragment() -> str:
    """Return the URL fragment that this tab has written last."""
    try:
        return window.sessionStorage.getItem(ADDRESS) or ""
    except Exception:
        return ""
