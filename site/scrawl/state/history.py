"""The curves of a training run: two series of points, thinned out so that a long run stays quick to draw.

Each point's height on the curves is computed once, however often the curves are drawn. Both scales are logarithmic
where the interest lies: losses as they are, accuracies by the share still misread, so that 90 % and 99 % are as far
apart as 99 % and 99.9 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Literal

    type Quantity = Literal["loss", "accuracy"]
    type SeriesName = Literal["train", "test"]

MOST = 240  # points of a series; more than the curves can show


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
    return exponent + 2 * (t + t**3 / 3 + t**5 / 5 + t**7 / 7) * 2.0**halvings / 2.302585092994046


def loss_height(value: float) -> float:
    """Return where a loss is on its scale: 1 lower for each tenth."""
    return log10(max(value, 0.001))


def accuracy_height(value: float) -> float:
    """Return where an accuracy is on its scale: 1 higher for each tenth of the errors."""
    return -log10(max(1 - value, 0.001))


QUANTITIES = {"loss": loss_height, "accuracy": accuracy_height}


class Series:
    """Points in the order of their iterations. When there are too many, every second one goes.

    For each quantity there are lists of `values`, `heights` on its scale and `marks`, places in an SVG path, in which
    down is positive; all are as long as `iterations`.
    """

    def __init__(self) -> None:
        self.iterations: list[int] = []
        self.values: dict[str, list[float]] = {name: [] for name in QUANTITIES}
        self.heights: dict[str, list[float]] = {name: [] for name in QUANTITIES}
        self.marks: dict[str, list[str]] = {name: [] for name in QUANTITIES}
        self.stride = 1  # one of so many points that come is kept
        self._skipped = 0

    def add(self, iteration: int, loss: float, accuracy: float) -> None:
        """Add a point. The newest is always there, the others are kept at `stride`. A loss of NaN is left out."""
        if loss != loss:
            return
        if self.iterations and (self.iterations[-1] >= iteration or self._skipped < self.stride - 1):
            self._skipped += self.iterations[-1] < iteration
            for points in self._lists():
                points.pop()
        else:
            self._skipped = 0
        self.iterations.append(iteration)
        for name, value in (("loss", loss), ("accuracy", accuracy)):
            height = QUANTITIES[name](value)
            self.values[name].append(value)
            self.heights[name].append(height)
            self.marks[name].append(f"{iteration} {-height:.4f}")
        if len(self.iterations) > MOST:
            for points in self._lists():
                points[:] = points[::2]
            self.stride *= 2

    def copy(self) -> Series:
        """Return the same points, to which nothing more will come."""
        other = Series()
        other.iterations = list(self.iterations)
        for name in ("values", "heights", "marks"):
            setattr(other, name, {quantity: list(points) for quantity, points in getattr(self, name).items()})
        return other

    def cut(self, iteration: int) -> None:
        """Forget what came after an iteration."""
        while self.iterations and self.iterations[-1] > iteration:
            for points in self._lists():
                points.pop()

    def last(self, name: Quantity) -> float | None:
        """Return the newest value of a quantity."""
        return self.values[name][-1] if self.iterations else None

    def _lists(self) -> list[list[Any]]:
        return [
            self.iterations,
            *[points for group in (self.values, self.heights, self.marks) for points in group.values()],
        ]


class History:
    """One run: what training saw, and what the test digits said."""

    def __init__(self) -> None:
        self.train = Series()
        self.test = Series()
        self.revision = 0  # changes whenever a point is added

    def add(self, kind: SeriesName, iteration: int, loss: float, accuracy: float) -> None:
        """Add a point to one of the series, train or test."""
        getattr(self, kind).add(iteration, loss, accuracy)
        self.revision += 1

    def copy(self) -> History:
        """Return the run as it is now."""
        other = History()
        other.train, other.test = self.train.copy(), self.test.copy()
        return other

    def cut(self, iteration: int) -> None:
        """Forget what came after an iteration."""
        self.train.cut(iteration)
        self.test.cut(iteration)
        self.revision += 1

    def last_iteration(self) -> int:
        """Return how far the run has come."""
        return max([*self.train.iterations[-1:], *self.test.iterations[-1:], 0])
