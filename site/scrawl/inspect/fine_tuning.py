"""Fine-tunes a network on a few chosen digits, mixed with others so that it does not forget those. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.network import PIXELS, Samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrawl.net.interfaces import Kernel, Rows
    from scrawl.net.network import Network

MOST_STEPS = 20
MOST_DIGITS = 50  # that are learned together
REPLAY = 4  # times as many other digits in each step
STRIDE = 7919  # a prime: jumps about among the other digits


class FineTuner:
    """Trains a network on chosen digits of the kernel's memory, mixed with others."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._batch = Samples(kernel, MOST_DIGITS * (1 + REPLAY))

    def train(
        self, network: Network, samples: Samples, rows: Sequence[int], others: Sequence[Rows], rate: float
    ) -> tuple[int, int]:
        """Train on the digits of the rows until all are predicted right. Return (how many are, after how many steps).

        Each step mixes them with REPLAY times as many of the rows `others`. If training
        diverges, the weights are restored and no step is counted.
        """
        count = min(len(rows), MOST_DIGITS)
        for place in range(count):
            self._copy(samples, rows[place], place)
        before, steps = network.export(), 0
        loss, right = network.evaluate(self._batch, 0, count)
        while steps < MOST_STEPS and right < count:
            total = count + self._add_others(samples, others, count, steps)
            self._batch.shuffle([(0, total)], steps + 1)
            network.train_step(self._batch, 0, min(total, network.max_batch), rate)
            steps += 1
            loss, right = network.evaluate(self._batch, 0, count)
        if loss - loss != 0:
            network.load(before)
            return network.evaluate(self._batch, 0, count)[1], 0
        return right, steps

    def _add_others(self, samples: Samples, others: Sequence[Rows], count: int, step: int) -> int:
        """Put other digits after the first `count`, different ones at each step. Return how many."""
        total = sum([size for _, size in others])
        if not total:
            return 0
        for place in range(count * REPLAY):
            number = (step * count * REPLAY + place) * STRIDE % total
            for first, size in others:
                if number < size:
                    self._copy(samples, first + number, count + place)
                    break
                number -= size
        return count * REPLAY

    def _copy(self, samples: Samples, row: int, place: int) -> None:
        pixels = self.kernel.read_bytes(samples.images + PIXELS * row, PIXELS)
        self._batch.store(place, self.kernel.read_bytes(samples.labels + row, 1), pixels)
