"""Lists the kept runs below the curves: how each is drawn, its name, what it has reached, whether to show it."""

from browser import document
from browser import self as window

from scrawl.runs.runs_state import LONGEST, is_worth_keeping, series_of
from scrawl.state import formatting
from scrawl.ui.dom import by_id, set_flag, set_text

HTML = """<p id="pointed" class="hint"></p>
<div class="row">
<button type="button" id="run-keep" disabled title="Keep this curve, to compare others with it.">Keep run</button>
<button type="button" id="run-link" title="The address holds all settings, the seed, and where the weights began: \
whoever opens it gets the same run.">Copy link</button>
<span id="run-link-done" class="hint" role="status"></span>
</div>
<ul id="run-list" class="runs" aria-label="Kept runs" hidden></ul>"""


class RunsView:
    """Owns #runs, but for the line that `pointing` fills."""

    def __init__(self, page: object, addressing: object) -> None:
        self.page = page
        self.addressing = addressing
        by_id("runs").innerHTML = HTML
        self.list, self.keep = by_id("run-list"), by_id("run-keep")
        self._listed: list = []  # the runs that have a line
        self.keep.bind("click", lambda _event: page.dispatch("run_kept", model=page.state.model))
        by_id("run-link").bind("click", self._copy)
        page.after("progress", self._noted)
        page.after("evaluated", self._noted)
        page.after("weights_taken", lambda model, **_fields: page.dispatch("run_over", model=model))

    def render(self, state: object) -> None:
        """Show the list."""
        set_flag(
            self.keep, "disabled", state.model not in state.runs.present or not is_worth_keeping(state.record.history)
        )
        if self._listed != state.runs.kept:
            self._listed = list(state.runs.kept)
            self._fill()
        for run, line in zip(self._listed, self.list.children, strict=True):
            set_flag(line.querySelector("input[type=checkbox]"), "checked", run.shown)
            name = line.querySelector("input[type=text]")
            if name.value != run.name and document.activeElement != name:
                name.value = run.name

    def _fill(self) -> None:
        set_flag(self.list, "hidden", not self._listed)
        self.list.innerHTML = "".join(_line(run) for run in self._listed)
        for run, line in zip(self._listed, self.list.children, strict=True):
            self._bind(run.slot, line)

    def _bind(self, slot: int, line: object) -> None:
        shown, name = line.querySelector("input[type=checkbox]"), line.querySelector("input[type=text]")
        shown.bind("change", lambda event: self.page.dispatch("run_shown", slot=slot, on=event.target.checked))
        name.bind("change", lambda event: self.page.dispatch("run_renamed", slot=slot, name=event.target.value))
        line.querySelector("button").bind("click", lambda _event: self._forget(slot))

    def _forget(self, slot: int) -> None:
        self.page.dispatch("run_forgotten", slot=slot)
        self.keep.focus()

    def _noted(self, model: str, **_fields: object) -> None:
        self.page.dispatch("run_noted", model=model)

    def _copy(self, _event: object) -> None:
        done, link = by_id("run-link-done"), self.addressing.link()
        try:
            copying = window.navigator.clipboard.writeText(link)
        except Exception:  # no clipboard, as on a page without https
            set_text(done, f"Copy it from here: {link}")
            return
        copying.then(
            lambda _nothing: set_text(done, "Copied."),
            lambda _error: set_text(done, f"Copy it from here: {link}"),
        )


def _line(run: object) -> str:
    series = series_of(run.history)
    best = max(series.values["accuracy"])
    kind = "test" if series is run.history.test else "train"
    stroke = f'<path class="line run run-{run.slot}" d="M0 4H28"/>'
    swatch = f'<svg class="swatch" viewBox="0 0 28 8" aria-hidden="true">{stroke}</svg>'
    return f"""<li><label title="Show it on the curves."><input type="checkbox">{swatch}
<span class="unseen">Show this run</span></label>
<input type="text" maxlength="{LONGEST}" aria-label="Name of this run" title="Its name, yours to change.">
<span class="of">{formatting.percent(best)} {kind}, iteration {series.iterations[-1]}</span>
<button type="button" title="Take it off the list.">Forget</button></li>"""
