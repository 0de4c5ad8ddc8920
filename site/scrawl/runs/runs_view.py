"""Lists the saved runs below the curves: how each is drawn, its name, its best accuracy, whether to show it.

Also starts the whole feature: its state, the readout of the curves, and the page's URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.runs.curve_readout import CurveReadout
from scrawl.runs.runs_state import LONGEST, TRANSITIONS, RunsState, is_worth_saving, series_of
from scrawl.runs.url_sync import UrlSync
from scrawl.state import formatting, transitions
from scrawl.ui.dom import by_id, set_flag, set_text

if TYPE_CHECKING:
    from typing import Any

    from browser import Element, Event

    from scrawl.app.app import App
    from scrawl.app.page import Page
    from scrawl.runs.runs_state import SavedRun
    from scrawl.state.app_state import State

HTML = """<p id="pointed" class="hint"></p>
<div class="row">
<button type="button" id="run-keep" disabled title="Keep this curve, to compare others with it.">Keep run</button>
<button type="button" id="run-link" title="The address holds all settings, the seed, and the first weights: \
whoever opens it gets the same run.">Copy link</button>
<span id="run-link-done" class="hint" role="status"></span>
</div>
<ul id="run-list" class="runs" aria-label="Kept runs" hidden></ul>"""


class RunsView:
    """Owns #runs, except for #pointed, which `curve_readout` fills."""

    def __init__(self, page: Page, url_sync: UrlSync) -> None:
        self.page = page
        self.url_sync = url_sync
        by_id("runs").innerHTML = HTML
        self.list, self.save = by_id("run-list"), by_id("run-keep")
        self._listed: list[SavedRun] = []  # the runs that have a line
        self.save.bind("click", lambda _event: page.dispatch("run_saved", model=page.state.model))
        by_id("run-link").bind("click", self._copy_link)
        page.on_report("progress", self._note_progress)
        page.on_report("evaluated", self._note_progress)
        page.on_report("weights_loaded", lambda model, **_fields: page.dispatch("run_ended", model=model))

    def render(self, state: State) -> None:
        """Show the list."""
        savable = state.model in state.runs.current and is_worth_saving(state.record.history)
        set_flag(self.save, "disabled", not savable)
        if self._listed != state.runs.saved:
            self._listed = list(state.runs.saved)
            self._fill_list()
        for run, line in zip(self._listed, self.list.children, strict=True):
            set_flag(line.querySelector("input[type=checkbox]"), "checked", run.shown)
            name = line.querySelector("input[type=text]")
            if name.value != run.name and document.activeElement != name:
                name.value = run.name

    def _fill_list(self) -> None:
        set_flag(self.list, "hidden", not self._listed)
        self.list.innerHTML = "".join(_line(run) for run in self._listed)
        for run, line in zip(self._listed, self.list.children, strict=True):
            self._bind(run.slot, line)

    def _bind(self, slot: int, line: Element) -> None:
        shown, name = line.querySelector("input[type=checkbox]"), line.querySelector("input[type=text]")
        shown.bind("change", lambda event: self.page.dispatch("run_toggled", slot=slot, on=event.target.checked))
        name.bind("change", lambda event: self.page.dispatch("run_renamed", slot=slot, name=event.target.value))
        line.querySelector("button").bind("click", lambda _event: self._remove(slot))

    def _remove(self, slot: int) -> None:
        self.page.dispatch("run_removed", slot=slot)
        self.save.focus()

    def _note_progress(self, model: str, **_fields: Any) -> None:
        self.page.dispatch("run_progressed", model=model)

    def _copy_link(self, _event: Event) -> None:
        done, link = by_id("run-link-done"), self.url_sync.link()
        try:
            copying = window.navigator.clipboard.writeText(link)
        except Exception:  # no clipboard, as on a page without https
            set_text(done, f"Copy it from here: {link}")
            return
        copying.then(
            lambda _nothing: set_text(done, "Copied."),
            lambda _error: set_text(done, f"Copy it from here: {link}"),
        )


def _line(run: SavedRun) -> str:
    series = series_of(run.history)
    best = max(series.values["accuracy"])
    kind = "test" if series is run.history.test else "train"
    stroke = f'<path class="line run run-{run.slot}" d="M0 4H28"/>'
    swatch = f'<svg class="swatch" viewBox="0 0 28 8" aria-hidden="true">{stroke}</svg>'
    return f"""<li><label title="Show it on the curves."><input type="checkbox">{swatch}
<span class="unseen">Show this run</span></label>
<input type="text" maxlength="{LONGEST}" aria-label="Name of this run" title="Its name, which you can change.">
<span class="of">{formatting.percent(best)} {kind}, iteration {series.iterations[-1]}</span>
<button type="button" title="Take it off the list.">Forget</button></li>"""


def start(app: App) -> None:
    """Add saved runs to the page, below the curves."""
    page = app.page
    page.state.runs = RunsState()
    transitions.register(TRANSITIONS)
    app.url_sync = UrlSync(app)
    page.views += [RunsView(page, app.url_sync), CurveReadout(page, app.curves)]
    page.request_render()
