"""Counts what each test digit is read as, in slices, by a copy of the weights: training may go on meanwhile. Pure.

Also learns some of those digits, as training would. The digits stay where `scrawl.training.trainer` keeps them; a row
is one's number there.
"""

from scrawl.net.network import CLASSES, PIXELS, Network, Samples
from scrawl.net.program import Program
from scrawl.state.settings import CONVOLUTION

AT_ONCE, CONVOLVED_AT_ONCE = 500, 50  # digits that are read in one call: about a millisecond's work
MOST_STEPS = 20
MOST_LEARNED = 50  # digits that are learned together
COMPANY = 4  # times as many others
STRIDE = 7919  # a prime: which others it are, jumps about


class Counter:
    """Reads labelled digits with a network of its own. `clock` returns seconds."""

    def __init__(self, kernel: object, model: dict, clock: object) -> None:
        self.kernel = kernel
        self.clock = clock
        convolves = any(layer["kind"] == CONVOLUTION for layer in model["layers"])
        self._at_once = CONVOLVED_AT_ONCE if convolves else AT_ONCE
        self.network = Network(kernel, model["layers"], model["parameters"], self._at_once)
        self.counts: list = []  # of the last complete count, (CLASSES × CLASSES), by label and reading
        self._program = Program(kernel, kernel.alloc(16))
        for layer in self.network.layers:
            layer.forward(self._program)
        self._program.finish()
        self._table = kernel.alloc(4 * CLASSES * CLASSES)
        self._room = 0
        self._left: list = []  # (first row, count) still to be read
        self._ranges: list = []

    def begin(self, weights: dict, samples: object, ranges: list) -> None:
        """Begin to count the digits of some ranges, (first row, count), as read by the weights."""
        self.network.load(weights)
        self.samples = samples
        self._ranges, self._left = list(ranges), list(ranges)
        total = sum(count for _, count in ranges)
        if total > self._room:
            self._room = total
            self._read, self._share = self.kernel.alloc(total), self.kernel.alloc(total)
        self.kernel.function("clear")(self._table, CLASSES * CLASSES)
        self._done = 0

    def run(self, deadline: float) -> bool:
        """Count until the deadline. Return whether all are counted."""
        while self._left:
            first, count = self._left.pop(0)
            size = min(count, self._at_once)
            if count > size:
                self._left.insert(0, (first + size, count - size))
            self._count(first, size)
            if self.clock() >= deadline:
                break
        if self._left:
            return False
        self.counts = self.kernel.read_words(self._table, CLASSES * CLASSES)
        return True

    def _count(self, first: int, count: int) -> None:
        top, done = self.network.layers[-1], self._done
        self._program.run(self.samples.images, 0, 0, first, count, 1, 0.0)
        labels = self.samples.labels + first
        read, share = self._read + done, self._share + done
        self.kernel.function("tally")(top.output, count, CLASSES, top.stride, labels, read, share, self._table)
        self._done += count

    def misread(self, label: int, reading: int) -> list:
        """Return (row, share of the ten) of the counted digits with that label read so, the surest first."""
        found, place = [], 0
        for first, count in self._ranges:
            labels = self.kernel.read_bytes(self.samples.labels + first, count)
            readings = self.kernel.read_bytes(self._read + place, count)
            shares = self.kernel.read_bytes(self._share + place, count)
            for offset in range(count):
                if readings[offset] == reading and labels[offset] == label:
                    found.append((first + offset, shares[offset] / 255))
            place += count
        return sorted(found, key=lambda one: -one[1])


class Learning:
    """Teaches some digits of the memory to a network, amid others, so that it does not forget those for these."""

    def __init__(self, kernel: object) -> None:
        self.kernel = kernel
        self._own = Samples(kernel, MOST_LEARNED * (1 + COMPANY))

    def learn(self, network: object, samples: object, rows: list, others: list, rate: float) -> tuple:
        """Do steps on the digits of the rows until all are read right. Return (how many are, how many steps).

        Each step mixes them with COMPANY times as many of the ranges `others`, (first row, count). If the loss is no
        number any more, the weights are as before and no step is counted.
        """
        count = min(len(rows), MOST_LEARNED)
        for place in range(count):
            self._copy(samples, rows[place], place)
        before, steps = network.export(), 0
        loss, right = network.evaluate(self._own, 0, count)
        while steps < MOST_STEPS and right < count:
            total = count + self._add_company(samples, others, count, steps)
            self._own.shuffle([(0, total)], steps + 1)
            network.train_step(self._own, 0, min(total, network.max_batch), rate)
            steps += 1
            loss, right = network.evaluate(self._own, 0, count)
        if loss - loss != 0:
            network.load(before)
            return network.evaluate(self._own, 0, count)[1], 0
        return right, steps

    def _add_company(self, samples: object, others: list, count: int, step: int) -> int:
        """Put other digits after the first `count`, others at each step. Return how many."""
        total = sum(size for _, size in others)
        if not total:
            return 0
        for place in range(count * COMPANY):
            number = (step * count * COMPANY + place) * STRIDE % total
            for first, size in others:
                if number < size:
                    self._copy(samples, first + number, count + place)
                    break
                number -= size
        return count * COMPANY

    def _copy(self, samples: object, row: int, place: int) -> None:
        pixels = self.kernel.read_bytes(samples.images + PIXELS * row, PIXELS)
        self._own.store(place, self.kernel.read_bytes(samples.labels + row, 1), pixels)
