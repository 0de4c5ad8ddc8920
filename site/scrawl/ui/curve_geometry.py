"""The geometry of the two curves: scales, grid lines and SVG paths. Pure; `curves_view` draws them.

`state.curve_scale` says how high a value stands.
"""

from __future__ import annotations

LEFT, RIGHT, TOP, BOTTOM = 40.0, 8.0, 10.0, 24.0  # margins around the plot

LOSS_LINES = (5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
ACCURACY_LINES = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)


class Scale:
    """Places iterations and heights in a plot of `width` × `height` pixels.

    It ends after the last iteration, at a round one, so that most new points move nothing but the curve.
    """

    def __init__(self, last: int, low: float, high: float, width: float, height: float) -> None:
        self.right = width - RIGHT
        self.bottom = height - BOTTOM
        self.last = max(last, 10)
        unit: int = 10 ** (len(str(self.last)) - 1)
        step = max(1, unit // 5 if self.last < 2 * unit else unit // 2 if self.last < 5 * unit else unit)
        self.end = -(-self.last // step) * step
        self.low = low
        self.span = max(high - low, 0.1)

    def x(self, iteration: int) -> float:
        """Return the place of an iteration, in pixels."""
        return LEFT + (self.right - LEFT) * iteration / self.end

    def transform(self) -> str:
        """Return the SVG transformation from iterations and (downward) heights to pixels."""
        across = (self.right - LEFT) / self.end
        down = (self.bottom - TOP) / self.span
        return f"matrix({across:.6f} 0 0 {down:.4f} {LEFT:g} {self.bottom + down * self.low:.3f})"

    def y(self, height: float) -> float:
        """Return the place of a height, in pixels."""
        share = min(max((height - self.low) / self.span, 0.0), 1.0)
        return self.bottom - (self.bottom - TOP) * share


def horizontal_lines(places: dict[float, float], scale: Scale) -> list[tuple[float, float]]:
    """Return (y, value) of the grid lines, value → height, within the scale that do not crowd each other."""
    lines: list[tuple[float, float]] = []
    for value, place in places.items():
        if scale.low - 1e-6 <= place <= scale.low + scale.span + 1e-6:
            y = scale.y(place)
            if all(abs(y - other) >= 16 for other, _ in lines):
                lines.append((y, value))
    return lines


def vertical_lines(scale: Scale) -> list[tuple[float, int]]:
    """Return (x, iteration) of three to six round iterations."""
    step = 1
    while scale.end / step > 5:
        step = _round_up(step + 1)
    return [(scale.x(i), i) for i in range(0, scale.end + 1, step)]


def path(marks: list[str]) -> str:
    """Return the SVG path through the marks that points have made, in iterations and heights."""
    return "M" + "L".join(marks) if len(marks) > 1 else ""


def bounds(heights: list[float], lines: list[float]) -> tuple[float, float]:
    """Return the heights of the grid lines, among `lines`, that just enclose all heights."""
    places = sorted(lines)
    low, high = min(heights), max(heights)
    below = [place for place in places if place <= low]
    above = [place for place in places if place >= high]
    return (below[-1] if below else places[0]), (above[0] if above else places[-1])


def _round_up(step: int) -> int:
    """Return the next of 1, 2, 5, 10, 20, 50, …"""
    unit: int = 10 ** (len(str(step)) - 1)
    for factor in (1, 2, 5, 10):
        if step <= factor * unit:
            return factor * unit
    return step
