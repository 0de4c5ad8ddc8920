"""Training and measuring in slices, so that the worker can answer in between.

Pure: the networks, the clock and the blocks' bytes come from outside. The digits in memory are the same for all
networks; one network at a time, the `learner`, is trained on them. What depends on when something happens (slices,
pauses, the order in which blocks come) changes nothing about a run but its speed.
"""

from scrawl.net.network import Samples
from scrawl.training.batch_order import Course, mixed
from scrawl.training.block_cache import BlockCache
from scrawl.training.training_run import is_finite

CONFIRM_AFTER = 4  # measurements on some digits, after all digits have said that the target is not reached yet


class Trainer:
    """The digits in memory, and the network that learns from them. `clock` returns seconds."""

    def __init__(self, kernel: object, learner: object, settings: dict, clock: object) -> None:
        self.kernel = kernel
        self.settings = settings
        self.clock = clock
        self.cache: BlockCache | None = None
        self.samples: Samples | None = None
        self.away = False  # whether the blocks' source cannot be reached: then nothing waits for it
        self.select(learner)

    def select(self, learner: object) -> None:
        """Let another network learn; it begins paused, where it was."""
        self.learner = learner
        self.training = False
        self.steps_wanted = 0
        self.next_step = 0.0  # when slow motion may go on
        self._confirming = False  # whether all digits are to say that the target is reached
        self._unconfirmed = 0
        self.divergence: dict | None = None  # what the last slice's was, for whoever asked for the slice
        self.reached: dict | None = None  # likewise, the measurement with which the target was reached
        self._take_course()

    def restart(self, iteration: int = 0) -> None:
        """Begin counting anew, because the weights are others."""
        self.learner.restart(iteration)
        self._confirming, self._unconfirmed = False, 0
        self._take_course()

    def use(self, splits: dict) -> None:
        """Take the dataset's layout and make room for it."""
        if self.cache is None:
            self.cache = BlockCache(splits)
            self.samples = Samples(self.kernel, self.cache.rows())
            self._take_course()

    def set(self, settings: dict) -> None:
        """Take other settings; they hold from the next step on, the seed from new weights on."""
        self.settings = settings
        course = self.learner.course
        if course is not None and course.seed != settings["seed"] and not self.learner.iteration:
            self.learner.course = None
        elif course is not None and course.limit != settings["cache_size"]:
            course.resize(settings["cache_size"])
        self.next_step = 0.0
        self._take_course()

    def _take_course(self) -> None:
        """Follow the learner's course from where it is."""
        learner = self.learner
        if self.cache is None:
            return
        if learner.course is None:
            learner.course = Course(self.samples, self.cache, self.settings["cache_size"], self.settings["seed"])
        learner.course.stale()
        self.cache.follow(learner.course)

    def add(self, split: str, index: int, labels: object, pixels: object) -> None:
        """Store a block that has come, unless it is not wanted any more."""
        first = self.cache.place(split, index, len(labels))
        if first is not None:
            self.samples.store(first, labels, pixels)

    def start(self) -> None:
        """Train until told to pause."""
        self.training = True
        self.next_step = 0.0
        if not self.learner.test_due:
            self.learner.forget_evaluation()

    def pause(self) -> None:
        """Stop training, and measure what has been reached."""
        self.training, self.steps_wanted = False, 0
        if self.learner.test_due:
            self.learner.evaluation_asked = True
        else:
            self.learner.ask_evaluation()

    def is_busy(self) -> bool:
        """Whether `run` would do something now."""
        return self._ranges() is not None or self._can_train()

    def pause_left(self) -> float:
        """Return the seconds until slow motion goes on, 0 if it does not wait."""
        slow = self.settings["pace"] == "slow" and self.training and not self.steps_wanted
        return max(0.0, self.next_step - self.clock()) if slow else 0.0

    def run(self, deadline: float) -> dict | None:
        """Work until the deadline, a slice's end. Return the result of a measurement that has been completed.

        If the run has diverged, it is paused, has its last good weights again, and `divergence` says so; `reached`
        says that the target has been.
        """
        self.divergence = self.reached = None
        ranges = self._ranges()
        if ranges is not None:
            result = self.learner.evaluate(self.samples, ranges, deadline)
            return self._measured(result) if result else None
        started = self.clock()
        while self._can_train():
            self._train()
            if self.learner.test_due or self.clock() >= deadline:
                break
        self.learner.trained_for(self.clock() - started)
        return None

    # Measuring

    def _ranges(self) -> list | None:
        """Return which test digits are to be measured on now, None if none are."""
        learner = self.learner
        if self.cache is None:
            return None
        if learner.test_due and not self._confirming:
            return self.cache.test_ranges(learner.curve_digits)
        if self._confirming or (learner.evaluation_asked and not self._wants_to_train()):
            return self.cache.test_ranges()
        return None

    def _measured(self, result: dict) -> dict | None:
        """Draw the consequences of a measurement: is the run sound, has it reached its target?"""
        if not is_finite(result["loss"]):
            self._diverged()
            return None
        all_digits = result["count"] == sum(self.cache.test.values())
        self.learner.measured(all_digits)
        wanted = self._reaches_target(result)
        if wanted and all_digits:
            self.training = False
            self.reached = result
        self._unconfirmed = CONFIRM_AFTER if self._confirming else self._unconfirmed - result["on_curve"]
        self._confirming = bool(wanted and not all_digits and self._unconfirmed <= 0)
        return result

    def _reaches_target(self, result: dict) -> bool:
        """Tell whether a point of the curve is good enough; also if the run was paused while it was measured."""
        target, counts = self.settings["target"], result["on_curve"] or self._confirming
        begun = self.training or result["iteration"]
        return bool(target and counts and begun and result["accuracy"] >= target)

    # Training

    def _wants_to_train(self) -> bool:
        return bool((self.training or self.steps_wanted) and self.cache and self.cache.cached())

    def _can_train(self) -> bool:
        if not self._wants_to_train() or self._confirming or self.pause_left():
            return False
        if self.learner.test_due and not (self.away or self.cache.held):
            return False  # the test digits are on their way
        return self.learner.course.batch(self.settings["batch_size"], self._is_gone) > 0

    def _is_gone(self, block: int) -> bool:
        return self.away or ("train", block) in self.cache.held

    def _train(self) -> None:
        learner, course, batch_size = self.learner, self.learner.course, self.settings["batch_size"]
        one = self.steps_wanted or self.settings["pace"] == "slow"
        count = course.batch(batch_size, self._is_gone)
        learner.forget_evaluation()
        steps = 1 if one else min(max(1, course.whole_batches(count)), learner.steps_at_once(count, batch_size))
        well = learner.train(self.samples, course.place, count, steps, self._rule())
        course.advance(count * steps)
        if not well:
            self._diverged()
            return
        learner.reach_points(batch_size)
        if self.steps_wanted:
            self.steps_wanted -= 1
        self.next_step = self.clock() + 1 / self.settings["speed"]
        if one and not learner.test_due:
            learner.ask_evaluation()

    def _rule(self) -> dict:
        """Return how weights move, and whether and how pictures are varied."""
        settings, course = self.settings, self.learner.course
        rule = {name: settings[name] for name in ("learning_rate", "optimizer", "weight_decay")}
        rule["momentum"] = settings["momentum"] if settings["optimizer"] == "momentum" else 0.0
        rule["seed"] = mixed(course.seed, course.epoch, 1) if settings["augment"] else None
        return rule

    def _diverged(self) -> None:
        self.training, self.steps_wanted = False, 0
        self._confirming = False
        self.divergence = self.learner.go_back()
