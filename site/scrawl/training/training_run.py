"""One network being trained: its figures, its points on the curves, its measurements and its checkpoints.

`trainer` decides which digits it learns from, and when. The curves get points at iterations that follow from the
iteration and the batch size alone, and each point's value is an exact sum: the same run has the same curve, however
it was paused, slowed down or divided into slices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import scrawl.net.optimizers  # noqa: F401 (a network takes them from there once it trains)
from scrawl.training.block_cache import EARLY
from scrawl.training.checkpoints import Checkpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypedDict

    from scrawl.net.interfaces import Rows, Weights
    from scrawl.net.network import Network, Samples, UpdateRule
    from scrawl.training.batch_order import BatchOrder, Position
    from scrawl.training.checkpoints import Checkpoint

    type Sums = tuple[float, int, int]  # of a stretch: loss, right answers, samples
    type Figures = tuple[
        int, Sums, Sums, Position | None
    ]  # iteration, this stretch, the one before, place in the order

    class StepRule(UpdateRule):
        """How a step moves the weights, and how far."""

        learning_rate: float

    class Measurement(TypedDict):
        """What the test digits say at an iteration: mean loss and accuracy over `count` of them."""

        iteration: int
        loss: float
        accuracy: float
        count: int
        on_curve: bool

    class Divergence(TypedDict):
        """At which iteration a run diverged, and which one is back."""

        iteration: int
        back_to: int

    class Progress(TypedDict):
        """How far training has come; `points` of the curve are iteration, loss, accuracy, iteration, …"""

        iteration: int
        epoch: float
        loss: float
        accuracy: float
        samples_per_second: float
        points: list[float]


AT_ONCE = 0.004  # seconds of work that the network is asked for in one call
FEWEST, MOST = 8, 1000  # test digits that are measured on in one call
POINT_EVERY = 4096  # samples between two points of the training curve


class TrainingRun:
    """A network and how far it has come. `clock` returns seconds.

    `curve_digits` is how many test digits the points of the curve are measured on, 0 for all: a convolution would
    stand still for a second. Those before the first regular one are measured on no more than EARLY, for which one
    block is enough. `measure_every` is how many samples pass between two measurements.
    """

    def __init__(
        self, network: Network, clock: Callable[[], float], curve_digits: int = 0, measure_every: int = 32_768
    ) -> None:
        self.network = network
        self.clock = clock
        self.curve_digits = curve_digits
        self.measure_every = measure_every
        self.checkpoints = Checkpoints(sum(parameter.count for parameter in network.parameters.values()))
        self.batch_order: BatchOrder | None = None  # once there are digits
        self._seconds_per_digit = 0.0  # of a measurement; 0 until there has been one
        self.restart()

    def restart(self, iteration: int = 0) -> None:
        """Start again with other weights; at an iteration above 0 where a saved run goes on."""
        self.iteration = iteration
        self.batch_order = None
        self.sums: Sums = (0.0, 0, 0)  # since the last point
        self.last_sums: Sums = (0.0, 0, 0)  # of the stretch before
        self.rate = 0.0  # samples per second
        self._seconds_per_sample = 0.0  # of the last call of the network alone; 0 before the first
        self.points: list[tuple[int, float, float]] = []  # not reported yet: iteration, loss, accuracy
        self.checkpoints.clear()
        self.checkpoint_changes: list[tuple[int, Checkpoint | None]] = []  # not reported yet; None: it is gone
        self._sound: tuple[Weights, Figures] | None = None  # the last ones that are known to be finite
        self._samples_since = self._seconds_since = 0.0
        self.test_due = False  # whether the curve wants a measurement before the next step
        self.forget_evaluation()
        if iteration:
            self.ask_evaluation()
        else:
            self.test_due = True
        self._due = (0, 0)  # a batch size, and the next iteration at which a curve gets a point with it
        self._early = True  # whether the curve's next point is one of those that come before the first regular one

    # Training

    def train(self, samples: Samples, place: int, count: int, steps: int, rule: StepRule) -> bool:
        """Do `steps` steps of `count` samples each. Return whether all is well: False if the run has diverged."""
        if self._sound is None:
            self._sound = (self.network.export(), self._figures())
        started = self.clock()
        loss, correct = self.network.train_steps(samples, place, count, steps, **rule)
        self._seconds_per_sample = (self.clock() - started) / (count * steps)
        self.iteration += steps
        self._samples_since += count * steps
        self.sums = (self.sums[0] + loss, self.sums[1] + correct, self.sums[2] + count * steps)
        return is_finite(loss)

    def reach_points(self, batch_size: int) -> None:
        """Add the points of the curves that are due at this iteration."""
        if self._due[0] == batch_size and self.iteration < self._due[1]:
            self.test_due = False
            return
        if steps_to(self.iteration - 1, batch_size, POINT_EVERY) == 1:
            self.points.append((self.iteration, *self.averages()))
            self.last_sums, self.sums = self.sums, (0.0, 0, 0)
        self.test_due = steps_to(self.iteration - 1, batch_size, self.measure_every) == 1
        self._early = self.iteration * batch_size < self.measure_every

    def trained_for(self, seconds: float) -> None:
        """Count the time that training has taken."""
        self._seconds_since += seconds

    def steps_at_once(self, count: int, batch_size: int, left: float) -> int:
        """Return how many steps of `count` samples to do in one call, which costs less than many, up to a point.

        `left` is how many seconds it may take at most, if one step does not take longer.
        """
        if self._due[0] != batch_size or self._due[1] <= self.iteration:
            due = min([steps_to(self.iteration, batch_size, every) for every in (POINT_EVERY, self.measure_every)])
            self._due = batch_size, self.iteration + due
        seconds = self._seconds_per_sample * count
        return min(self._due[1] - self.iteration, max(1, int(min(AT_ONCE, left) / seconds))) if seconds else 1

    def averages(self) -> tuple[float, float]:
        """Return mean loss and accuracy over this stretch and the one before."""
        seen = max(1, self.last_sums[2] + self.sums[2])
        return (self.last_sums[0] + self.sums[0]) / seen, (self.last_sums[1] + self.sums[1]) / seen

    def progress(self) -> Progress:
        """Return how far training has come, with the points that have not been reported yet."""
        if self._seconds_since > 0.05:
            rate = self._samples_since / self._seconds_since
            self.rate = rate if not self.rate else 0.7 * self.rate + 0.3 * rate
            self._samples_since = self._seconds_since = 0.0
        loss, accuracy = self.averages()
        points, self.points = [number for point in self.points for number in point], []
        return {
            "iteration": self.iteration,
            "epoch": self.batch_order.progress() if self.batch_order else 0.0,
            "loss": loss,
            "accuracy": accuracy,
            "samples_per_second": self.rate,
            "points": points,
        }

    # Going back

    def roll_back(self) -> Divergence:
        """Take the last sound weights again. Return at which iteration the run diverged, and which is back."""
        diverged = self.iteration
        if self._sound is not None:
            self._return_to(*self._sound)
        return {"iteration": diverged, "back_to": self.iteration}

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint; only the optimizer's averages start again."""
        self._return_to(checkpoint.weights, checkpoint.figures)
        self._sound = (checkpoint.weights, checkpoint.figures)

    def _return_to(self, weights: Weights, figures: Figures) -> None:
        self.network.load(weights)
        self.iteration, self.sums, self.last_sums, position = figures
        self._due = (0, 0)
        if self.batch_order is not None and position is not None:
            self.batch_order.go_to(position)
        self.points = [point for point in self.points if point[0] <= self.iteration]
        self.checkpoint_changes += [(gone.number, None) for gone in self.checkpoints.cut(self.iteration)]
        self.test_due = False
        self.forget_evaluation()

    def _figures(self) -> Figures:
        return self.iteration, self.sums, self.last_sums, self.batch_order.position() if self.batch_order else None

    # Measuring

    def point_digits(self) -> int:
        """Return how many test digits the curve's next point is measured on, 0 for all."""
        return min(self.curve_digits or EARLY, EARLY) if self._early else self.curve_digits

    def ask_evaluation(self) -> None:
        """Measure on all test digits when there is time: when the curve wants nothing and nobody trains."""
        self.forget_evaluation()
        self.evaluation_asked = True

    def forget_evaluation(self) -> None:
        """Measure nothing but what the curve wants."""
        self.evaluation_asked = False
        self._start_measuring([])

    def _start_measuring(self, ranges: Iterable[Rows]) -> None:
        self._left = list(ranges)  # still to be measured
        self._seen = self._test_correct = 0
        self._test_loss = 0.0

    def evaluate(self, samples: Samples, ranges: Iterable[Rows], deadline: float) -> Measurement | None:
        """Go on measuring until the deadline. Return the result once it is there; its loss may not be finite."""
        if not self._left:
            self._start_measuring(ranges)
        while self._left:
            self._measure(samples, *self._left.pop(0))
            if self._left and self.clock() >= deadline:
                return None
        result: Measurement = {
            "iteration": self.iteration,
            "loss": self._test_loss / self._seen,
            "accuracy": self._test_correct / self._seen,
            "count": int(self._seen),
            "on_curve": self.test_due,
        }
        if is_finite(self._test_loss):
            self._take_snapshot(result["accuracy"])
        return result

    def measured(self, all_digits: bool) -> None:
        """Note that a measurement is complete."""
        self.test_due = False
        if all_digits:
            self.evaluation_asked = False

    def _take_snapshot(self, test_accuracy: float) -> None:
        self._sound = sound = (self.network.export(), self._figures())
        if self.test_due:
            new, gone = self.checkpoints.add(self.iteration, test_accuracy, *sound)
            self.checkpoint_changes.append((new.number, new))
            if gone:
                self.checkpoint_changes.append((gone.number, None))

    def _measure(self, samples: Samples, first: int, count: int) -> None:
        """Measure on as many digits of a range as can be done at once, and put back the rest."""
        size = min(count, self._digits_at_once())
        started = self.clock()
        loss, correct = self.network.evaluate(samples, first, size)
        self._seconds_per_digit = (self.clock() - started) / size
        self._test_loss += loss
        self._test_correct += correct
        self._seen += size
        if count > size:
            self._left.insert(0, (first + size, count - size))

    def _digits_at_once(self) -> int:
        if not self._seconds_per_digit:
            return FEWEST if not self._seen else 32 * FEWEST
        return min(MOST, max(FEWEST, int(AT_ONCE / self._seconds_per_digit)))


def steps_to(iteration: int, batch_size: int, every: int) -> int:
    """Return after how many steps the next point is due: at 1, 2, 4, 8, …, and each time `every` samples pass."""
    most = -(-every // batch_size)
    power = 1
    while power <= iteration:
        power *= 2
    return min(power - iteration, most - iteration % most)


def is_finite(value: float) -> bool:
    """Tell whether it is neither infinite nor NaN."""
    return value - value == 0
