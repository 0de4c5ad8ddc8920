"""Teaching the network one drawing: small steps on it alone, until the network agrees; and taking that back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.network import Samples

if TYPE_CHECKING:
    from scrawl.net.calibration import Calibration
    from scrawl.net.interfaces import Bytes, Kernel, Weights
    from scrawl.net.network import Network

MOST_STEPS = 40
SURE = 0.9
MOST_TAKEN_BACK = 8  # lessons of a network
RATE = 0.01  # gentle, so that one drawing does not undo what thousands have taught


class Teacher:
    """Teaches a picture to a network, and takes lessons back as long as nothing else has changed its weights."""

    def __init__(self, kernel: Kernel, network: Network) -> None:
        self.kernel = kernel
        self.network = network
        self._before: list[tuple[Network, Weights, Calibration]] = []  # what was so before each lesson
        self._sample = Samples(kernel, 1)
        self._sample.shuffle([(0, 1)], 1)

    def teach(self, image: int, picture: Bytes, label: Bytes) -> tuple[float, float, int]:
        """Learn that `picture` (784 bytes, the same as at address `image`) is a `label` (one byte).

        Returns (probability of the label before, after, how many steps it took).
        """
        self._remember()
        digit = label[0]
        self._sample.store(0, label, picture)
        before = after = self.network.predict(image)[digit]
        steps = 0
        while steps < MOST_STEPS and (after < SURE or steps == 0):
            self.network.train_step(self._sample, 0, 1, RATE)
            after = self.network.predict(image)[digit]
            steps += 1
        return before, after, steps

    def count_lessons(self) -> int:
        """Return how many lessons of the network can be taken back."""
        return len([network for network, _weights, _calibration in self._before if network is self.network])

    def take_back(self) -> bool:
        """Give the network the weights from before its last lesson. Return whether there was one."""
        for place in range(len(self._before) - 1, -1, -1):
            network, weights, calibration = self._before[place]
            if network is self.network:
                network.load(weights)
                network.calibration = calibration
                self._before.pop(place)
                return True
        return False

    def forget(self, changed: Network) -> None:
        """Forget a network's lessons: something else has changed its weights, or will."""
        self._before = [entry for entry in self._before if entry[0] is not changed]

    def _remember(self) -> None:
        if self.count_lessons() == MOST_TAKEN_BACK:
            oldest = [network is self.network for network, _weights, _calibration in self._before].index(True)
            self._before.pop(oldest)
        self._before.append((self.network, self.network.export(), self.network.calibration))
