"""The geometry of the two curves: scales, grid lines and SVG paths. Pure; drawing them is left to `views.curves`.

Both vertical scales are logarithmic where the interest lies: losses as they are, accuracies by the share still
misread, so that 90 % and 99 % stand as far apart as 99 % and 99.9 %.
"""

HEIGHT = 200.0  # pixels; the width is that of the page
LEFT, RIGHT, TOP, BOTTOM = 40.0, 8.0, 10.0, 24.0  # margins around the plot

LOSS_LINES = (5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
ACCURACY_LINES = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)


def log10(value: float) -> float:
    """Return the decimal logarithm of a positive number; the math module would outweigh all of the page's code."""
    exponent = 0
    while value >= 10:
        value, exponent = value / 10, exponent + 1
    while value < 1:
        value, exponent = value * 10, exponent - 1
    halvings = 0
    while value > 1.2:
        value, halvings = value**0.5, halvings + 1
    t = (value - 1) / (value + 1)  # ln(value) = 2 artanh(t)
    return exponent + 2 * (t + t**3 / 3 + t**5 / 5 + t**7 / 7) * 2**halvings / 2.302585092994046


def loss_height(value: float) -> float:
    """Return where a loss stands on its scale: 1 lower for each tenth."""
    return log10(max(value, 0.001))


def accuracy_height(value: float) -> float:
    """Return where an accuracy stands on its scale: 1 higher for each tenth of the errors."""
    return -log10(max(1 - value, 0.001))


class Scale:
    """Places iterations and heights in a plot `width` pixels wide."""

    def __init__(self, last: int, low: float, high: float, width: float) -> None:
        self.right = width - RIGHT
        self.last = max(last, 10)
        self.low = low
        self.span = max(high - low, 0.1)

    def x(self, iteration: int) -> float:
        """Return the place of an iteration, in pixels."""
        return LEFT + (self.right - LEFT) * iteration / self.last

    def transform(self) -> str:
        """Return the SVG transformation from iterations and (downward) heights to pixels."""
        across = (self.right - LEFT) / self.last
        down = (HEIGHT - TOP - BOTTOM) / self.span
        return f"matrix({across:.6f} 0 0 {down:.4f} {LEFT:g} {HEIGHT - BOTTOM + down * self.low:.3f})"

    def y(self, height: float) -> float:
        """Return the place of a height, in pixels."""
        share = min(max((height - self.low) / self.span, 0.0), 1.0)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def horizontal_lines(places: dict, scale: Scale) -> list:
    """Return (y, value) of the grid lines, value → height, within the scale that do not crowd each other."""
    lines: list = []
    for value, place in places.items():
        if scale.low - 1e-6 <= place <= scale.low + scale.span + 1e-6:
            y = scale.y(place)
            if all(abs(y - other) >= 16 for other, _ in lines):
                lines.append((y, value))
    return lines


def vertical_lines(scale: Scale) -> list:
    """Return (x, iteration) of three to six round iterations."""
    step = 1
    while scale.last / step > 5:
        step = _round_up(step + 1)
    return [(scale.x(i), i) for i in range(0, scale.last + 1, step)]


def path(marks: list) -> str:
    """Return the SVG path through the marks that points have made, in iterations and heights."""
    return "M" + "L".join(marks) if len(marks) > 1 else ""


def bounds(heights: list, lines: list) -> tuple:
    """Return the heights of the grid lines, among `lines`, that just enclose all heights."""
    places = sorted(lines)
    low, high = min(heights), max(heights)
    below = [place for place in places if place <= low]
    above = [place for place in places if place >= high]
    return (below[-1] if below else places[0]), (above[0] if above else places[-1])


def _round_up(step: int) -> int:
    """Return the next of 1, 2, 5, 10, 20, 50, …"""
    unit = 10 ** (len(str(step)) - 1)
    for factor in (1, 2, 5, 10):
        if step <= factor * unit:
            return factor * unit
    return step
