"""What a training run has shown so far: two series of points, thinned out so that a long run stays quick to draw.

Pure. Each point's places on the curves are computed once, however often the curves are drawn.
"""

from scrawl.state.curve_scale import accuracy_height, loss_height

MOST = 240  # points of a series; more than the curves can show
QUANTITIES = {"loss": loss_height, "accuracy": accuracy_height}


class Series:
    """Points in the order of their iterations. When there are too many, every second one goes.

    For each quantity there are lists of `values`, `heights` on its scale and `marks`, places in an SVG path, in which
    down is positive; all are as long as `iterations`.
    """

    def __init__(self) -> None:
        self.iterations: list = []
        self.values: dict = {name: [] for name in QUANTITIES}
        self.heights: dict = {name: [] for name in QUANTITIES}
        self.marks: dict = {name: [] for name in QUANTITIES}
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

    def copy(self) -> "Series":
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

    def last(self, name: str) -> float | None:
        """Return the newest value of a quantity."""
        return self.values[name][-1] if self.iterations else None

    def _lists(self) -> list:
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

    def add(self, kind: str, iteration: int, loss: float, accuracy: float) -> None:
        """Add a point to one of the series, train or test."""
        getattr(self, kind).add(iteration, loss, accuracy)
        self.revision += 1

    def copy(self) -> "History":
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
