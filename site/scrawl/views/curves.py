"""The two curves of a run, accuracy and loss over iterations, as SVG. Their geometry is `scrawl.curves`'s."""

from scrawl import curves
from scrawl.dom import by_id


class CurvesView:
    """Owns the two figures with the curves."""

    def __init__(self) -> None:
        self.plots = [
            Plot("accuracy-curve", 2, curves.accuracy_height, curves.ACCURACY_LINES, lambda v: f"{v:.4g}%", 100),
            Plot("loss-curve", 1, curves.loss_height, curves.LOSS_LINES, lambda v: f"{v:g}", 1),
        ]
        self._shown: tuple = ()

    def render(self, state: object) -> None:
        """Draw the curves anew when the run has gone on."""
        history = state.history
        shown = (history, history.train.last(), history.test.last())
        if shown != self._shown:
            self._shown = shown
            for plot in self.plots:
                plot.draw(history)


class Plot:
    """One curve: `field` of each point, at the `height` it has on the scale, between grid lines."""

    def __init__(self, name: str, field: int, height: object, lines: tuple, label: object, unit: int) -> None:
        self.svg = by_id(name).querySelector("svg")
        self.title = "Accuracy" if field == 2 else "Loss"
        self.field, self.height, self.lines, self.label, self.unit = field, height, lines, label, unit

    def draw(self, history: object) -> None:
        """Draw grid, curves and the newest points."""
        series = {
            kind: [(point[0], point[self.field]) for point in points if point[self.field] == point[self.field]]
            for kind, points in (("train", history.train.points), ("test", history.test.points))
        }
        values = [value for points in series.values() for _, value in points]
        low, high = curves.bounds(values or self.lines[:2], self.height, self.lines)
        scale = curves.Scale(history.last_iteration(), low, high)
        parts = self._grid(scale)
        for kind, points in series.items():
            parts.append(f'<path class="line {kind}" d="{curves.path(points, scale, self.height)}"/>')
            for iteration, value in points[-1:]:
                x, y = scale.x(iteration), scale.y(self.height(value))
                parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>')
        self.svg.innerHTML = "".join(parts)
        self.svg.setAttribute("aria-label", self._summary(series))

    def _grid(self, scale: object) -> list:
        parts = []
        right = curves.WIDTH - curves.RIGHT
        bottom = curves.HEIGHT - curves.BOTTOM
        for y, value in curves.horizontal_lines(self.lines, self.height, scale):
            parts.append(f'<path class="grid" d="M{curves.LEFT} {y:.1f}H{right}"/>')
            label = self.label(value * self.unit)
            parts.append(f'<text x="{curves.LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{label}</text>')
        for x, iteration in curves.vertical_lines(scale):
            anchor = "end" if x > right - 16 else "middle"
            parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="{anchor}">{iteration}</text>')
        return parts

    def _summary(self, series: dict) -> str:
        ends = [f"{kind} {self.label(points[-1][1] * self.unit)}" for kind, points in series.items() if points]
        if not ends:
            return f"{self.title} over iterations: nothing trained yet"
        last = max(points[-1][0] for points in series.values() if points)
        return f"{self.title} over iterations, now after {last}: {', '.join(ends)}"
