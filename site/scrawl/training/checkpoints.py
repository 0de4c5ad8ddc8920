"""Checkpoints of a run: a few dozen at most, evenly over its iterations, the first and the newest among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrawl.net.interfaces import Weights
    from scrawl.training.training_run import Figures

MOST = 40
MOST_BYTES = 32 << 20  # of one network's checkpoints; a ConvNet's take 1.7 MB each, so it has 19


class Checkpoint:
    """What is needed to go on from there: the weights, and the figures of the run."""

    def __init__(self, number: int, iteration: int, test_accuracy: float, weights: Weights, figures: Figures) -> None:
        self.number = number
        self.iteration = iteration
        self.test_accuracy = test_accuracy
        self.weights = weights
        self.figures = figures


class Checkpoints:
    """The checkpoints of a run. `size` is how many numbers its network has."""

    def __init__(self, size: int) -> None:
        self.most = max(2, min(MOST, MOST_BYTES // (4 * size)))
        self.stored: list[Checkpoint] = []
        self._next = 0

    def clear(self) -> None:
        """Forget all: another run starts. Numbers are not used again."""
        self.stored = []

    def add(
        self, iteration: int, test_accuracy: float, weights: Weights, figures: Figures
    ) -> tuple[Checkpoint, Checkpoint | None]:
        """Store another. Return the new one, and the one that had to go or None."""
        self.stored = [one for one in self.stored if one.iteration < iteration]
        self.stored.append(Checkpoint(self._next, iteration, test_accuracy, weights, figures))
        self._next += 1
        return self.stored[-1], self._thin_out() if len(self.stored) > self.most else None

    def get(self, number: int) -> Checkpoint | None:
        """Return the one with that number; if it had to go, the last one before it."""
        before = [one for one in self.stored if one.number <= number]
        return before[-1] if before else None

    def cut(self, iteration: int) -> list[Checkpoint]:
        """Forget those after an iteration: the run has gone back. Return them."""
        gone = [one for one in self.stored if one.iteration > iteration]
        self.stored = [one for one in self.stored if one.iteration <= iteration]
        return gone

    def _thin_out(self) -> Checkpoint:
        """Remove the one whose neighbours are nearest to each other."""
        gaps = [self.stored[i + 1].iteration - self.stored[i - 1].iteration for i in range(1, len(self.stored) - 1)]
        return self.stored.pop(1 + gaps.index(min(gaps)))
