"""Counts the confusion matrix of the test digits in short slices, with a copy of the weights. Pure.

So training can go on meanwhile. The digits stay where `scrawl.training.trainer` stores them; a row is the number of a
digit there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.network import CLASSES, Network
from scrawl.net.program import Program
from scrawl.state.settings import CONVOLUTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from scrawl.net.interfaces import Floats, Kernel, NetworkDescription, Rows
    from scrawl.net.network import Samples

BATCH, CONVOLUTION_BATCH = 500, 50  # digits predicted in one call: about a millisecond's work


class ConfusionCounter:
    """Predicts labelled digits with a network of its own. `clock` returns seconds."""

    def __init__(self, kernel: Kernel, model: NetworkDescription, clock: Callable[[], float]) -> None:
        self.kernel = kernel
        self.clock = clock
        has_convolutions = any(layer["kind"] == CONVOLUTION for layer in model["layers"])
        self._batch = CONVOLUTION_BATCH if has_convolutions else BATCH
        self.network = Network(kernel, model["layers"], model["parameters"], self._batch)
        self.counts: list[int] = []  # of the last complete count, (CLASSES × CLASSES), by label and prediction
        self._program = Program(kernel, kernel.alloc(16))
        for layer in self.network.layers:
            layer.forward(self._program)
        self._program.finish()
        self._table = kernel.alloc(4 * CLASSES * CLASSES)
        self._capacity = 0
        self._remaining: list[Rows] = []  # still to be counted
        self._ranges: list[Rows] = []
        self._predictions = self._shares = 0  # addresses of a byte for each digit

    def start(self, weights: Mapping[str, Floats], samples: Samples, ranges: Iterable[Rows]) -> None:
        """Start counting the digits of these rows with these weights."""
        self.network.load(weights)
        self.samples = samples
        self._ranges, self._remaining = list(ranges), list(ranges)
        total = sum([count for _, count in self._ranges])
        if total > self._capacity:
            self._capacity = total
            self._predictions, self._shares = self.kernel.alloc(total), self.kernel.alloc(total)
        self.kernel.function("clear")(self._table, CLASSES * CLASSES)
        self._done = 0

    def run(self, deadline: float) -> bool:
        """Count until the deadline. Return whether all digits are counted."""
        while self._remaining:
            first, count = self._remaining.pop(0)
            size = min(count, self._batch)
            if count > size:
                self._remaining.insert(0, (first + size, count - size))
            self._count(first, size)
            if self.clock() >= deadline:
                break
        if self._remaining:
            return False
        self.counts = self.kernel.read_words(self._table, CLASSES * CLASSES)
        return True

    def _count(self, first: int, count: int) -> None:
        top, done = self.network.top, self._done
        self._program.run(self.samples.images, 0, 0, first, count, 1, 0.0)
        labels = self.samples.labels + first
        predictions, shares = self._predictions + done, self._shares + done
        self.kernel.function("tally")(
            top.output, count, CLASSES, top.stride, labels, predictions, shares, self._table
        )
        self._done += count

    def digits(self, label: int, prediction: int) -> list[tuple[int, float]]:
        """Return (row, probability) of the counted digits with that label and that prediction, the surest first."""
        found: list[tuple[int, float]] = []
        start = 0
        for first, count in self._ranges:
            labels = self.kernel.read_bytes(self.samples.labels + first, count)
            predictions = self.kernel.read_bytes(self._predictions + start, count)
            shares = self.kernel.read_bytes(self._shares + start, count)
            for offset in range(count):
                if predictions[offset] == prediction and labels[offset] == label:
                    found.append((first + offset, shares[offset] / 255))
            start += count
        return sorted(found, key=lambda one: -one[1])
