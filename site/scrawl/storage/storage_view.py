"""What this browser keeps of one's work: that it does, since when, what other tabs have left, and starting afresh."""

from browser import document
from browser import self as window

from scrawl.share.drawer import button, message, row
from scrawl.state.formatting import short_name
from scrawl.storage.autosave import Autosave
from scrawl.ui.dom import by_id, set_flag, set_text, show_notice


class KeepingView:
    """Owns #keeping, the last part of #share."""

    def __init__(self, autosave: object) -> None:
        self.autosave = autosave
        self.said = document.createElement("p")
        self.said.id, self.said.className = "kept-at", "hint"
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
        for element in (row("Your work", self.said, self.afresh), self.confirm, *self.notices, self.others):
            part.appendChild(element)
        by_id("share").appendChild(part)
        self._shown: object = None

    def render(self, state: object) -> None:
        """Show when the work was kept, and what is in the way."""
        share = state.share
        time = f" Last kept at {share.keeping}." if share.keeping else ""
        set_text(self.said, f"Your weights, curves, drawing and settings stay in this browser.{time}")
        set_flag(self.said, "hidden", share.keeping_notice is not None)
        for element, notice in zip(self.notices, (share.keeping_notice, share.tabs_notice), strict=True):
            show_notice(element, notice)
        if self._shown is not share.other_works:
            self._shown = share.other_works
            self._show_others(share.other_works)

    def _show_others(self, works: list) -> None:
        self.others.innerHTML = ""
        for place, found in works:
            when = window.Date.new(found.get("saved", 0)).toLocaleString()
            runs = [f"{short_name(model)} after {count:,} iterations" for model, count in found["iterations"].items()]
            text = document.createElement("span")
            text.className = "hint"
            text.textContent = f"Left by another tab, {when}: {', '.join(runs) or 'a drawing'}."
            take = button("Go on with it", self._taker(place), "This tab's work is kept, too.")
            self.others.appendChild(row("Work of another tab", text, take))

    def _taker(self, place: int) -> object:
        return lambda: self.autosave.take_up(place)

    def _ask(self) -> None:
        self.confirm.hidden = False
        self.back.focus()

    def _do_not(self) -> None:
        self.confirm.hidden = True
        self.afresh.focus()


def begin(parts: object) -> None:
    """Have the work kept from now on, and say so."""
    parts.autosave = Autosave(parts)
    parts.page.views += [parts.autosave, KeepingView(parts.autosave)]
