"""Teaching the network one drawing: small steps on it alone, until the network agrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.network import Samples

if TYPE_CHECKING:
    from scrawl.net.interfaces import Bytes, Kernel
    from scrawl.net.network import Network

MOST_STEPS = 40
SURE = 0.9
RATE = 0.01  # gentle, so that one drawing does not undo what thousands have taught


class Teacher:
    """Teaches a picture to a network."""

    def __init__(self, kernel: Kernel, network: Network) -> None:
        self.kernel = kernel
        self.network = network
        self._sample = Samples(kernel, 1)
        self._sample.shuffle([(0, 1)], 1)

    def teach(self, image: int, picture: Bytes, label: Bytes) -> tuple[float, float, int]:
        """Learn that `picture` (784 bytes, the same as at address `image`) is a `label` (one byte).

        Returns (probability of the label before, after, how many steps it took).
        """
        digit = label[0]
        self._sample.store(0, label, picture)
        before = after = self.network.predict(image)[digit]
        steps = 0
        while steps < MOST_STEPS and (after < SURE or steps == 0):
            self.network.train_step(self._sample, 0, 1, RATE)
            after = self.network.predict(image)[digit]
            steps += 1
        return before, after, steps
