"""Training and measuring in slices, so that the worker can answer in between.

Pure: the network, the clock and the blocks' bytes come from outside. While a measurement on the test digits is under
way, training waits for it: all ten thousand are judged by the same weights.
"""

from scrawl.cache import BlockCache
from scrawl.network import Samples

EVALUATE_EVERY = 0.35  # seconds of training between two measurements
EVALUATION_SLICE = 250  # digits, about half a millisecond
AT_ONCE = 0.004  # seconds of steps that the network is asked for in one call
WINDOW = 4000  # samples that the running loss and accuracy look back on


class Trainer:
    """One network being trained. `clock` returns seconds."""

    def __init__(self, kernel: object, network: object, settings: dict, clock: object) -> None:
        self.kernel = kernel
        self.network = network
        self.settings = settings
        self.clock = clock
        self.cache: BlockCache | None = None
        self.samples: Samples | None = None
        self.training = False
        self.steps_wanted = 0
        self.seed = 1
        self.restart()

    def restart(self) -> None:
        """Begin counting anew, because the weights are others."""
        self.iteration = 0
        self.loss_sum = self.correct = self.weight = 0.0  # running sums over about WINDOW samples
        self.rate = 0.0  # samples per second
        self._sum_since = 0.0
        self._seconds_since = 0.0
        self._stale_order()
        self.ask_evaluation()

    def use(self, splits: dict) -> None:
        """Take the dataset's layout and make room for it."""
        if self.cache is None:
            self.cache = BlockCache(splits, self.settings["cache_size"])
            self.samples = Samples(self.kernel, self.cache.rows())

    def set(self, settings: dict) -> None:
        """Take other settings; they hold from the next step on."""
        self.settings = settings
        if self.cache is not None and self.cache.limit != settings["cache_size"]:
            self.cache.resize(settings["cache_size"])
            self._stale_order()

    def add(self, split: str, index: int, labels: object, pixels: object) -> None:
        """Store a block that has come."""
        first = self.cache.place(split, index, len(labels))
        self.samples.store(first, labels, pixels)
        if split == "train":
            # Slots may have been reused: an order made before could now mix old and new.
            if self.cache.limit < self.cache.shards["train"] or not self._order:
                self._stale_order()
        elif self.iteration == 0:
            self.ask_evaluation()

    def ask_evaluation(self) -> None:
        """Measure on the test digits as soon as they are there."""
        self._evaluation_asked = True
        self._left: list = []  # ranges still to be judged
        self._seen = self._test_loss = self._test_correct = 0.0
        self._train_seconds = 0.0

    def is_busy(self) -> bool:
        """Whether `run` would do something."""
        return self._can_train() or self._can_evaluate()

    def run(self, deadline: float) -> dict | None:
        """Work until the deadline, a slice's end. Return the result of a measurement that has been completed."""
        if self._can_evaluate():
            return self._evaluate(deadline)
        started = self.clock()
        while self._can_train():
            self._train()
            if self.clock() >= deadline:
                break
        self._train_seconds += self.clock() - started
        self._seconds_since += self.clock() - started
        if self._train_seconds >= EVALUATE_EVERY:
            self.ask_evaluation()
        return None

    def progress(self) -> dict:
        """Return what there is to say about the training so far."""
        if self._seconds_since > 0.05:
            rate = self._sum_since / self._seconds_since
            self.rate = rate if not self.rate else 0.7 * self.rate + 0.3 * rate
            self._sum_since = self._seconds_since = 0.0
        weight = max(self.weight, 1.0)
        return {
            "iteration": self.iteration,
            "loss": self.loss_sum / weight,
            "accuracy": self.correct / weight,
            "samples_per_second": self.rate,
            "training": self.training,
        }

    def _can_train(self) -> bool:
        return bool((self.training or self.steps_wanted) and self.cache and self.cache.train)

    def _can_evaluate(self) -> bool:
        return self._evaluation_asked and self.cache is not None and self.cache.test_ranges() is not None

    def _train(self) -> None:
        if self._place >= self._order:
            self._new_epoch()
        count = min(self.settings["batch_size"], self._order - self._place)
        steps = self._steps_at_once(count)
        rate = self.settings["learning_rate"]
        loss, correct = self.network.train_steps(self.samples, self._place, count, steps, rate)
        seen = count * steps
        self._place += seen
        self.iteration += steps
        keep = max(0.0, 1 - seen / WINDOW)
        self.loss_sum = keep * self.loss_sum + loss
        self.correct = keep * self.correct + correct
        self.weight = keep * self.weight + seen
        self._sum_since += seen
        if self.steps_wanted:
            self.steps_wanted -= 1
            self.ask_evaluation()

    def _steps_at_once(self, count: int) -> int:
        """Return how many steps of `count` samples to do in one call, which costs less than many calls."""
        if self.steps_wanted:
            return 1
        return max(1, min((self._order - self._place) // count, int(AT_ONCE * self.rate / count)))

    def _new_epoch(self) -> None:
        self.seed += 1
        self._order = self.samples.shuffle(self.cache.ranges(), self.seed)
        self._place = 0
        self.cache.turnover = self.cache.limit < self.cache.shards["train"]

    def _stale_order(self) -> None:
        self._order = self._place = 0

    def _evaluate(self, deadline: float) -> dict | None:
        if not self._left:
            self._left = list(self.cache.test_ranges())
        while self._left:
            first, count = self._left.pop()
            size = min(count, EVALUATION_SLICE)
            loss, correct = self.network.evaluate(self.samples, first, size)
            self._test_loss += loss
            self._test_correct += correct
            self._seen += size
            if count > size:
                self._left.append((first + size, count - size))
            if self._left and self.clock() >= deadline:
                return None
        self._evaluation_asked = False
        return {
            "iteration": self.iteration,
            "loss": self._test_loss / self._seen,
            "accuracy": self._test_correct / self._seen,
            "count": int(self._seen),
        }
