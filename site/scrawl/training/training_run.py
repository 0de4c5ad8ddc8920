"""One network being trained: its figures, its points on the curves, its measurements and its checkpoints.

Pure. Which digits it learns from, and when, is `trainer`'s business. The curves get points at iterations that follow
from the iteration and the batch size alone, and each point's value is an exact sum: the same run has the same curve,
however it was paused, slowed down or divided into slices.
"""

from scrawl.training.checkpoints import Checkpoints

AT_ONCE = 0.004  # seconds of work that the network is asked for in one call
FEWEST, MOST = 8, 1000  # test digits that are judged in one call
POINT_EVERY = 4096  # samples between two points of the training curve


class Learner:
    """A network and how far it has come. `clock` returns seconds.

    `curve_digits` is how many test digits the points of the curve are measured on, 0 for all: a convolution would
    stand still for a second. `measure_every` is how many samples pass between two measurements.
    """

    def __init__(self, network: object, clock: object, curve_digits: int = 0, measure_every: int = 32_768) -> None:
        self.network = network
        self.clock = clock
        self.curve_digits = curve_digits
        self.measure_every = measure_every
        self.checkpoints = Checkpoints(sum(parameter.count for parameter in network.parameters.values()))
        self.course = None  # the order of its digits, once there are any
        self._seconds_per_digit = 0.0  # of a measurement; 0 until there has been one
        self.restart()

    def restart(self, iteration: int = 0) -> None:
        """Begin counting anew, because the weights are others; or at an iteration, where a kept run goes on."""
        self.iteration = iteration
        self.course = None
        self.sums = (0.0, 0, 0)  # since the last point: loss, right answers, samples
        self.last_sums = (0.0, 0, 0)  # of the stretch before
        self.rate = 0.0  # samples per second
        self.points: list = []  # of the training curve, that have not been reported: (iteration, loss, accuracy)
        self.checkpoints.clear()
        self.news: list = []  # checkpoints that have come or gone since the last report: (number, it or None)
        self._good: tuple | None = None  # weights and figures that are known to be sound
        self._samples_since = self._seconds_since = 0.0
        self.test_due = False  # whether the curve wants a measurement before the next step
        self.forget_evaluation()
        if iteration:
            self.ask_evaluation()
        else:
            self.test_due = True

    # Training

    def train(self, samples: object, place: int, count: int, steps: int, rule: dict) -> bool:
        """Do `steps` steps of `count` samples each. Return whether all is well: False if the run has diverged."""
        if self._good is None:
            self._good = (self.network.export(), self._figures())
        loss, correct = self.network.train_steps(samples, place, count, steps, **rule)
        self.iteration += steps
        self._samples_since += count * steps
        self.sums = (self.sums[0] + loss, self.sums[1] + correct, self.sums[2] + count * steps)
        return is_finite(loss)

    def reach_points(self, batch_size: int) -> None:
        """Take up the points of the curves that are due at this iteration."""
        if steps_to(self.iteration - 1, batch_size, POINT_EVERY) == 1:
            self.points.append((self.iteration, *self.averages()))
            self.last_sums, self.sums = self.sums, (0.0, 0, 0)
        self.test_due = steps_to(self.iteration - 1, batch_size, self.measure_every) == 1

    def trained_for(self, seconds: float) -> None:
        """Count the time that training has taken."""
        self._seconds_since += seconds

    def steps_at_once(self, count: int, batch_size: int) -> int:
        """Return how many steps of `count` samples to do in one call, which costs less than many, up to a point."""
        due = min(steps_to(self.iteration, batch_size, every) for every in (POINT_EVERY, self.measure_every))
        return min(due, max(1, int(AT_ONCE * self.rate / count)))

    def averages(self) -> tuple:
        """Return mean loss and accuracy over this stretch and the one before."""
        seen = max(1, self.last_sums[2] + self.sums[2])
        return (self.last_sums[0] + self.sums[0]) / seen, (self.last_sums[1] + self.sums[1]) / seen

    def progress(self) -> dict:
        """Return what there is to say about the training so far, with the points that have not been told yet."""
        if self._seconds_since > 0.05:
            rate = self._samples_since / self._seconds_since
            self.rate = rate if not self.rate else 0.7 * self.rate + 0.3 * rate
            self._samples_since = self._seconds_since = 0.0
        loss, accuracy = self.averages()
        points, self.points = [number for point in self.points for number in point], []
        return {
            "iteration": self.iteration,
            "epoch": self.course.progress() if self.course else 0.0,
            "loss": loss,
            "accuracy": accuracy,
            "samples_per_second": self.rate,
            "points": points,
        }

    # Going back

    def go_back(self) -> dict:
        """Take the last sound weights again. Return at which iteration the run diverged, and which is back."""
        diverged = self.iteration
        self._return_to(*self._good)
        return {"iteration": diverged, "back_to": self.iteration}

    def restore(self, checkpoint: object) -> None:
        """Be again where a checkpoint was; only what the optimizer had gathered is not kept."""
        self._return_to(checkpoint.weights, checkpoint.figures)
        self._good = (checkpoint.weights, checkpoint.figures)

    def _return_to(self, weights: dict, figures: tuple) -> None:
        self.network.load(weights)
        self.iteration, self.sums, self.last_sums, position = figures
        if self.course is not None and position is not None:
            self.course.go_to(position)
        self.points = [point for point in self.points if point[0] <= self.iteration]
        self.news += [(gone.number, None) for gone in self.checkpoints.cut(self.iteration)]
        self.test_due = False
        self.forget_evaluation()

    def _figures(self) -> tuple:
        return self.iteration, self.sums, self.last_sums, self.course.position() if self.course else None

    # Measuring

    def ask_evaluation(self) -> None:
        """Measure on all test digits when there is time: when the curve wants nothing and nobody trains."""
        self.forget_evaluation()
        self.evaluation_asked = True

    def forget_evaluation(self) -> None:
        """Measure nothing, but what the curve wants."""
        self.evaluation_asked = False
        self._left: list = []  # ranges still to be judged
        self._seen = self._test_loss = self._test_correct = 0

    def evaluate(self, samples: object, ranges: list, deadline: float) -> dict | None:
        """Go on measuring until the deadline. Return the result once it is there; its loss may not be finite."""
        if not self._left:
            self._left = list(ranges)
            self._seen = self._test_loss = self._test_correct = 0
        while self._left:
            self._judge(samples, *self._left.pop(0))
            if self._left and self.clock() >= deadline:
                return None
        result = {
            "iteration": self.iteration,
            "loss": self._test_loss / self._seen,
            "accuracy": self._test_correct / self._seen,
            "count": int(self._seen),
            "on_curve": self.test_due,
        }
        if is_finite(self._test_loss):
            self._keep(result["accuracy"])
        return result

    def measured(self, all_digits: bool) -> None:
        """Note that a measurement is complete."""
        self.test_due = False
        if all_digits:
            self.evaluation_asked = False

    def _keep(self, test_accuracy: float) -> None:
        weights = self.network.export()
        self._good = (weights, self._figures())
        if self.test_due:
            new, gone = self.checkpoints.add(self.iteration, test_accuracy, *self._good)
            self.news += [(new.number, new)] + ([(gone.number, None)] if gone else [])

    def _judge(self, samples: object, first: int, count: int) -> None:
        """Judge as many digits of a range as can be done at once, and put back the rest."""
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
