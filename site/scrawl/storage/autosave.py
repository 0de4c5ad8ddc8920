"""Saves the visitor's work in this browser: drawing and settings at once, weights and curves a little later.

`saved_visit` finds it again with the next visit; `state.saved_work` says what belongs to it. The worker writes the
weights, so that the page never waits. Each tab has a slot of its own; what another tab has left can be taken over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window
from javascript import JSON

from scrawl.state import saved_work
from scrawl.state.app_state import Notice
from scrawl.storage import database
from scrawl.storage.restore import to_base64
from scrawl.storage.saved_visit import SLOT

if TYPE_CHECKING:
    from typing import Any

    from browser import Event
    from browser.arrays import ArrayBuffer

    from scrawl.app.app import App
    from scrawl.state.app_state import State
    from scrawl.storage.saved_visit import Work

PAUSE = 600  # milliseconds from a change to saving it
CYCLE, LONGEST_PAUSE = 700, 2500  # milliseconds from one saving to the next while it trains, and between two at most
CHANNEL = "scrawl.tabs"
NOT_SAVED = (
    "This browser keeps nothing for this page ({reason}). It works all the same; download weights to keep them."
)
FULL = "There is no room left in this browser's storage, so your weights are not kept. Download them to keep them."
CHANGES = (
    "progress",
    "tuned",
    "lesson_taken_back",
    "weights_loaded",
    "diverged",
    "restored",
    "trained_on_collected",
    "trained_on_misread",
)
BY_API = ("quick", "shared", "older")  # weights that can be fetched again


class Autosave:
    """Saves what has changed."""

    def __init__(self, app: App) -> None:
        self.page, self.saved_visit = app.page, app.saved_visit
        self.state = app.page.state
        self._page_seen: tuple[object, ...] = ()
        self._version_sent: dict[str, Any] | None = None  # what is known of the weights that were shared last
        self._changed: list[str] = []  # models whose weights have changed since they were saved
        self.in_flight = ""  # the model whose weights the worker is saving
        self._record, self._iteration = "", 0  # what belongs to them, as text; their iteration
        self._page_timer = self._weights_timer = 0
        self._asked_at = self._took = 0.0  # milliseconds: when the worker was last asked to save, how long it took
        self._ended = False
        self._paused = False
        self._listen()
        self.saved_visit.on_claimed(self._claimed)

    def _listen(self) -> None:
        for kind in CHANGES:
            self.page.on_report(kind, self._weights_changed)
        self.page.on_report("weights_saved", self._weights_saved)
        self.page.on_report("weights_not_saved", self._weights_not_saved)
        # The worker may be a new one, or may have failed to save: nothing is due any more.
        self.page.on_report("opened", self._forget_request)
        self.page.on_report("failed", self._forget_request)
        self.page.on_change(self._note_changes)
        window.addEventListener("pagehide", lambda _event: self._save_page())
        document.addEventListener("visibilitychange", self._hidden)

    def _note_changes(self, state: State) -> None:
        record = state.record
        if record.origin == "sent" and record.version is not self._version_sent:
            self._version_sent = record.version
            self._weights_changed(state.model)
        seen = (state.model, state.drawing.revision, state.label, id(state.typed))
        if self._page_seen != seen:
            first, self._page_seen = not self._page_seen, seen
            if not first and not self._page_timer:
                self._page_timer = window.setTimeout(self._save_page, PAUSE)

    def start_afresh(self) -> None:
        """Forget this tab's work, and start as on a first visit."""
        self._ended = True
        aio.run(self._forget())

    async def _forget(self) -> None:
        try:
            window.localStorage.removeItem(self.saved_visit.key(self.saved_visit.slot))
            await database.delete_all(f"{self.saved_visit.slot}/")
        finally:
            window.location.reload()

    def pause(self, on: bool) -> None:
        """Save no weights while the browser sets the page aside: the worker would be stopped in the middle of it."""
        self._paused = on
        self._plan()

    def take_over(self, slot: int) -> None:
        """Continue the work that another tab has left."""
        self._save_page()
        self._ended = True
        window.sessionStorage.setItem(SLOT, str(slot))
        window.location.reload()

    # Several tabs

    def _claimed(self) -> None:
        self._greet_other_tabs()
        if self.saved_visit.refusal:
            self._refused(self.saved_visit.refusal)
        self._save_page()
        self.page.dispatch("other_works", value=self._other_works())

    def _greet_other_tabs(self) -> None:
        try:
            self._channel = window.BroadcastChannel.new(CHANNEL)
            self._channel.onmessage = self._heard
            self._channel.postMessage("here")
        except Exception as error:  # an old browser; or Firefox with storage closed, where tabs do without each other
            window.console.warn(f"other tabs are not told of this one: {error}")

    def _heard(self, event: Event) -> None:
        if event.data == "here":
            self._channel.postMessage("too")
        text = (
            "Scrawl is open in another tab as well. Each tab keeps its own work, and neither changes the other's; "
            f"this is tab {self.saved_visit.slot}."
        )
        self.page.dispatch("tabs_noticed", value=Notice(text))

    def _other_works(self) -> list[tuple[int, Work]]:
        """Return (slot, its work) of the other tabs' slots that hold some, the last one first."""
        others = [(slot, work) for slot, work in self.saved_visit.works.items() if slot != self.saved_visit.slot]
        works = [(slot, work) for slot, work in others if saved_work.has_content(work)]
        return sorted(works, key=lambda entry: -entry[1].get("saved", 0))

    # Drawing and settings

    def _save_page(self) -> None:
        self._page_timer = 0
        if self._ended or not self.saved_visit.claimed:
            return
        work = {
            **saved_work.page_to_plain(self.state, to_base64),
            "iterations": self.saved_visit.work.get("iterations", {}),
            "saved": int(window.Date.now()),
        }
        slot = self.saved_visit.slot
        self.saved_visit.works[slot] = work
        try:
            window.localStorage.setItem(self.saved_visit.key(slot), JSON.stringify(work))
            window.sessionStorage.setItem(SLOT, str(slot))
        except Exception as error:
            self._refused(f"{error}")
            return
        self.page.dispatch("work_saved", value=window.Date.new().toLocaleTimeString())

    # Weights

    def _weights_changed(self, model: str, **fields: Any) -> None:
        if fields.get("origin") in BY_API:
            if model in self.saved_visit.unread:
                return  # they are there, and may be read the next time
            self._changed = [other for other in self._changed if other != model]
            self._forget_weights(model)
        elif fields.get("origin") != "kept" and model not in self._changed:
            self._changed.append(model)
        self._plan()

    def _plan(self) -> None:
        if self._changed and not self._weights_timer and not self.in_flight:
            self._weights_timer = window.setTimeout(self._save_weights, self._pause())

    def _pause(self) -> float:
        """Return how long to wait: a reload in the middle of training loses less than a second.

        Large networks take a while to save, and the worker does something else for at least as long.
        """
        if not self.state.training:
            return PAUSE
        return min(max(CYCLE - self._took, self._took), LONGEST_PAUSE)

    def _save_weights(self) -> None:
        self._weights_timer = 0
        if self._ended or self._paused or not self.saved_visit.claimed or not self._changed or self.in_flight:
            return
        model = self._changed.pop(0)
        record = self.state.record_of(model)
        self._record, self._iteration = JSON.stringify(saved_work.record_to_plain(record)), record.iteration
        self.page.send(
            "save_weights", key=f"{self.saved_visit.slot}/weights/{model}", model=model, record=self._record
        )
        self.in_flight = model
        self._asked_at = window.performance.now()

    def _forget_request(self, **_fields: Any) -> None:
        self.in_flight = ""
        self._plan()

    def _weights_saved(self, model: str) -> None:
        self.in_flight = ""
        self._took = window.performance.now() - self._asked_at
        self.saved_visit.unsaved.pop(model, None)
        self.saved_visit.unread.pop(model, None)
        if self.state.share.save_notice:
            self.page.dispatch("save_noticed", value=None)
        self._note_iterations({**self._iterations(), model: self._iteration})
        self._plan()

    def _weights_not_saved(self, model: str, message: str, buffer: ArrayBuffer) -> None:
        self.in_flight = ""
        self.saved_visit.unsaved[model] = (buffer, self._record)
        if model not in self._changed:
            self._changed.append(model)  # tried again with the next change
        if "Quota" in message:
            self.page.dispatch("save_noticed", value=Notice(FULL, "warning"))
        else:
            self._refused(message)

    def _forget_weights(self, model: str) -> None:
        self.saved_visit.unsaved.pop(model, None)
        iterations = self._iterations()
        if iterations.pop(model, None) is not None:
            self._note_iterations(iterations)

    def _iterations(self) -> dict[str, int]:
        """Return a copy of: model → iteration, of the weights that are saved."""
        return dict(self.saved_visit.work.get("iterations", {}))

    def _note_iterations(self, iterations: dict[str, int]) -> None:
        self.saved_visit.works[self.saved_visit.slot] = {**self.saved_visit.work, "iterations": iterations}
        self._save_page()

    def _hidden(self, _event: Event) -> None:
        if document.visibilityState == "hidden":
            self._save_page()
            self._save_weights()

    def _refused(self, reason: str) -> None:
        self.page.dispatch("save_noticed", value=Notice(NOT_SAVED.format(reason=reason), "warning"))
