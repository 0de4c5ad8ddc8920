"""What concerns the page as a whole: whether it can be used, its messages, and the header's notes about the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document

from scrawl.client.api import has_api
from scrawl.ui.dom import LastShown, by_id, set_attribute, set_flag, set_text, show_notice

if TYPE_CHECKING:
    from scrawl.state.app_state import State


WITH_API = {"up": "API connected", "unknown": "Asking the API…"}
WITHOUT_API = {
    "up": "Works without a server",
    "unknown": "Loading the digits…",
    "slow": "The digits are slow to come",
    "away": "No connection. Scrawl works on with what it has.",
}


class PhaseView:
    """Says on the body whether one can draw and predict."""

    def __init__(self) -> None:
        self._last = LastShown()

    def render(self, state: State) -> None:
        """Show the phase."""
        if self._last.differs(state.phase):
            set_attribute(document.body, "data-state", state.phase)


class StatusView:
    """Owns #page-message, #api-status and #dataset."""

    def __init__(self) -> None:
        self.message, self.api, self.dataset = by_id("page-message"), by_id("api-status"), by_id("dataset")
        self._last = LastShown()
        self.words = WITH_API if has_api() else WITHOUT_API

    def render(self, state: State) -> None:
        """Show what is known of the API, and the page's message."""
        if not self._last.differs(state.notices.get("page"), state.api, state.api_detail, state.dataset):
            return
        show_notice(self.message, state.notices.get("page"))
        tone = {"up": "good", "away": "warning", "slow": "warning"}.get(state.api, "quiet")
        set_attribute(self.api, "data-tone", tone)
        set_text(self.api, self.words.get(state.api, state.api_detail))
        set_flag(self.dataset, "hidden", not state.dataset)
        set_text(self.dataset, state.dataset)
