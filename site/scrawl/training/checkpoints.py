"""Snapshots of a run: a few dozen at most, evenly over its iterations, the first and the newest among them. Pure."""

MOST = 40
MOST_BYTES = 32 << 20  # of one network's snapshots; a ConvNet's take 1.7 MB each, so it keeps 19


class Checkpoint:
    """What is needed to be there again. `weights` are as `Network.export` gives them."""

    def __init__(self, number: int, iteration: int, test_accuracy: float, weights: dict, figures: tuple) -> None:
        self.number = number
        self.iteration = iteration
        self.test_accuracy = test_accuracy
        self.weights = weights
        self.figures = figures  # whatever else its learner wants back


class Checkpoints:
    """Those that are kept. `size` is how many numbers a network has."""

    def __init__(self, size: int) -> None:
        self.most = max(2, min(MOST, MOST_BYTES // (4 * size)))
        self.kept: list = []
        self._next = 0

    def clear(self) -> None:
        """Forget all: another run begins. Numbers are not used again."""
        self.kept = []

    def add(self, iteration: int, test_accuracy: float, weights: dict, figures: tuple) -> tuple:
        """Keep another. Return (the new one, the one that had to go or None)."""
        self.kept = [one for one in self.kept if one.iteration < iteration]
        self.kept.append(Checkpoint(self._next, iteration, test_accuracy, weights, figures))
        self._next += 1
        return self.kept[-1], self._thin_out() if len(self.kept) > self.most else None

    def get(self, number: int) -> Checkpoint | None:
        """Return the one with that number; if it had to go, the last one before it."""
        before = [one for one in self.kept if one.number <= number]
        return before[-1] if before else None

    def cut(self, iteration: int) -> list:
        """Forget those after an iteration: the run has gone back. Return them."""
        gone = [one for one in self.kept if one.iteration > iteration]
        self.kept = [one for one in self.kept if one.iteration <= iteration]
        return gone

    def _thin_out(self) -> Checkpoint:
        """Let the one go whose neighbours are nearest to each other."""
        gaps = [self.kept[i + 1].iteration - self.kept[i - 1].iteration for i in range(1, len(self.kept) - 1)]
        return self.kept.pop(1 + gaps.index(min(gaps)))
