"""Measures on test digits how sure a network's answers may be and what is unlike any digit, in short slices.

The method is that of `calibrate` in `functions/models/calibration.py`, by the kernel's primitives. When there is
time for it, and for which network, `worker.training_handlers` decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.calibration import Calibration, contrast, measure_ink
from scrawl.net.network import CLASSES, PIXELS
from scrawl.net.parameters import FLOAT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scrawl.net.interfaces import Kernel, Rows
    from scrawl.net.network import Network, Samples

DIGITS = 1000  # measured on at most
ENOUGH = 200  # from which on these measurements say something
FALSE_ALARMS = 0.01  # the part of the digits that counts as unlike
COLDEST, HOTTEST, HALVINGS = 0.25, 4.0, 12
AT_ONCE = 16  # digits between two looks at the clock: a few milliseconds, in Brython and for a convolution


class Calibrator:
    """Measures one network after the other. `clock` returns seconds."""

    def __init__(self, kernel: Kernel, clock: Callable[[], float]) -> None:
        self.kernel = kernel
        self.clock = clock
        self._stride = 0  # of rows that there is room for
        self._labels = kernel.alloc(DIGITS)
        self._loss = kernel.alloc(16)  # which nobody reads
        self._left: list[Rows] = []
        self._contrasts: list[float] = []  # of the digits so far
        self._replaced: Calibration | None = None  # what the one that is being measured takes the place of

    def run(self, network: Network, samples: Samples, ranges: Iterable[Rows], deadline: float) -> bool:
        """Measure on the digits of these rows until the deadline. Return whether the network is calibrated now.

        It starts again if the weights have changed meanwhile, or the network is another one.
        """
        if self._replaced is not network.calibration:
            self._start(network, ranges)
        while self._left:
            first, count = self._left.pop(0)
            size = min(count, AT_ONCE, network.max_batch)
            if count > size:
                self._left.insert(0, (first + size, count - size))
            self._score(network, samples, first, size)
            if self.clock() >= deadline:
                return False
        network.calibration = self._measured(network.top.stride)
        self._replaced = None
        return True

    def _start(self, network: Network, ranges: Iterable[Rows]) -> None:
        self._replaced = network.calibration
        self._left, self._contrasts = [*ranges], []
        stride = network.top.stride
        if stride > self._stride:
            self._stride = stride
            self._scores, self._gradient, self._sums = (
                self.kernel.alloc(rows * stride * FLOAT) for rows in (DIGITS, DIGITS, 1)
            )

    def _score(self, network: Network, samples: Samples, first: int, count: int) -> None:
        """Keep some digits' scores and labels, and note their contrasts."""
        kernel, done, stride = self.kernel, len(self._contrasts), network.top.stride
        network.score(samples.images, first, count)
        scores = kernel.read_floats(network.top.output, count * stride)
        kernel.write_floats(self._scores + done * stride * FLOAT, scores)
        kernel.write(self._labels + done, kernel.read_bytes(samples.labels + first, count))
        numbers = [float(score) for score in scores]
        for place in range(count):
            row = numbers[place * stride : place * stride + CLASSES]
            self._contrasts.append(contrast(row, self._length(samples.images + (first + place) * PIXELS)))

    def _length(self, image: int) -> float:
        """Return the length of a picture as a vector of 784 pixels."""
        return measure_ink(self.kernel, image, self._sums)[0]

    def _measured(self, stride: int) -> Calibration:
        count = len(self._contrasts)
        if count < ENOUGH:
            return Calibration()
        return Calibration(self._best_temperature(count, stride), quantile(self._contrasts, FALSE_ALARMS))

    def _best_temperature(self, count: int, stride: int) -> float:
        """Return the temperature with the least mean loss, which is convex in the temperature's inverse."""
        low, high = 1 / HOTTEST, 1 / COLDEST
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self._slope(count, stride, middle) < 0 else (low, middle)
        return 2 / (low + high)

    def _slope(self, count: int, stride: int, inverse: float) -> float:
        """Return how the loss rises with the inverse of the temperature: gradient times scores, summed up."""
        kernel, size = self.kernel, count * stride
        kernel.function("clear")(self._gradient, size)
        kernel.function("add_scaled")(self._gradient, self._scores, size, inverse)
        kernel.function("nll")(self._gradient, count, CLASSES, stride, self._labels, 0, 0, self._loss)
        kernel.function("channel_products")(self._sums, self._gradient, self._scores, count, stride)
        return sum([float(part) for part in kernel.read_floats(self._sums, CLASSES)])


def quantile(numbers: Iterable[float], part: float) -> float:
    """Return the number that this part of them falls below, between two of them as NumPy does."""
    ordered = sorted(numbers)
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
