"""Shows what this browser saves of the work and when, what other tabs have left, and lets one start afresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.share.drawer import button, message, row
from scrawl.state.formatting import short_name
from scrawl.storage.autosave import Autosave
from scrawl.storage.set_aside import SetAside
from scrawl.ui.dom import by_id, set_flag, set_text, show_notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrawl.app.app import App
    from scrawl.state.app_state import State
    from scrawl.storage.saved_visit import Work


def start(app: App) -> None:
    """Save the work from now on, and say so."""
    app.autosave = Autosave(app)
    SetAside(app)
    app.page.views.append(StorageView(app.autosave))
    app.page.request_render()


class StorageView:
    """Owns #keeping, the last part of #share."""

    def __init__(self, autosave: Autosave) -> None:
        self.autosave = autosave
        self.text = document.createElement("p")
        self.text.id, self.text.className = "kept-at", "hint"
        self.afresh = button("Start afresh…", self._ask, "Forget this tab's weights, drawing and settings.", "afresh")
        self.sure = button("Yes, forget my work", autosave.start_afresh, name="afresh-sure")
        self.back = button("Keep it", self._do_not, name="afresh-not")
        self.confirm = row("Forget this tab's work?", self.sure, self.back)
        self.confirm.hidden = True
        self.confirm.className = "row confirm"
        self.others = document.createElement("div")
        self.notices = [message("keeping-message"), message("tabs-message")]
        part = document.createElement("div")
        part.id, part.className = "keeping", "keeping"
        for element in (row("Your work", self.text, self.afresh), self.confirm, *self.notices, self.others):
            part.appendChild(element)
        by_id("share").appendChild(part)
        self._shown: list[tuple[int, Work]] | None = None

    def render(self, state: State) -> None:
        """Show when the work was saved, and what prevents it."""
        share = state.share
        time = f" Last kept at {share.saved_at}." if share.saved_at else ""
        set_text(self.text, f"Your weights, curves, drawing and settings stay in this browser.{time}")
        set_flag(self.text, "hidden", share.save_notice is not None)
        for element, notice in zip(self.notices, (share.save_notice, share.tabs_notice), strict=True):
            show_notice(element, notice)
        if self._shown is not share.other_works:
            self._shown = share.other_works
            self._show_others(share.other_works)

    def _show_others(self, works: list[tuple[int, Work]]) -> None:
        self.others.innerHTML = ""
        for slot, work in works:
            when = window.Date.new(work.get("saved", 0)).toLocaleString()
            runs = [f"{short_name(model)} after {count:,} iterations" for model, count in work["iterations"].items()]
            text = document.createElement("span")
            text.className = "hint"
            text.textContent = f"Left by another tab, {when}: {', '.join(runs) or 'a drawing'}."
            take_over = button("Go on with it", self._action_for(slot), "This tab's work is kept, too.")
            self.others.appendChild(row("Work of another tab", text, take_over))

    def _action_for(self, slot: int) -> Callable[[], None]:
        return lambda: self.autosave.take_over(slot)

    def _ask(self) -> None:
        self.confirm.hidden = False
        self.back.focus()

    def _do_not(self) -> None:
        self.confirm.hidden = True
        self.afresh.focus()
