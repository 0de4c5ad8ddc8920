"""Training steps of several lessons, one after the other, measured once.

Where the weights then cannot be used, or read clearly fewer test digits, the lessons are halved until the ones are
found whose step does it: those are refused, and the others count. `judge` decides what clearly is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from functions.dataset.shards import Digits
from functions.errors import InvalidValueError
from functions.models.evaluation import Measure
from functions.models.step_checks import Standing
from functions.models.training import Trainer, TrainState
from functions.weights.versions import Tensors

type Judged = tuple[Measure, Standing]


class Exercise(NamedTuple):
    """What one lesson asks for: a step on these digits, with that learning rate."""

    digits: Digits
    learning_rate: float


class StepResult(NamedTuple):
    """What one lesson came to: how its digits were read before the step, or why the step was not taken."""

    loss: float = 0.0
    accuracy: float = 0.0
    refused: str | None = None


@dataclass
class Steps:
    """What the lessons so far came to, and how good the weights after them are; None: none has changed them."""

    results: list[StepResult] = field(default_factory=list)
    tensors: Tensors | None = None
    judged: Judged | None = None


def take_steps(
    trainer: Trainer,
    tensors: Tensors,
    exercises: Sequence[Exercise],
    judge: Callable[[Tensors, float], Judged],
) -> Steps:
    """Train on each exercise in turn. `judge` measures weights after a step of a learning rate, or refuses them."""
    steps = Steps()
    if exercises:
        _take(trainer, TrainState.fresh(tensors), exercises, judge, steps)
    return steps


def _take(
    trainer: Trainer,
    before: TrainState,
    exercises: Sequence[Exercise],
    judge: Callable[[Tensors, float], Judged],
    steps: Steps,
) -> TrainState:
    """Train on exercises, without those that do harm, and return the state after them."""
    state, results = before, []
    try:
        for digits, rate in exercises:
            step = trainer.step(state, digits.images, digits.labels, learning_rate=rate)
            results.append(StepResult(step.loss, step.correct / len(digits)))
            state = step.state
        weights = state.weights
        steps.judged = judge(weights, exercises[-1].learning_rate)
    except InvalidValueError as error:
        if len(exercises) == 1:
            steps.results.append(StepResult(refused=str(error)))
            return before
        half = len(exercises) // 2
        between = _take(trainer, before, exercises[:half], judge, steps)
        return _take(trainer, between, exercises[half:], judge, steps)
    steps.results += results
    steps.tensors = weights
    return state
