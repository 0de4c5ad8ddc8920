"""Training and measuring in slices, so that the worker can answer in between.

The networks, the clock and the blocks' bytes come from outside. The digits in memory are the same for all networks;
one network at a time, that of `training_run`, is trained on them. What depends on when something happens (slices,
pauses, the order in which blocks come) changes nothing about a run but its speed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.network import Samples
from scrawl.training.batch_order import BatchOrder, mixed
from scrawl.training.block_cache import BlockCache
from scrawl.training.training_run import is_finite

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrawl.net.interfaces import Bytes, Kernel, Rows
    from scrawl.state.settings import Settings
    from scrawl.training.block_cache import Split, Splits
    from scrawl.training.training_run import Divergence, Measurement, StepRule, TrainingRun

CONFIRM_AFTER = 4  # measurements on some digits, after all digits have said that the target is not reached yet


class Trainer:
    """The digits in memory, and the training run that uses them. `clock` returns seconds."""

    training_run: TrainingRun
    samples: Samples  # as soon as there is a cache

    def __init__(
        self, kernel: Kernel, training_run: TrainingRun, settings: Settings, clock: Callable[[], float]
    ) -> None:
        self.kernel = kernel
        self.settings = settings
        self.clock = clock
        self.cache: BlockCache | None = None
        self.offline = False  # whether the blocks' source cannot be reached: then nothing waits for it
        self.select(training_run)

    def select(self, training_run: TrainingRun) -> None:
        """Go on with another run; it is paused at first."""
        self.training_run = training_run
        self.training = False
        self.steps_wanted = 0
        self.next_step = 0.0  # when slow motion may go on
        self._confirming = False  # whether all digits are to say that the target is reached
        self._unconfirmed = 0
        self.divergence: Divergence | None = None  # of the last slice, for whoever asked for the slice
        self.reached: Measurement | None = None  # likewise, the measurement with which the target was reached
        self._follow_batch_order()

    def restart(self, iteration: int = 0) -> None:
        """Start the run again, because the weights are others."""
        self.training_run.restart(iteration)
        self._confirming, self._unconfirmed = False, 0
        self._follow_batch_order()

    def use(self, splits: Splits) -> None:
        """Take the dataset's layout and make room for it."""
        if self.cache is None:
            self.cache = BlockCache(splits)
            self.samples = Samples(self.kernel, self.cache.rows())
            self._follow_batch_order()

    def set(self, settings: Settings) -> None:
        """Take other settings; they hold from the next step on, the seed from new weights on."""
        self.settings = settings
        batch_order = self.training_run.batch_order
        if batch_order is not None and batch_order.seed != settings["seed"] and not self.training_run.iteration:
            self.training_run.batch_order = None
        elif batch_order is not None and batch_order.limit != settings["cache_size"]:
            batch_order.resize(settings["cache_size"])
        self.next_step = 0.0
        self._follow_batch_order()

    def _follow_batch_order(self) -> None:
        """Keep the blocks that the run's batch order wants, from where the run is."""
        run = self.training_run
        if self.cache is None:
            return
        if run.batch_order is None:
            run.batch_order = BatchOrder(self.samples, self.cache, self.settings["cache_size"], self.settings["seed"])
        run.batch_order.invalidate()
        self.cache.follow(run.batch_order)

    def add(self, split: Split, index: int, labels: Bytes, pixels: Bytes) -> None:
        """Store a block that has come, unless it is not wanted any more."""
        first = self.cache.place(split, index, len(labels)) if self.cache else None
        if first is not None:
            self.samples.store(first, labels, pixels)

    def start(self) -> None:
        """Train until told to pause."""
        self.training = True
        self.next_step = 0.0
        if not self.training_run.test_due:
            self.training_run.forget_evaluation()

    def pause(self) -> None:
        """Stop training, and measure what has been reached."""
        self.training, self.steps_wanted = False, 0
        if self.training_run.test_due:
            self.training_run.evaluation_asked = True
        else:
            self.training_run.ask_evaluation()

    def is_busy(self) -> bool:
        """Whether `run` would do something now."""
        return self._ranges() is not None or self._can_train()

    def pause_left(self) -> float:
        """Return the seconds until slow motion goes on, 0 if it does not wait."""
        slow = self.settings["pace"] == "slow" and self.training and not self.steps_wanted
        return max(0.0, self.next_step - self.clock()) if slow else 0.0

    def run(self, deadline: float) -> Measurement | None:
        """Work until the deadline, a slice's end. Return the result of a measurement that has been completed.

        If the run has diverged, it is paused, has its last good weights again, and `divergence` tells when; `reached`
        tells that the target has been reached.
        """
        self.divergence = self.reached = None
        ranges = self._ranges()
        if ranges is not None:
            result = self.training_run.evaluate(self.samples, ranges, deadline)
            return self._measured(result) if result else None
        started = self.clock()
        while self._can_train():
            self._train(deadline)
            if self.training_run.test_due or self.clock() >= deadline:
                break
        self.training_run.trained_for(self.clock() - started)
        return None

    # Measuring

    def _ranges(self) -> list[Rows] | None:
        """Return which test digits are to be measured on now, None if none are."""
        run = self.training_run
        if self.cache is None:
            return None
        if run.test_due and not self._confirming:
            return self.cache.test_ranges(run.point_digits())
        if self._confirming or (run.evaluation_asked and not self._wants_to_train()):
            return self.cache.test_ranges()
        return None

    def _measured(self, result: Measurement) -> Measurement | None:
        """React to a measurement: is the run sound, has it reached its target?"""
        if not is_finite(result["loss"]):
            self._diverged()
            return None
        all_digits = self.cache is not None and self.cache.has_all_tests(result["count"])
        self.training_run.measured(all_digits)
        wanted = self._reaches_target(result)
        if wanted and all_digits:
            self.training = False
            self.reached = result
        self._unconfirmed = CONFIRM_AFTER if self._confirming else self._unconfirmed - result["on_curve"]
        self._confirming = bool(wanted and not all_digits and self._unconfirmed <= 0)
        return result

    def _reaches_target(self, result: Measurement) -> bool:
        """Tell whether a point of the curve is good enough; also if the run was paused while it was measured."""
        target, counts = self.settings["target"], result["on_curve"] or self._confirming
        started = self.training or result["iteration"]
        return bool(target and counts and started and result["accuracy"] >= target)

    # Training

    def _wants_to_train(self) -> bool:
        return bool((self.training or self.steps_wanted) and self.cache and self.cache.cached())

    def _can_train(self) -> bool:
        if not self._wants_to_train() or self._confirming or self.pause_left():
            return False
        if self.training_run.test_due and not (self.offline or (self.cache and self.cache.postponed)):
            return False  # the test digits are on their way
        batch_order = self.training_run.batch_order
        return batch_order is not None and batch_order.batch(self.settings["batch_size"], self._is_gone) > 0

    def _is_gone(self, block: int) -> bool:
        """Tell whether a missing block is not worth waiting for."""
        return self.offline or (self.cache is not None and ("train", block) in self.cache.postponed)

    def _train(self, deadline: float) -> None:
        run, batch_size = self.training_run, self.settings["batch_size"]
        batch_order = run.batch_order
        if batch_order is None:
            return
        one = self.steps_wanted or self.settings["pace"] == "slow"
        count = batch_order.batch(batch_size, self._is_gone)
        run.forget_evaluation()
        most = run.steps_at_once(count, batch_size, deadline - self.clock())
        steps = 1 if one else min(max(1, batch_order.whole_batches(count)), most)
        well = run.train(self.samples, batch_order.place, count, steps, self._rule(batch_order))
        batch_order.advance(count * steps)
        if not well:
            self._diverged()
            return
        run.reach_points(batch_size)
        if self.steps_wanted:
            self.steps_wanted -= 1
        self.next_step = self.clock() + 1 / self.settings["speed"]
        if one and not run.test_due:
            run.ask_evaluation()

    def _rule(self, batch_order: BatchOrder) -> StepRule:
        """Return how weights move, and how pictures are varied and units left out."""
        settings = self.settings
        return {
            "learning_rate": settings["learning_rate"],
            "optimizer": settings["optimizer"],
            "weight_decay": settings["weight_decay"],
            "momentum": settings["momentum"] if settings["optimizer"] == "momentum" else 0.0,
            "seed": mixed(batch_order.seed, batch_order.epoch, 1),
            "augment": settings["augment"],
        }

    def _diverged(self) -> None:
        self.training, self.steps_wanted = False, 0
        self._confirming = False
        self.divergence = self.training_run.roll_back()
