"""A run whose tab is in the background goes on: that is why one leaves it there.

The browser draws no frames there and seldom runs timers, but it does not slow the worker down. The page takes the
worker's reports one by one, and shows the last state, and what has happened meanwhile, once the person comes back.
Until then the tab's title says how far the run is. `storage.autosave` saves the work when the tab is hidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document

from scrawl.state import formatting, transitions
from scrawl.state.app_state import Notice

if TYPE_CHECKING:
    from typing import Any

    from browser import Event

    from scrawl.app.app import App
    from scrawl.app.page import Page
    from scrawl.state.app_state import State


class BackgroundTab:
    """Watches whether the tab is visible."""

    def __init__(self, page: Page) -> None:
        self.page, self.state = page, page.state
        self._title = document.title
        self._hidden_at: tuple[str, int] | None = None  # model and iteration of the run when the tab was hidden
        for kind in ("evaluated", "target_reached", "diverged"):
            page.on_report(kind, self._show_progress)
        document.addEventListener("visibilitychange", self._changed)

    def _changed(self, _event: Event) -> None:
        if document.visibilityState == "hidden":
            self._hidden_at = (self.state.model, self.state.record.iteration) if self.state.training else None
            self._show_progress()
            return
        document.title = self._title
        if self._hidden_at:
            model, iteration = self._hidden_at
            self.page.dispatch("tab_shown_again", model=model, since=iteration)
        self._hidden_at = None

    def _show_progress(self, **_fields: Any) -> None:
        """Say in the title of a hidden tab how far its run is."""
        if self._hidden_at:
            doing = "training" if self.state.training else "stopped"
            title = f"{formatting.percent(self.state.record.test_accuracy)} {doing} · {self._title}"
            if document.title != title:
                document.title = title


def _tab_shown_again(state: State, model: str, since: int) -> None:
    """Say what has happened, unless the run has ended with a notice of its own."""
    record = state.record_of(model)
    if "train" not in record.notices and record.iteration > since:
        count = record.iteration - since
        record.notices["train"] = Notice(f"Training went on while you were away: {count:,} more iterations.")


def start(app: App) -> None:
    """Watch the tab."""
    transitions.register({"tab_shown_again": _tab_shown_again})
    BackgroundTab(app.page)
