"""Answers requests to learn together: a round from the shared weights, in slices, with a network of its own.

So training in this tab goes on undisturbed. `together.local_round` says what is learned and what may be sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

from scrawl.net import safetensors
from scrawl.net.network import PIXELS
from scrawl.net.region import Region
from scrawl.worker import safetensors_codec
from scrawl.worker.training_handlers import now

if TYPE_CHECKING:
    from browser.arrays import ArrayBuffer, Uint8Array

    from scrawl.together.local_round import LocalRound
    from scrawl.worker.main import Worker
    from scrawl.worker.training_handlers import TrainingHandlers


class TogetherHandlers:
    """Learns rounds, one at a time."""

    def __init__(self, worker: Worker, training: TrainingHandlers) -> None:
        self.worker, self.training = worker, training
        self._rounds: dict[str, LocalRound] = {}  # by model; only of the last one
        self._memory = Region(worker.pool)  # of its network
        self._learning, self._number = "", 0  # the model and the number of the round under way
        self._timer = 0  # until its next slice

    def learn_together(
        self,
        number: int,
        model: str,
        buffer: ArrayBuffer,
        labels: Uint8Array,
        pictures: Uint8Array,
        with_blocks: bool,
    ) -> None:
        """Learn from the shared weights in the buffer and the person's digits, and with MNIST's if that is wished."""
        from scrawl.together.local_round import MOST_OWN, LocalRound  # most visits never learn together

        window.clearTimeout(self._timer)  # the round before, if it is still under way
        opened, kernel = self.worker.opened[model], self.worker.kernel
        shared, _metadata = safetensors_codec.decode(kernel, opened.shapes, buffer)
        if model not in self._rounds:
            self._rounds.clear()
            self._memory.release_all()
            self._rounds[model] = LocalRound(self._memory, opened.layers, opened.parameters)
        first = max(0, labels.length - MOST_OWN)
        seed = _secrets(1)[0] >> 8
        self._rounds[model].start(shared, labels.subarray(first), pictures.subarray(PIXELS * first), seed)
        if with_blocks:
            self._add_blocks(self._rounds[model])
        self._learning, self._number = model, number
        self._continue()

    def _add_blocks(self, learning: LocalRound) -> None:
        trainer = self.training.trainer
        if self.training.source is not None:
            self.training.source.start()  # the first round may come before the digits do
        if trainer.cache is not None:
            learning.add_others(trainer.samples, trainer.cache.ranges())

    def _continue(self) -> None:
        """Learn for a slice, then let other requests in."""
        model = self._learning
        learning, end = self._rounds[model], self.training.deadline()
        more = learning.count > 0
        while more and now() < end:
            more = learning.step()
        if more:
            self._timer = window.setTimeout(self._continue, 0)
            return
        learned = {"number": self._number, "samples": learning.count}
        update = learning.update(_secrets)
        if update is None:
            self.worker.report("learned_together", buffer=None, **learned)
            return
        shapes = safetensors.int8_shapes(self.worker.opened[model].shapes)
        buffer = safetensors_codec.encode(shapes, update, {})
        self.worker.hand_over("learned_together", buffer, **learned)


def _secrets(count: int) -> list[int]:
    return [int(number) for number in window.crypto.getRandomValues(window.Uint32Array.new(count))]
