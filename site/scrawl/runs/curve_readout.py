"""Reads the curves off where the pointer or the keys point, and sums them up in words where nobody points."""

from scrawl.runs.runs_state import at, series_of
from scrawl.state import formatting
from scrawl.ui import curve_geometry
from scrawl.ui.dom import by_id, set_attribute, set_text

KEYS = {"ArrowLeft": -1, "ArrowDown": -1, "ArrowRight": 1, "ArrowUp": 1, "PageDown": -10, "PageUp": 10}


class Pointing:
    """Owns #pointed and the line through each of the `views.curves` plots."""

    def __init__(self, page: object, curves_view: object) -> None:
        self.page, self.plots = page, curves_view.plots
        self.words = by_id("pointed")
        self._cursors = []
        self._shown: list = []
        for plot in self.plots:
            plot.svg.insertAdjacentHTML("beforeend", '<path class="cursor" visibility="hidden"/>')
            self._cursors.append(plot.svg.querySelector(".cursor"))
            self._bind(plot)

    def render(self, state: object) -> None:
        """Show what is pointed at."""
        iteration = state.runs.pointed
        history = state.record.history
        scales = [(plot.scale, plot.width) for plot in self.plots]
        shown = [iteration, history, history.revision, scales, [(run.name, run.shown) for run in state.runs.kept]]
        if shown == self._shown:
            return
        self._shown = shown
        last = history.last_iteration()
        at_present = last if iteration is None else iteration
        said = values_at(state, history, at_present)
        for plot, cursor in zip(self.plots, self._cursors, strict=True):
            shown = iteration is not None and plot.scale is not None
            set_attribute(cursor, "visibility", "visible" if shown else "hidden")
            if shown:
                x = plot.scale.x(min(iteration, plot.scale.last))
                set_attribute(
                    cursor, "d", f"M{x:.1f} {curve_geometry.TOP:g}V{curve_geometry.HEIGHT - curve_geometry.BOTTOM:g}"
                )
            if last:
                self._describe(plot.svg, last, at_present, said)
        set_text(self.words, summary(state.record) if iteration is None else said)

    def _describe(self, svg: object, last: int, at_present: int, said: str) -> None:
        """Make the figure a slider through the run, for those who use keys."""
        set_attribute(svg, "role", "slider")
        set_attribute(svg, "tabindex", "0")
        set_attribute(svg, "aria-valuemin", "0")
        set_attribute(svg, "aria-valuemax", str(last))
        set_attribute(svg, "aria-valuenow", str(at_present))
        set_attribute(svg, "aria-valuetext", said)

    def _bind(self, plot: object) -> None:
        plot.svg.bind("pointermove", lambda event: self._point(plot, event))
        plot.svg.bind("pointerdown", lambda event: self._point(plot, event))
        plot.svg.bind("pointerleave", lambda _event: self._leave())
        plot.svg.bind("blur", lambda _event: self._leave())
        plot.svg.bind("keydown", self._pressed)

    def _point(self, plot: object, event: object) -> None:
        box = plot.svg.getBoundingClientRect()
        if plot.scale is None or not box.width:
            return
        share = (plot.width * (event.clientX - box.left) / box.width - curve_geometry.LEFT) / (
            plot.scale.right - curve_geometry.LEFT
        )
        self._dispatch(min(round(max(share, 0.0) * plot.scale.end), plot.scale.last))

    def _pressed(self, event: object) -> None:
        last = self.page.state.record.history.last_iteration()
        if not last:
            return
        pointed = self.page.state.runs.pointed
        if event.key in KEYS:
            step = KEYS[event.key] * max(1, last // 50)
            self._dispatch(min(max((last if pointed is None else pointed) + step, 0), last))
        elif event.key in ("Home", "End"):
            self._dispatch(0 if event.key == "Home" else last)
        elif event.key == "Escape":
            self._leave()
        else:
            return
        event.preventDefault()

    def _leave(self) -> None:
        self._dispatch(None)

    def _dispatch(self, iteration: int | None) -> None:
        if self.page.state.runs.pointed != iteration:
            self.page.dispatch("pointed", iteration=iteration)


def summary(record: object) -> str:
    """Return a run in a sentence."""
    history = record.history
    if not history.last_iteration():
        return ""
    parts = []
    for kind, series in (("train", history.train), ("test", history.test)):
        if series.iterations:
            first, last = series.values["accuracy"][0], series.values["accuracy"][-1]
            loss = formatting.loss(series.last("loss"))
            parts.append(
                f"{kind} accuracy from {formatting.percent(first)} to {formatting.percent(last)}, loss now {loss}"
            )
    return f"{history.last_iteration()} iterations: {'; '.join(parts)}."


def values_at(state: object, history: object, iteration: int) -> str:
    """Return what the curves say at an iteration."""
    parts = []
    for kind, series in (("train", history.train), ("test", history.test)):
        place = at(series, iteration)
        if place is not None:
            accuracy, loss = series.values["accuracy"][place], series.values["loss"][place]
            parts.append(f"{kind} {formatting.percent(accuracy)}, loss {formatting.loss(loss)}")
    for run in state.runs.kept:
        series = series_of(run.history)
        place = at(series, iteration)
        if run.shown and place is not None and iteration <= series.iterations[-1]:
            parts.append(f"{run.name}: {formatting.percent(series.values['accuracy'][place])}")
    return f"Iteration {iteration}: {' · '.join(parts)}"
