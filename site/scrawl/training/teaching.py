"""Teaching the network one drawing: small steps on it alone, until the network agrees. Pure."""

from scrawl.net.network import Samples

MOST_STEPS = 40
SURE = 0.9
RATE = 0.01  # gentle, so that one drawing does not undo what thousands have taught


class Teacher:
    """Keeps the picture that was predicted last, and teaches it."""

    def __init__(self, kernel: object, network: object) -> None:
        self.kernel = kernel
        self.network = network
        self.one = Samples(kernel, 1)
        self.one.shuffle([(0, 1)], 1)

    def teach(self, image: int, picture: object, label: object) -> tuple:
        """Learn that `picture` (784 bytes, the same as at address `image`) is a `label` (one byte).

        Returns (probability of the label before, after, how many steps it took).
        """
        digit = label[0]
        self.one.store(0, label, picture)
        before = after = self.network.predict(image)[digit]
        steps = 0
        while steps < MOST_STEPS and (after < SURE or steps == 0):
            self.network.train_step(self.one, 0, 1, RATE)
            after = self.network.predict(image)[digit]
            steps += 1
        return before, after, steps
