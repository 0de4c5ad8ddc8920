"""What a training run has shown so far: two series of points, thinned out so that a long run stays quick to draw.

Pure. A point is (iteration, loss, accuracy).
"""

MOST = 240  # points of a series; more than the curves can show


class Series:
    """Points in the order of their iterations. When there are too many, every second one goes."""

    def __init__(self) -> None:
        self.points: list = []
        self.stride = 1  # one of so many points that come is kept
        self._skipped = 0

    def add(self, iteration: int, loss: float, accuracy: float) -> None:
        """Add a point. The newest is always there, the ones before are kept at `stride`."""
        point = (iteration, loss, accuracy)
        if self.points and self.points[-1][0] >= iteration:
            self.points[-1] = point
        elif self.points and self._skipped < self.stride - 1:
            self.points[-1] = point
            self._skipped += 1
        else:
            self.points.append(point)
            self._skipped = 0
        if len(self.points) > MOST:
            self.points = self.points[::2]
            self.stride *= 2

    def last(self) -> tuple | None:
        """Return the newest point."""
        return self.points[-1] if self.points else None


class History:
    """One run: what training saw, and what the test digits said."""

    def __init__(self) -> None:
        self.train = Series()
        self.test = Series()

    def last_iteration(self) -> int:
        """Return how far the run has come."""
        return max((series.points[-1][0] for series in (self.train, self.test) if series.points), default=0)
