"""One round of learning from the tab's own digits, and the difference that it makes, fit to be sent. Pure.

What is sent is the sum of what many digits have taught, cut to a length and blurred by a little noise: few digits, or
one that stands out, would show in it otherwise. The noise makes that harder; it is no proof of anything, and many
updates of one tab average it out (docs/privacy.md). Nobody can compute it and take it off again: each tensor's is the
sum of LAYERS draws, each from a seed of the browser's own secret ones. Last, matrices become int8, a quarter of the
bytes: rounded by chance, so that the average of many updates has no error of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.network import PIXELS, Network, Samples
from scrawl.net.safetensors import SCALE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from scrawl.net.interfaces import (
        Bytes,
        Floats,
        Kernel,
        LayerDescription,
        ParameterDescription,
        Rows,
        Weights,
    )

FEWEST_DIGITS = 32  # that a difference is sent from
MOST_OWN = 256  # digits of the person's that a round learns from, the newest
MOST_OTHERS = 512  # digits of MNIST in a round
STRIDE = 7919  # a prime: jumps about among MNIST's digits
BATCH, EPOCHS, RATE = 32, 3, 0.02
LONGEST = 1.0  # the difference that is sent, as its norm
NOISE = 0.1  # the noise's norm, as a part of LONGEST
LAYERS = 12  # of noise, each spread evenly: their sum is nearly normal
_FLOAT = 4


class LocalRound:
    """Trains a copy of a network in slices, so that the worker can answer in between."""

    def __init__(
        self, kernel: Kernel, layers: Iterable[LayerDescription], parameters: Iterable[ParameterDescription]
    ) -> None:
        self.kernel = kernel
        self.network = Network(kernel, layers, parameters, BATCH)
        self._samples = Samples(kernel, MOST_OWN + MOST_OTHERS)
        largest = max(parameter.count for parameter in self.network.parameters.values()) + 4
        self._room = [kernel.alloc(largest * _FLOAT) for _ in range(3)]
        self._steps: list[tuple[int, int]] = []  # (first place of the order, how many), those still to do
        self.count = 0  # digits that this round learns from

    def start(self, shared: Mapping[str, Floats], labels: Bytes, pictures: Bytes, seed: int) -> None:
        """Take the shared weights and the person's digits, at most MOST_OWN of them."""
        self.network.load(shared)
        self._shared = shared
        self._samples.store(0, labels, pictures)
        self.count = self.kernel.size(labels)
        self.seed = seed
        self._epochs, self._steps = 0, []

    def add_others(self, source: Samples, ranges: Sequence[Rows]) -> None:
        """Let the round learn from digits of MNIST, too: other ones in each round."""
        total = sum([size for _, size in ranges])
        for number in range(min(MOST_OTHERS, total)):
            place = (self.seed + number) * STRIDE % total
            for first, size in ranges:
                if place < size:
                    pixels = self.kernel.read_bytes(source.images + PIXELS * (first + place), PIXELS)
                    self._samples.store(self.count, self.kernel.read_bytes(source.labels + first + place, 1), pixels)
                    self.count += 1
                    break
                place -= size

    def step(self) -> bool:
        """Do one training step. Return whether there are more to do."""
        if not self._steps and self._epochs < EPOCHS:
            self._epochs += 1
            self._samples.shuffle([(0, self.count)], self.seed + self._epochs)
            self._steps = [(first, min(BATCH, self.count - first)) for first in range(0, self.count, BATCH)]
        if self._steps:
            first, count = self._steps.pop(0)
            self.network.train_step(self._samples, first, count, RATE, seed=self.seed + self._epochs)
        return bool(self._steps) or self._epochs < EPOCHS

    def update(self, secrets: Callable[[int], Sequence[int]]) -> dict[str, Floats | Bytes] | None:
        """Return the difference as it is sent, matrices as int8 with their scales; None where it must not be sent.

        That is where too few digits were learned from, or where the weights are no numbers any more. `secrets`
        returns so many numbers of 32 bits that nobody can guess.
        """
        difference = self.difference(secrets)
        if difference is None:
            return None
        rounded: dict[str, Floats | Bytes] = {}
        for name, floats in difference.items():
            shape = self.network.parameters[name].shape
            if len(shape) > 1:
                rounded[name], rounded[name + SCALE] = self._rounded(floats, shape[0], secrets(1)[0])
            else:
                rounded[name] = floats
        return rounded

    def difference(self, secrets: Callable[[int], Sequence[int]]) -> Weights | None:
        """Return what the weights have changed by, cut and blurred, or None: see `update`."""
        if self.count < FEWEST_DIGITS:
            return None
        trained, total = self.network.export(), 0.0
        for name, floats in trained.items():
            self._subtract(floats, self._shared[name])
            total += self.kernel.function("squares")(self._room[0], self.kernel.size(floats))
        norm = total**0.5
        if not norm < 1e6:  # nor NaN
            return None
        scale = min(1.0, LONGEST / norm) if norm else 0.0
        count = sum([parameter.count for parameter in self.network.parameters.values()])
        limit = NOISE * LONGEST * (3 / LAYERS / count) ** 0.5  # each layer is evenly spread over -limit..limit
        return {
            name: self._blurred(floats, self._shared[name], scale, limit, secrets(LAYERS))
            for name, floats in trained.items()
        }

    def _subtract(self, floats: Floats, shared: Floats) -> None:
        """Leave the difference in the first room."""
        difference, other, _ = self._room
        self.kernel.write_floats(difference, floats)
        self.kernel.write_floats(other, shared)
        self._add(difference, other, self.kernel.size(floats), -1.0)

    def _blurred(self, floats: Floats, shared: Floats, scale: float, limit: float, seeds: Sequence[int]) -> Floats:
        count = self.kernel.size(floats)
        difference, layer, blurred = self._room
        self._subtract(floats, shared)
        self.kernel.function("fill_uniform")(blurred, count, 0.0, 0)
        self._add(blurred, difference, count, scale)
        for seed in seeds:
            self.kernel.function("fill_uniform")(layer, count, limit, seed)
            self._add(blurred, layer, count, 1.0)
        return self.kernel.read_floats(blurred, count)

    def _rounded(self, floats: Floats, rows: int, seed: int) -> tuple[Bytes, Floats]:
        """Return a matrix as int8, and what one step of each row is worth."""
        count = self.kernel.size(floats)
        source, target, scales = self._room
        self.kernel.write_floats(source, floats)
        self.kernel.function("round_rows")(target, scales, source, rows, count // rows, seed)
        return self.kernel.read_bytes(target, count), self.kernel.read_floats(scales, rows)

    def _add(self, target: int, source: int, count: int, scale: float) -> None:
        self.kernel.function("add_scaled")(target, source, -(-count // 4) * 4, scale)
