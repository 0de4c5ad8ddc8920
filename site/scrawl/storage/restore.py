"""Continues where the last visit ended: restores drawing, settings, and each network's weights with its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

from scrawl.state import saved_work, transitions
from scrawl.state.app_state import Notice
from scrawl.state.transitions.networks import use_settings

if TYPE_CHECKING:
    from typing import Any

    from browser.arrays import Uint8Array

    from scrawl.app.page import Page
    from scrawl.net.interfaces import Bytes
    from scrawl.state.app_state import State, Transitions
    from scrawl.storage.saved_visit import SavedVisit

ORIGIN = "kept"  # of weights that were saved in this browser
UNREAD = (
    "Your weights, saved in this browser, could not be read ({reason}). Reload the page to try again; "
    "what is trained before that replaces them."
)


class VisitRestorer:
    """Gives the page what `saved_visit` has found. `initial_weights` decides when weights are restored."""

    def __init__(self, page: Page, saved_visit: SavedVisit) -> None:
        self.page = page
        self.saved_visit = saved_visit
        self._records: dict[str, dict[str, Any]] = {}  # model → what belongs to the weights sent to the worker
        transitions.register(TRANSITIONS)
        page.on_report("weights_loaded", self._taken)

    def restore_page(self) -> None:
        """Restore what can be shown at once."""
        try:
            self.page.dispatch("work_found", found=self.saved_visit.work)
        except Exception as error:  # saved by another version, or damaged: better without it
            window.console.warn(f"what was saved is not understood: {error}")

    async def restore_weights(self, model: str) -> bool:
        """Have the worker take the weights saved for a network, unless it has others by then. Return whether so."""
        found = await self.saved_visit.weights(model)
        if model in self.saved_visit.unread:
            self.page.dispatch("saved_weights_unread", reason=self.saved_visit.unread[model])
        if found is None or not self.page.state.record_of(model).untouched:
            return False
        buffer, self._records[model] = found
        self.page.send("load_weights", model=model, buffer=buffer, origin=ORIGIN)
        return True

    def discard_refused(self, model: str) -> bool:
        """Forget weights that the worker has just refused. Return whether they were those saved in this browser."""
        if self._records.pop(model, None) is None:
            return False
        self.saved_visit.unsaved.pop(model, None)
        self.saved_visit.work.get("iterations", {}).pop(model, None)
        return True

    def _taken(self, model: str, origin: str, **_fields: Any) -> None:
        if origin == ORIGIN:
            self.page.dispatch("run_restored", model=model, record=self._records.pop(model))


def to_base64(data: Bytes) -> str:
    """Return the bytes of a typed array as text."""
    array: Any = data
    parts = []
    for start in range(0, array.length, 8192):
        parts.append(window.String.fromCharCode.apply(None, array.subarray(start, start + 8192)))
    return window.btoa("".join(parts))


def from_base64(text: str) -> Uint8Array:
    """Return the bytes again."""
    return window.Uint8Array.new([ord(character) for character in window.atob(text)])


def _work_found(state: State, found: dict[str, Any]) -> None:
    saved_work.take_page(state, found, from_base64)


def _saved_weights_unread(state: State, reason: str) -> None:
    state.notices["page"] = Notice(UNREAD.format(reason=reason), "error")  # warnings go once the rest has come


def _run_restored(state: State, model: str, record: dict[str, Any]) -> None:
    saved_work.take_record(state.record_of(model), record)
    use_settings(state)


TRANSITIONS: Transitions = {
    "work_found": _work_found,
    "run_restored": _run_restored,
    "saved_weights_unread": _saved_weights_unread,
}
