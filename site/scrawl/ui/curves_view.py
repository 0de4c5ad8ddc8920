"""The two curves of a run, accuracy and loss over iterations, as SVG. `curve_geometry` says where everything goes.

A curve's path is in iterations and heights; one transformation brings it into the drawing, so that a new point costs
no more than joining texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state.history import accuracy_height, loss_height
from scrawl.ui import curve_geometry
from scrawl.ui.dom import LastShown, by_id, set_attribute, type_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrawl.state.app_state import State
    from scrawl.state.history import History, Series

    type Height = Callable[[float], float]  # of a value on its scale
    from scrawl.app.app import App

KINDS = ("train", "test")


def start(app: App) -> None:
    """Draw the curves from now on."""
    app.curves = CurvesView()
    app.page.views.append(app.curves)
    app.on_repaint(app.curves.resize)
    app.page.request_render()


class CurvesView:
    """Owns the two figures with the curves."""

    def __init__(self) -> None:
        self.plots = [
            Plot("accuracy", accuracy_height, curve_geometry.ACCURACY_LINES, lambda value: f"{100 * value:.4g}%"),
            Plot("loss", loss_height, curve_geometry.LOSS_LINES, lambda value: f"{value:g}"),
        ]
        self._shown: tuple[object, ...] = ()
        self._stale: list[Plot] = []
        self._resized = False  # whether both are to be drawn in one frame

    def resize(self) -> None:
        """Draw everything again, in the size that it now has."""
        self._shown, self._resized = (), True
        for plot in self.plots:
            plot.resize()

    def render(self, state: State) -> bool:
        """Draw the curves again after news, one a frame, and both in a new size. Return whether one is left."""
        history = state.record.history
        shown = (history, history.revision, state.overlays)
        if shown != self._shown:
            self._shown = shown
            self._stale += [plot for plot in self.plots if plot not in self._stale]
        count, self._resized = len(self._stale) if self._resized else 1, False
        for plot in self._stale[:count]:
            plot.draw(history, state.overlays)
        self._stale = self._stale[count:]
        return bool(self._stale)


class Plot:
    """One figure: the points' `name` (accuracy or loss), between grid lines at the heights of `lines`."""

    def __init__(self, name: str, height: Height, lines: tuple[float, ...], label: Callable[[float], str]) -> None:
        self.name, self.label = name, label
        self.places = {line: height(line) for line in lines}
        self.svg = by_id(f"{name}-curve").querySelector("svg")
        self.scale: curve_geometry.Scale | None = None  # of what is drawn, None for an empty figure
        self.svg.innerHTML = '<g></g><g></g><g class="curves"><g></g>' + "".join(
            f'<path class="line {kind}"/>' for kind in KINDS
        ) + "</g>" + "".join(f'<circle class="{kind}" r="3.5"/>' for kind in KINDS)  # fmt: skip
        self.horizontal, self.vertical, self.area, self.others = self.svg.querySelectorAll("g")
        self.paths = self.svg.querySelectorAll("path.line")
        self.dots = self.svg.querySelectorAll("circle")
        self._last_overlays, self._last_heights, self._last_end = LastShown(), LastShown(), LastShown()
        self.resize()

    def resize(self) -> None:
        """Take the figure's size on the page, in pixels of ordinary type: for a projector all grows with the type."""
        box, pixel = self.svg.getBoundingClientRect(), type_size() / 16
        self.width, self.height = max(box.width / pixel, 160), max(box.height / pixel, 80)
        self.svg.setAttribute("viewBox", f"0 0 {self.width:g} {self.height:g}")

    def draw(self, history: History, overlays: tuple[tuple[Series, int], ...]) -> None:
        """Draw grid, other runs, curves and the newest points."""
        series = [history.train, history.test]
        drawn = [*series, *[other for other, _slot in overlays]]
        heights = [height for one in drawn for height in one.heights[self.name]]
        places = list(self.places.values())
        low, high = curve_geometry.bounds(heights or places[:4], places)
        last = max([one.iterations[-1] for one in drawn if one.iterations] + [0])
        scale = curve_geometry.Scale(last, low, high, self.width, self.height)
        self.scale = scale if heights else None
        if self._last_overlays.differs(overlays):
            self.others.innerHTML = "".join(
                f'<path class="line run run-{slot}" d="{curve_geometry.path(other.marks[self.name])}"/>'
                for other, slot in overlays
            )
        if self._last_heights.differs(low, high, self.width, self.height, not heights):
            self.horizontal.innerHTML = self._horizontal_lines(scale) + ("" if heights else self._invitation())
        if self._last_end.differs(scale.end, self.width, self.height):
            self.vertical.innerHTML = self._iterations(scale)
        set_attribute(self.area, "transform", scale.transform())
        for one, path, dot in zip(series, self.paths, self.dots, strict=True):
            path.setAttribute("d", curve_geometry.path(one.marks[self.name]))  # to read the old one takes as long
            set_attribute(dot, "visibility", "visible" if one.iterations else "hidden")
            if one.iterations:
                set_attribute(dot, "cx", f"{scale.x(one.iterations[-1]):.1f}")
                set_attribute(dot, "cy", f"{scale.y(one.heights[self.name][-1]):.1f}")
        set_attribute(self.svg, "aria-label", self._summary(series, history.last_iteration()))

    def _horizontal_lines(self, scale: curve_geometry.Scale) -> str:
        parts = []
        for y, value in curve_geometry.horizontal_lines(self.places, scale):
            parts.append(f'<path class="grid" d="M{curve_geometry.LEFT:g} {y:.1f}H{scale.right:g}"/>')
            place = f'x="{curve_geometry.LEFT - 6:g}" y="{y + 3.5:.1f}"'
            parts.append(f'<text {place} text-anchor="end">{self.label(value)}</text>')
        return "".join(parts)

    def _iterations(self, scale: curve_geometry.Scale) -> str:
        parts = []
        for x, iteration in curve_geometry.vertical_lines(scale):
            anchor = "end" if x > scale.right - 16 else "middle"
            parts.append(f'<text x="{x:.1f}" y="{scale.bottom + 16:g}" text-anchor="{anchor}">{iteration}</text>')
        return "".join(parts)

    def _invitation(self) -> str:
        x, y = (curve_geometry.LEFT + self.width) / 2, self.height / 2
        return f'<text class="empty" x="{x:g}" y="{y:g}" text-anchor="middle">Press Train to see it learn</text>'

    def _summary(self, series: list[Series], last: int) -> str:
        title = self.name.capitalize()
        ends = [
            f"{kind} {self.label(one.values[self.name][-1])}"
            for kind, one in zip(KINDS, series, strict=True)
            if one.iterations
        ]
        if not ends:
            return f"{title} over iterations: nothing trained yet"
        return f"{title} over iterations, now after {last}: {', '.join(ends)}"
