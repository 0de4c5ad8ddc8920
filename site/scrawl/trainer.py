"""Training and measuring in slices, so that the worker can answer in between.

Pure: the networks, the clock and the blocks' bytes come from outside. The digits in memory are the same for all
networks; one network at a time, the `learner`, is trained on them. While a measurement on the test digits is under
way, training waits for it: all ten thousand are judged by the same weights.
"""

from scrawl.cache import BlockCache
from scrawl.learner import is_finite
from scrawl.network import Samples


class Trainer:
    """The digits in memory, and the network that learns from them. `clock` returns seconds."""

    def __init__(self, kernel: object, learner: object, settings: dict, clock: object) -> None:
        self.kernel = kernel
        self.settings = settings
        self.clock = clock
        self.cache: BlockCache | None = None
        self.samples: Samples | None = None
        self.seed = 1
        self.select(learner)

    def select(self, learner: object) -> None:
        """Let another network learn; it begins paused, and with a new order of the digits."""
        self.learner = learner
        self.training = False
        self.steps_wanted = 0
        self.divergence: dict | None = None  # what the last slice's was, for whoever asked for the slice
        self._stale_order()

    def restart(self) -> None:
        """Begin counting anew, because the weights are others."""
        self.learner.restart()
        self._stale_order()

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
        elif self.learner.iteration == 0:
            self.learner.ask_evaluation()

    def start(self) -> None:
        """Train until told to pause. A measurement that would take long does not keep it waiting."""
        self.training = True
        if self.cache is not None and self.learner.is_slow(sum(self.cache.test.values())):
            self.learner.forget_evaluation()

    def pause(self) -> None:
        """Stop training, and measure what has been reached."""
        self.training, self.steps_wanted = False, 0
        self.learner.ask_evaluation()

    def is_busy(self) -> bool:
        """Whether `run` would do something."""
        return self._can_train() or self._can_evaluate()

    def run(self, deadline: float) -> dict | None:
        """Work until the deadline, a slice's end. Return the result of a measurement that has been completed.

        If the run has diverged, it is paused, has its last good weights again, and `divergence` says so.
        """
        self.divergence = None
        if self._can_evaluate() and not (self.steps_wanted and self._can_train()):
            result = self.learner.evaluate(self.samples, self.cache.test_ranges(), deadline)
            if result is None or is_finite(result["loss"]):
                return result
            self._diverged()
            return None
        started = self.clock()
        while self._can_train():
            self._train()
            if self.clock() >= deadline:
                break
        self.learner.trained_for(self.clock() - started)
        return None

    def _can_train(self) -> bool:
        return bool((self.training or self.steps_wanted) and self.cache and self.cache.train)

    def _can_evaluate(self) -> bool:
        return self.learner.evaluation_asked and self.cache is not None and self.cache.test_ranges() is not None

    def _train(self) -> None:
        if self._place >= self._order:
            self._new_epoch()
        count = min(self.settings["batch_size"], self._order - self._place)
        steps = self._steps_at_once(count)
        well = self.learner.train(self.samples, self._place, count, steps, self.settings["learning_rate"])
        self._place += count * steps
        if not well:
            self._diverged()
        elif self.steps_wanted:
            self.steps_wanted -= 1
            self.learner.ask_evaluation()

    def _steps_at_once(self, count: int) -> int:
        return (
            1 if self.steps_wanted else min((self._order - self._place) // count, self.learner.steps_at_once(count))
        )

    def _diverged(self) -> None:
        self.training, self.steps_wanted = False, 0
        self.divergence = self.learner.go_back()

    def _new_epoch(self) -> None:
        self.seed += 1
        self._order = self.samples.shuffle(self.cache.ranges(), self.seed)
        self._place = 0
        self.cache.turnover = self.cache.limit < self.cache.shards["train"]

    def _stale_order(self) -> None:
        self._order = self._place = 0
