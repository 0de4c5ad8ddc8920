"""Keeps one's work in this browser: drawing and settings at once, weights and curves a little later.

`kept` finds it again with the next visit, `work` says what belongs to it. The worker writes the weights, so that the
page never waits. Each tab has a place of its own; what another tab has left can be taken up again.
"""

from browser import aio, document
from browser import self as window
from javascript import JSON

from scrawl.state import saved_work
from scrawl.state.app_state import Notice
from scrawl.storage import database
from scrawl.storage.restore import pack
from scrawl.storage.saved_visit import OWN

SOON, TRAINING = 600, 2500  # milliseconds from a change to keeping it
CHANNEL = "scrawl.tabs"
NOT_KEPT = (
    "This browser keeps nothing for this page ({reason}). It works all the same; download weights to keep them."
)
FULL = "There is no room left in this browser's storage, so your weights are not kept. Download them to keep them."
CHANGES = ("progress", "tuned", "weights_taken", "diverged", "restored", "trained_on_collected", "trained_on_misread")
BY_API = ("quick", "shared")  # weights that can be had again


class Autosave:
    """Watches the state as a view does, and keeps what has changed."""

    def __init__(self, parts: object) -> None:
        self.page, self.kept = parts.page, parts.kept
        self.state = parts.page.state
        self._page_seen: tuple = ()
        self._sent: object = None  # what is known of the weights that were sent last
        self._changed: list = []  # models whose weights have changed since they were kept
        self._under_way = ""  # the model whose weights the worker is keeping
        self._record = ""  # what belongs to them, as text
        self._page_timer = self._weights_timer = 0
        self._ended = False
        for kind in CHANGES:
            self.page.after(kind, self._weights_changed)
        self.page.after("kept", self._weights_kept)
        self.page.after("not_kept", self._weights_not_kept)
        self.page.after("opened", self._opened)
        window.addEventListener("pagehide", lambda _event: self._keep_page())
        document.addEventListener("visibilitychange", self._hidden)
        self.kept.when_claimed(self._claimed)

    def render(self, state: object) -> None:
        """Notice what has changed."""
        record = state.record
        if record.origin == "sent" and record.version is not self._sent:
            self._sent = record.version
            self._weights_changed(state.model)
        seen = (state.model, state.drawing.revision, state.label, id(state.typed))
        if self._page_seen != seen:
            begun, self._page_seen = bool(self._page_seen), seen
            if begun and not self._page_timer:
                self._page_timer = window.setTimeout(self._keep_page, SOON)

    def start_afresh(self) -> None:
        """Forget this tab's work, and begin as on a first visit."""
        self._ended = True
        aio.run(self._forget())

    async def _forget(self) -> None:
        try:
            window.localStorage.removeItem(self.kept.address(self.kept.place))
            await database.delete_all(f"{self.kept.place}/")
        finally:
            window.location.reload()

    def take_up(self, place: int) -> None:
        """Go on with the work that another tab has left."""
        self._keep_page()
        self._ended = True
        window.sessionStorage.setItem(OWN, str(place))
        window.location.reload()

    # Several tabs

    def _claimed(self) -> None:
        if hasattr(window, "BroadcastChannel"):
            self._channel = window.BroadcastChannel.new(CHANNEL)
            self._channel.onmessage = self._heard
            self._channel.postMessage("here")
        if self.kept.refused:
            self._refused(self.kept.refused)
        self._keep_page()
        self.page.dispatch("other_works", value=self._other_works())

    def _heard(self, event: object) -> None:
        if event.data == "here":
            self._channel.postMessage("too")
        text = (
            "Scrawl is open in another tab as well. Each tab keeps its own work, and neither changes the other's; "
            f"this is tab {self.kept.place}."
        )
        self.page.dispatch("tabs_noticed", value=Notice(text))

    def _other_works(self) -> list:
        """Return (place, its work) of the other tabs' places, the last one first."""
        works = [(place, found) for place, found in self.kept.works.items() if place != self.kept.place]
        return sorted(works, key=lambda entry: -entry[1].get("saved", 0))

    # Drawing and settings

    def _keep_page(self) -> None:
        self._page_timer = 0
        if self._ended or not self.kept.claimed:
            return
        found = {
            **saved_work.page_to_plain(self.state, pack),
            "iterations": self.kept.work.get("iterations", {}),
            "saved": int(window.Date.now()),
        }
        self.kept.works[self.kept.place] = found
        try:
            window.localStorage.setItem(self.kept.address(self.kept.place), JSON.stringify(found))
            window.sessionStorage.setItem(OWN, str(self.kept.place))
        except Exception as error:
            self._refused(f"{error}")
            return
        self.page.dispatch("kept_now", value=window.Date.new().toLocaleTimeString())

    # Weights

    def _weights_changed(self, model: str, **fields: object) -> None:
        if fields.get("origin") in BY_API:
            self._changed = [other for other in self._changed if other != model]
            self._forget_weights(model)
        elif fields.get("origin") != "kept" and model not in self._changed:
            self._changed.append(model)
        self._plan()

    def _plan(self) -> None:
        if self._changed and not self._weights_timer and not self._under_way:
            pause = TRAINING if self.state.training else SOON
            self._weights_timer = window.setTimeout(self._keep_weights, pause)

    def _keep_weights(self) -> None:
        self._weights_timer = 0
        if self._ended or not self.kept.claimed or not self._changed or self._under_way:
            return
        model = self._under_way = self._changed.pop(0)
        self._record = JSON.stringify(saved_work.record_to_plain(self.state.record_of(model)))
        self.page.ask("keep", key=f"{self.kept.place}/weights/{model}", model=model, record=self._record)

    def _opened(self, **_fields: object) -> None:
        """Wait for nothing that was asked before: the worker may be a new one."""
        self._under_way = ""
        self._plan()

    def _weights_kept(self, model: str) -> None:
        self._under_way = ""
        self.kept.copies.pop(model, None)
        if self.state.share.keeping_notice:
            self.page.dispatch("keeping_noticed", value=None)
        iterations = {**self.kept.work.get("iterations", {}), model: self.state.record_of(model).iteration}
        self.kept.works[self.kept.place] = {**self.kept.work, "iterations": iterations}
        self._keep_page()
        self._plan()

    def _weights_not_kept(self, model: str, message: str, buffer: object) -> None:
        self._under_way = ""
        self.kept.copies[model] = (buffer, self._record)
        if model not in self._changed:
            self._changed.append(model)  # tried again with the next change
        if "Quota" in message:
            self.page.dispatch("keeping_noticed", value=Notice(FULL, "warning"))
        else:
            self._refused(message)

    def _forget_weights(self, model: str) -> None:
        self.kept.copies.pop(model, None)
        iterations = dict(self.kept.work.get("iterations", {}))
        if iterations.pop(model, None) is not None:
            self.kept.works[self.kept.place] = {**self.kept.work, "iterations": iterations}
            self._keep_page()

    def _hidden(self, _event: object) -> None:
        if document.visibilityState == "hidden":
            self._keep_page()
            self._keep_weights()

    def _refused(self, reason: str) -> None:
        self.page.dispatch("keeping_noticed", value=Notice(NOT_KEPT.format(reason=reason), "warning"))
