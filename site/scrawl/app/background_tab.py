"""What becomes of a run while its tab is in the background: it goes on, for that is what one leaves it alone for.

The browser draws no frames there and wakes timers seldom, but the worker is not held back. The page takes its reports
one by one and shows the last state once it is looked at again, with a word on what has happened meanwhile. Until then
the tab's title says how far the run has come. That the work is kept at that moment is `share.autosave`'s business.
"""

from browser import document

from scrawl.state import formatting, transitions
from scrawl.state.app_state import Notice, State


class Away:
    """Watches whether anybody looks at the page."""

    def __init__(self, page: object) -> None:
        self.page, self.state = page, page.state
        self._title = document.title
        self._left_at: tuple | None = None  # model and iteration when nobody looked any more
        page.after("evaluated", self._tell)
        for kind in ("target_reached", "diverged"):
            page.after(kind, self._tell)
        document.addEventListener("visibilitychange", self._changed)

    def _changed(self, _event: object) -> None:
        if document.visibilityState == "hidden":
            self._left_at = (self.state.model, self.state.record.iteration) if self.state.training else None
            self._tell()
            return
        document.title = self._title
        if self._left_at:
            model, iteration = self._left_at
            self.page.dispatch("looked_at_again", model=model, since=iteration)
        self._left_at = None

    def _tell(self, **_fields: object) -> None:
        """Say in the title of a tab that nobody looks at how far its run is."""
        if self._left_at:
            doing = "training" if self.state.training else "stopped"
            title = f"{formatting.percent(self.state.record.test_accuracy)} {doing} · {self._title}"
            if document.title != title:
                document.title = title


def _looked_at_again(state: State, model: str, since: int) -> None:
    """Tell what has happened, unless the run has ended with a word of its own."""
    record = state.record_of(model)
    if "train" not in record.notices and record.iteration > since:
        count = record.iteration - since
        record.notices["train"] = Notice(f"Training went on while you were away: {count:,} more iterations.")


def begin(parts: object) -> None:
    """Watch."""
    transitions.register({"looked_at_again": _looked_at_again})
    Away(parts.page)
