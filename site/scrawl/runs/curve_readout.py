"""Reads the curves off where the pointer or the keys point, and sums them up in words where nobody points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.runs.runs_state import nearest_point, series_of
from scrawl.state import formatting
from scrawl.ui import curve_geometry
from scrawl.ui.dom import by_id, set_attribute, set_text

if TYPE_CHECKING:
    from browser import Element, Event

    from scrawl.app.page import Page
    from scrawl.state.app_state import Record, State
    from scrawl.state.history import History
    from scrawl.ui.curves_view import CurvesView, Plot

KEYS = {"ArrowLeft": -1, "ArrowDown": -1, "ArrowRight": 1, "ArrowUp": 1, "PageDown": -10, "PageUp": 10}


class CurveReadout:
    """Owns #pointed and the vertical line through each of the curves' plots."""

    def __init__(self, page: Page, curves_view: CurvesView) -> None:
        self.page, self.plots = page, curves_view.plots
        self.description = by_id("pointed")
        self._cursors: list[Element] = []
        self._shown: list[object] = []
        for plot in self.plots:
            plot.svg.insertAdjacentHTML("beforeend", '<path class="cursor" visibility="hidden"/>')
            self._cursors.append(plot.svg.querySelector(".cursor"))
            self._bind(plot)

    def render(self, state: State) -> None:
        """Show the values at the readout's iteration."""
        iteration = state.runs.readout
        history = state.record.history
        scales = [(plot.scale, plot.width) for plot in self.plots]
        runs = [(run.name, run.shown) for run in state.runs.saved]
        shown: list[object] = [iteration, history, history.revision, scales, runs]
        if shown == self._shown:
            return
        self._shown = shown
        last = history.last_iteration()
        at = last if iteration is None else iteration
        text = summary(state.record) if iteration is None else values_at(state, history, at)
        for plot, cursor in zip(self.plots, self._cursors, strict=True):
            _show_cursor(plot, cursor, iteration)
            if last:
                _describe_as_slider(plot.svg, last, at, text)
        set_text(self.description, text)

    def _bind(self, plot: Plot) -> None:
        plot.svg.bind("pointermove", lambda event: self._point(plot, event))
        plot.svg.bind("pointerdown", lambda event: self._point(plot, event))
        plot.svg.bind("pointerleave", lambda _event: self._move(None))
        plot.svg.bind("blur", lambda _event: self._move(None))
        plot.svg.bind("keydown", self._press)

    def _point(self, plot: Plot, event: Event) -> None:
        box = plot.svg.getBoundingClientRect()
        if plot.scale is None or not box.width:
            return
        x = plot.width * (event.clientX - box.left) / box.width
        fraction = (x - curve_geometry.LEFT) / (plot.scale.right - curve_geometry.LEFT)
        self._move(min(round(max(fraction, 0.0) * plot.scale.end), plot.scale.last))

    def _press(self, event: Event) -> None:
        last = self.page.state.record.history.last_iteration()
        if not last:
            return
        readout = self.page.state.runs.readout
        if event.key in KEYS:
            step = KEYS[event.key] * max(1, last // 50)
            self._move(min(max((last if readout is None else readout) + step, 0), last))
        elif event.key in ("Home", "End"):
            self._move(0 if event.key == "Home" else last)
        elif event.key == "Escape":
            self._move(None)
        else:
            return
        event.preventDefault()

    def _move(self, iteration: int | None) -> None:
        if self.page.state.runs.readout != iteration:
            self.page.dispatch("readout_moved", iteration=iteration)


def _show_cursor(plot: Plot, cursor: Element, iteration: int | None) -> None:
    if iteration is None or plot.scale is None:
        set_attribute(cursor, "visibility", "hidden")
        return
    x = plot.scale.x(min(iteration, plot.scale.last))
    set_attribute(cursor, "visibility", "visible")
    set_attribute(cursor, "d", f"M{x:.1f} {curve_geometry.TOP:g}V{plot.scale.bottom:g}")


def _describe_as_slider(svg: Element, last: int, at: int, text: str) -> None:
    """Make the plot a slider through the run, for those who use the keyboard."""
    set_attribute(svg, "role", "slider")
    set_attribute(svg, "tabindex", "0")
    set_attribute(svg, "aria-valuemin", "0")
    set_attribute(svg, "aria-valuemax", str(last))
    set_attribute(svg, "aria-valuenow", str(at))
    set_attribute(svg, "aria-valuetext", text)


def summary(record: Record) -> str:
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


def values_at(state: State, history: History, iteration: int) -> str:
    """Return the values of all curves at an iteration, in words."""
    parts = []
    for kind, series in (("train", history.train), ("test", history.test)):
        index = nearest_point(series, iteration)
        if index is not None:
            accuracy, loss = series.values["accuracy"][index], series.values["loss"][index]
            parts.append(f"{kind} {formatting.percent(accuracy)}, loss {formatting.loss(loss)}")
    for run in state.runs.saved:
        series = series_of(run.history)
        index = nearest_point(series, iteration)
        if run.shown and index is not None and iteration <= series.iterations[-1]:
            parts.append(f"{run.name}: {formatting.percent(series.values['accuracy'][index])}")
    return f"Iteration {iteration}: {' · '.join(parts)}"
