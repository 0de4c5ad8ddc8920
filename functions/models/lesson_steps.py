"""What several lessons and updates make of weights, one after the other, measured once.

Where the weights then cannot be used, or read clearly fewer test digits, the batch is halved until the ones are found
that do it: those are refused, and the others count. `judge` decides what clearly is, `averaging` what an update does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from functions.dataset.shards import Digits
from functions.errors import CorruptDataError, InvalidValueError, NotFoundError, StaleVersionError
from functions.models.averaging import Update, merge
from functions.models.evaluation import Measure
from functions.models.step_checks import Standing
from functions.models.training import Trainer, TrainState
from functions.weights.contributions import Contribution, anonymous
from functions.weights.pointer import Pointer
from functions.weights.versions import Tensors, Version

type Judged = tuple[Measure, Standing]
type Task = Exercise | Update
type Judge = Callable[[Tensors, float], Judged]


class Exercise(NamedTuple):
    """What one lesson asks for: a step on these digits, with that learning rate."""

    digits: Digits
    learning_rate: float


class StepResult(NamedTuple):
    """What one lesson or update came to; the digits of a lesson were read before the step."""

    loss: float | None = None
    accuracy: float | None = None
    weight: float | None = None  # with which an update counts
    refused: str | None = None  # why


@dataclass
class Steps:
    """What the batch so far came to, and how good the weights after it are; None: nothing has changed them."""

    results: list[StepResult] = field(default_factory=list)
    tensors: Tensors | None = None
    judged: Judged | None = None
    learned: tuple[Contribution, ...] = ()  # newest first; anonymous ones of lessons

    @property
    def contributions(self) -> tuple[Contribution, ...]:
        """Those of updates."""
        return tuple(one for one in self.learned if one.base)

    @property
    def summary(self) -> tuple[str, int, int]:
        """What weights are called that have learned all this, from how many samples and lessons."""
        updates, samples = len(self.contributions), sum(one.samples for one in self.learned)
        return "update" if updates else "patch", samples, len(self.learned) - updates


class _Progress(NamedTuple):
    """Weights, and what was learned on the way to them, newest first."""

    state: TrainState
    learned: tuple[Contribution, ...] = ()


class Tasks:
    """Does what lessons and updates ask for, starting from one pointer's version."""

    def __init__(self, trainer: Callable[[], Trainer], pointer: Pointer, get: Callable[[str], Version]) -> None:
        """`trainer` is asked for at the first lesson; `get` returns a version."""
        self._trainer, self._pointer, self._get = trainer, pointer, get

    def take(self, tensors: Tensors, tasks: Sequence[Task], judge: Judge) -> Steps:
        """Do each in turn. `judge` measures weights after a step of a learning rate, or refuses them."""
        steps = Steps()
        if tasks:
            steps.learned = self._take(_Progress(TrainState.fresh(tensors)), tasks, judge, steps).learned
        return steps

    def _take(self, before: _Progress, tasks: Sequence[Task], judge: Judge, steps: Steps) -> _Progress:
        """Do tasks, without those that do harm, and return where that leads."""
        now, results = before, list[StepResult]()
        try:
            for task in tasks:
                now, result = self._step(now, task) if isinstance(task, Exercise) else self._average(now, task)
                results.append(result)
            if now is not before:
                rate = next((task.learning_rate for task in tasks[::-1] if isinstance(task, Exercise)), 0.0)
                weights = now.state.weights
                steps.judged = judge(weights, rate)
                steps.tensors = weights
        except InvalidValueError as error:
            if len(tasks) == 1:
                steps.results.append(StepResult(refused=str(error)))
                return before
            half = len(tasks) // 2
            between = self._take(before, tasks[:half], judge, steps)
            return self._take(between, tasks[half:], judge, steps)
        steps.results += results
        return now

    def _step(self, now: _Progress, exercise: Exercise) -> tuple[_Progress, StepResult]:
        digits = exercise.digits
        step = self._trainer().step(now.state, digits.images, digits.labels, learning_rate=exercise.learning_rate)
        learned = (anonymous(len(digits)), *now.learned)
        return _Progress(step.state, learned), StepResult(step.loss, step.correct / len(digits))

    def _average(self, now: _Progress, update: Update) -> tuple[_Progress, StepResult]:
        """Average an update in; refuse it at once where its base is too old, or cannot be read."""
        try:
            weight, tensors = merge(update, now.state.weights, self._pointer, self._get, now.learned)
        except (StaleVersionError, NotFoundError, CorruptDataError) as error:
            return now, StepResult(refused=str(error))
        learned = (update.contribution, *now.learned)
        return _Progress(TrainState.fresh(tensors), learned), StepResult(weight=weight)
